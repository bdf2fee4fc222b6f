// Checkpoints of TensorFlow, version 2: a LevelDB table of BundleEntryProto beside files of plain numbers.
// tensorflow/core/util/tensor_bundle, tensorflow/core/protobuf/tensor_bundle.proto.
#include <fmt/ranges.h>
#include <leveldb/env.h>
#include <leveldb/iterator.h>
#include <leveldb/options.h>
#include <leveldb/table.h>
#include <torch/torch.h>

#include <array>
#include <fstream>
#include <memory>
#include <optional>

#include "core/error.h"
#include "core/weights/foreign_model.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t max_index_bytes = 1 << 26;
constexpr std::uint64_t max_shards = 1000;
constexpr int float_type = 1;  // DataType.DT_FLOAT

/// CRC-32C, as LevelDB and TensorFlow mask it.
std::uint32_t masked_crc(const char* bytes, std::size_t count) {
  static const auto table = [] {
    std::array<std::uint32_t, 256> result{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ (value & 1 ? 0x82f63b78u : 0);
      result[i] = value;
    }
    return result;
  }();
  std::uint32_t crc = ~0u;
  for (std::size_t i = 0; i < count; ++i) crc = table[(crc ^ std::uint8_t(bytes[i])) & 0xff] ^ crc >> 8;
  crc = ~crc;
  return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

/// The fields of one protocol-buffer message, in their order.
class Message {
 public:
  explicit Message(std::string_view bytes) : rest_(bytes) {}

  struct Field {
    std::uint32_t number = 0;
    std::uint64_t value = 0;  ///< of numbers
    std::string_view bytes;   ///< of texts and messages
  };
  /// Nothing at the end; throws std::out_of_range when it is damaged.
  std::optional<Field> next() {
    if (rest_.empty()) return std::nullopt;
    const std::uint64_t tag = number();
    Field field{std::uint32_t(tag >> 3), 0, {}};
    switch (tag & 7) {
      case 0:
        field.value = number();
        break;
      case 1:
        field.value = fixed(8);
        break;
      case 2:
        field.bytes = take(number());
        break;
      case 5:
        field.value = fixed(4);
        break;
      default:
        throw std::out_of_range("wire type");
    }
    return field;
  }

 private:
  std::string_view take(std::uint64_t count) {
    if (count > rest_.size()) throw std::out_of_range("length");
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = std::uint8_t(take(1)[0]);
      value |= std::uint64_t(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw std::out_of_range("number");
  }
  std::uint64_t fixed(int bytes) {
    const std::string_view text = take(std::uint64_t(bytes));
    std::uint64_t value = 0;
    for (int i = 0; i < bytes; ++i) value |= std::uint64_t(std::uint8_t(text[std::size_t(i)])) << 8 * i;
    return value;
  }

  std::string_view rest_;
};

struct Entry {
  std::uint64_t type = 0, shard = 0, offset = 0, size = 0, crc = 0;
  bool sliced = false;
  std::vector<std::int64_t> shape;
};

Entry entry_of(std::string_view bytes) {
  Entry entry;
  Message message(bytes);
  while (const auto field = message.next()) switch (field->number) {
      case 1:
        entry.type = field->value;
        break;
      case 2: {
        Message shape(field->bytes);
        while (const auto axis = shape.next()) {
          if (axis->number != 2) continue;
          Message dimension(axis->bytes);
          std::int64_t size = 0;
          while (const auto value = dimension.next())
            if (value->number == 1) size = std::int64_t(value->value);
          entry.shape.push_back(size);
        }
        break;
      }
      case 3:
        entry.shard = field->value;
        break;
      case 4:
        entry.offset = field->value;
        break;
      case 5:
        entry.size = field->value;
        break;
      case 6:
        entry.crc = field->value;
        break;
      case 7:
        entry.sliced = true;
        break;
    }
  return entry;
}

/// All entries of the index.
std::map<std::string, std::string> read_index(const fs::path& file) {
  std::error_code problem;
  const std::uintmax_t size = fs::file_size(file, problem);
  if (problem) throw Error("there is no file {}: a TensorFlow checkpoint has one", file.string());
  if (size > max_index_bytes) throw Error("{} is too large for the index of a checkpoint", file.string());
  const auto check = [&](const leveldb::Status& status) {
    if (!status.ok())
      throw Error("{} is no index of a TensorFlow checkpoint, or damaged: {}", file.string(), status.ToString());
  };
  leveldb::RandomAccessFile* opened = nullptr;
  check(leveldb::Env::Default()->NewRandomAccessFile(file.string(), &opened));
  const std::unique_ptr<leveldb::RandomAccessFile> source(opened);
  leveldb::Options options;
  options.paranoid_checks = true;
  leveldb::Table* made = nullptr;
  check(leveldb::Table::Open(options, source.get(), size, &made));
  const std::unique_ptr<leveldb::Table> table(made);
  leveldb::ReadOptions reading;
  reading.verify_checksums = true, reading.fill_cache = false;
  const std::unique_ptr<leveldb::Iterator> at(table->NewIterator(reading));
  std::map<std::string, std::string> entries;
  for (at->SeekToFirst(); at->Valid(); at->Next()) entries[at->key().ToString()] = at->value().ToString();
  check(at->status());
  if (!entries.contains("")) throw Error("{} is no index of a TensorFlow checkpoint: it has no header", file.string());
  return entries;
}

torch::Tensor read_entry(const fs::path& prefix, const std::string& name, const Entry& entry, std::uint64_t shards) {
  const fs::path file = fmt::format("{}.data-{:05}-of-{:05}", prefix.string(), entry.shard, shards);
  const auto wrong = [&](const std::string& what) { return Error("{}: the tensor {} {}", file.string(), name, what); };
  std::uint64_t wanted = sizeof(float);
  for (const std::int64_t length : entry.shape) {
    if (length < 0 || (length > 0 && wanted > entry.size / std::uint64_t(length)))
      throw wrong("does not fit its shape");
    wanted *= std::uint64_t(length);
  }
  if (wanted != entry.size) throw wrong("does not fit its shape");
  std::error_code problem;
  const std::uintmax_t size = fs::file_size(file, problem);
  if (problem)
    throw Error("there is no file {}, which the index names: keep the checkpoint's files together", file.string());
  if (entry.offset > size || entry.size > size - entry.offset)
    throw wrong(fmt::format("leaves the file, which is cut off at {} bytes", size));
  const torch::Tensor tensor = torch::empty(entry.shape, torch::kFloat);
  std::ifstream stream(file, std::ios::binary);
  stream.seekg(std::streamoff(entry.offset));
  auto* const bytes = static_cast<char*>(tensor.data_ptr());
  if (!stream.read(bytes, std::streamsize(entry.size))) throw wrong("cannot be read");
  if (masked_crc(bytes, entry.size) != entry.crc) throw wrong("is damaged: its checksum is another");
  return tensor;
}

}  // namespace

Tensors read_tensor_bundle(const fs::path& prefix) {
  const fs::path index = prefix.string() + ".index";
  const auto entries = read_index(index);
  Tensors tensors;
  try {
    std::uint64_t shards = 1;
    Message header(entries.at(""));
    while (const auto field = header.next()) {
      if (field->number == 1) shards = field->value;
      if (field->number == 2 && field->value != 0)
        throw Error("{}: the numbers are big-endian, which is not read", index.string());
    }
    if (shards == 0 || shards > max_shards) throw std::out_of_range("shards");
    for (const auto& [name, bytes] : entries) {
      if (name.empty()) continue;
      const Entry entry = entry_of(bytes);
      if (entry.type != float_type || entry.sliced) continue;  // counters, and variables in pieces
      if (entry.shard >= shards) throw std::out_of_range("shard");
      tensors[name] = read_entry(prefix, name, entry, shards);
    }
  } catch (const std::out_of_range&) {
    throw Error("{} is damaged: an entry is not as TensorFlow writes it", index.string());
  }
  return tensors;
}

}  // namespace relocus
