#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace relocus {

/// Whole text of a file. Throws naming it when it cannot be read or is larger than `max_bytes`.
std::string read_text(const std::filesystem::path& path, std::uintmax_t max_bytes = 1ull << 30);

/// Writes a temporary file beside `path`, flushes it to disk, renames it: the old file or the new one, never half of one.
void write_atomically(const std::filesystem::path& path, std::string_view bytes);

/// Files that appear together. Each is written beside its place and flushed to disk; as long as commit() was not called
/// nothing has changed, and a set that is dropped (because the disk is full) leaves nothing behind.
class FileSet {
 public:
  FileSet();
  ~FileSet();
  void add(const std::filesystem::path& path, std::string_view bytes);
  void commit();  ///< renames them, in the order in which they were added

 private:
  std::vector<std::unique_ptr<class TemporaryFile>> files_;
};

/// Throws what a person should know when writing `path` failed with `error` (an errno).
[[noreturn]] void fail_to_write(const std::filesystem::path& path, int error);

/// sha256 of a file's bytes or of a text, lower-case hexadecimal.
std::string sha256_of_file(const std::filesystem::path& path);
std::string sha256(std::string_view bytes);

}  // namespace relocus
