#pragma once

#include <leveldb/env.h>
#include <leveldb/options.h>
#include <leveldb/table_builder.h>

#include "core/weights/safetensors.h"
#include "tests/made_files.h"

namespace relocus::test {

/// CRC-32C bit by bit, masked as LevelDB and TensorFlow do.
inline std::uint32_t masked_crc32c(std::string_view bytes) {
  std::uint32_t crc = ~0u;
  for (const char byte : bytes) {
    crc ^= std::uint8_t(byte);
    for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
  }
  crc = ~crc;
  return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

/// Fields of protocol buffers.
inline std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += char(value | 0x80);
  return bytes + char(value);
}
inline std::string number_field(int field, std::uint64_t value) {
  return varint(std::uint64_t(field) << 3) + varint(value);
}
inline std::string bytes_field(int field, const std::string& bytes) {
  return varint(std::uint64_t(field) << 3 | 2) + varint(bytes.size()) + bytes;
}

/// Writes what TensorFlow's tf.train.Saver (version 2) writes, and one counter beside the tensors.
inline void write_tensor_bundle(const std::filesystem::path& prefix, const Tensors& tensors) {
  std::filesystem::create_directories(prefix.parent_path());
  leveldb::WritableFile* file = nullptr;
  if (!leveldb::Env::Default()->NewWritableFile(prefix.string() + ".index", &file).ok()) throw Error("no index");
  leveldb::Options options;
  options.compression = leveldb::kNoCompression;
  leveldb::TableBuilder table(options, file);
  table.Add("", number_field(1, 1) + bytes_field(3, number_field(1, 1)));  // one shard, producer 1
  std::map<std::string, std::pair<int, torch::Tensor>> all{{"global_step", {9, torch::full({}, 7, torch::kLong)}}};
  for (const auto& [name, tensor] : tensors) all[name] = {1, tensor.contiguous()};
  std::string data;
  for (const auto& [name, value] : all) {
    const auto& [type, tensor] = value;
    const std::string bytes(static_cast<const char*>(tensor.data_ptr()), tensor.nbytes());
    std::string shape;
    for (const std::int64_t length : tensor.sizes()) shape += bytes_field(2, number_field(1, std::uint64_t(length)));
    const std::uint32_t crc = masked_crc32c(bytes);
    std::string fixed;
    for (int i = 0; i < 4; ++i) fixed += char(crc >> 8 * i & 0xff);
    table.Add(name, number_field(1, std::uint64_t(type)) + bytes_field(2, shape) + number_field(4, data.size()) +
                        number_field(5, bytes.size()) + varint(6 << 3 | 5) + fixed);
    data += bytes;
  }
  table.Finish();
  file->Close();
  delete file;
  write_file(prefix.string() + ".data-00000-of-00001", data);
}

}  // namespace relocus::test
