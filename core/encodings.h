#pragma once

#include <memory>

#include "core/types.h"

namespace relocus {

/// What a store was made of: descriptors of different keys are never mixed.
struct EncodingKey {
  std::string method, options /* json */, weights_hash, sequence /* name and content hash */;
  std::string text() const;  ///< canonical; hashed into the file's header
};

/// Encodings of a sequence on disk, memory-mapped, one record per frame; resumable after a crash. Global descriptors are
/// float32, local arrays half precision. A truncated tail (killed while writing) is dropped on opening; a foreign or damaged file
/// is an Error that names it.
class EncodingStore {
 public:
  /// Opens the store at `file`, or makes it. Throws if it belongs to another key.
  EncodingStore(const std::filesystem::path& file, const EncodingKey& key);
  ~EncodingStore();
  EncodingStore(EncodingStore&&) noexcept;

  FrameId size() const;
  void append(const Encoding& encoding);  ///< becomes record size(); on disk when it returns
  Encoding load(FrameId frame) const;
  Eigen::VectorXf global(FrameId frame) const;
  Descriptors descriptors() const;  ///< size() x D
  std::uintmax_t bytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace relocus
