#pragma once

#include <caffe2/serialize/inline_container.h>

#include "core/weights/safetensors.h"
#include "tests/made_files.h"

namespace relocus::test {

/// Writes what Python's torch.save writes of {"epoch": 12, KEY: OrderedDict(name -> tensor), "optimizer": {…}},
/// protocol 2. With an empty key the OrderedDict alone.
class TorchWriter {
 public:
  explicit TorchWriter(const Tensors& tensors, const std::string& key = "state_dict") {
    text_ = "\x80\x02";
    if (key.empty()) {
      state_dict(tensors);
    } else {
      text_ += std::string("}") + memo() + "(";
      text("epoch"), text_ += "K\x0c";
      text(key), state_dict(tensors);
      text("optimizer"), text_ += std::string("}") + memo() + "(";
      text("state"), text_ += std::string("}") + memo();
      text("lr"), text_ += std::string("G\x3f\x1a\x36\xe2\xeb\x1c\x43\x2d", 9);
      text_ += "uu";
    }
    text_ += ".";
  }

  const std::string& pickle() const { return text_; }

  /// The archive since torch 1.6, by torch's own writer of archives.
  void write_zip(const std::filesystem::path& file, const std::string& byte_order = {}) const {
    std::filesystem::create_directories(file.parent_path());
    caffe2::serialize::PyTorchStreamWriter archive(file.string());
    archive.writeRecord("data.pkl", text_.data(), text_.size());
    if (!byte_order.empty()) archive.writeRecord("byteorder", byte_order.data(), byte_order.size());
    for (std::size_t i = 0; i < storages_.size(); ++i)
      archive.writeRecord("data/" + std::to_string(i), storages_[i].data_ptr(), storages_[i].nbytes());
    archive.writeEndOfFile();
  }

  /// The file before torch 1.6.
  void write_legacy(const std::filesystem::path& file) const { write_file(file, legacy()); }

  std::string legacy() const {
    std::string bytes("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.", 21);
    bytes += std::string("\x80\x02}q\0(X\x0d\0\0\0little_endianq\x01\x88u.", 29);
    bytes += text_;
    bytes += std::string("\x80\x02]q\0(", 6);
    for (std::size_t i = 0; i < storages_.size(); ++i) {
      const std::string key = std::to_string(i);
      bytes += std::string("X") + number(key.size(), 4) + key;
    }
    bytes += "e.";
    for (const torch::Tensor& storage : storages_) {
      bytes += number(std::uint64_t(storage.numel()), 8);
      bytes.append(static_cast<const char*>(storage.data_ptr()), storage.nbytes());
    }
    return bytes;
  }

  static std::string number(std::uint64_t value, int bytes) {
    std::string result;
    for (int i = 0; i < bytes; ++i) result.push_back(char(value >> 8 * i & 0xff));
    return result;
  }

 private:
  std::string memo() { return std::string("r") + number(memorised_++, 4); }
  void text(const std::string& value) { text_ += std::string("X") + number(value.size(), 4) + value + memo(); }
  void integer(std::int64_t value) { text_ += std::string("J") + number(std::uint64_t(value), 4); }
  void tuple(at::IntArrayRef values) {
    text_ += "(";
    for (const std::int64_t value : values) integer(value);
    text_ += std::string("t") + memo();
  }
  void ordered_dict() { text_ += std::string("ccollections\nOrderedDict\n") + memo() + ")R" + memo(); }

  void state_dict(const Tensors& tensors) {
    ordered_dict();
    text_ += "(";
    for (const auto& [name, tensor] : tensors) text(name), this->tensor(tensor);
    text_ += "u}" + memo();  // attributes: _metadata
    text("_metadata"), ordered_dict(), text_ += "sb";
  }

  void tensor(const torch::Tensor& tensor) {
    const torch::Tensor plain = tensor.detach().contiguous();
    const auto type = plain.scalar_type();
    const char* const kind = type == torch::kLong ? "Long" : type == torch::kDouble ? "Double" : "Float";
    text_ += std::string("ctorch._utils\n_rebuild_tensor_v2\n") + memo() + "((";
    text("storage");
    text_ += std::string("ctorch\n") + kind + "Storage\n" + memo();
    text(std::to_string(storages_.size())), text("cpu"), integer(plain.numel());
    text_ += std::string("t") + memo() + "Q";
    integer(0), tuple(plain.sizes()), tuple(plain.strides());
    text_ += "\x89";
    ordered_dict();
    text_ += std::string("t") + memo() + "R" + memo();
    storages_.push_back(plain);
  }

  std::string text_;
  std::uint64_t memorised_ = 0;
  std::vector<torch::Tensor> storages_;
};

}  // namespace relocus::test
