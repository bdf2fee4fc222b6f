#pragma once

#include <memory>
#include <span>

#include "core/types.h"

namespace relocus {

/// What a store was made of: descriptors of different keys are never mixed.
struct EncodingKey {
  std::string method, options /* json */, weights_hash, sequence /* name and content hash */;
  std::string text() const;  ///< canonical; written and hashed into the file's header
};

/// Name, file names and sizes of a sequence's readings in one line: another sequence, or the same with a file
/// exchanged, differs.
std::string sequence_identity(const Sequence& sequence);

/// Encodings of a sequence on disk, memory-mapped, one record per frame; resumable after a crash. Global descriptors
/// are float32; local arrays are half precision with their zeros left out, or float32 where a value overflows half. A
/// truncated tail (killed while writing) is dropped on opening; a foreign or damaged file is an Error that names it.
class EncodingStore {
 public:
  enum class Access { Append, Read };

  /// Opens the store at `file`; Append makes it when it is not there and keeps other programs from appending. Throws if
  /// the file belongs to another key, is foreign or damaged, or if another program appends to it.
  EncodingStore(const std::filesystem::path& file, const EncodingKey& key, Access access = Access::Append);
  ~EncodingStore();
  EncodingStore(EncodingStore&&) noexcept;

  FrameId size() const;
  void append(const Encoding& encoding);             ///< becomes record size(); on disk when it returns
  void append(std::span<const Encoding> encodings);  ///< the same for a batch, with one wait for the disk
  Encoding load(FrameId frame) const;                ///< throws when the record is damaged; from any thread
  Eigen::VectorXf global(FrameId frame) const;
  Descriptors descriptors() const;  ///< size() x D
  std::uintmax_t bytes() const;
  const std::filesystem::path& file() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace relocus
