#pragma once

#include <filesystem>

namespace relocus {

/// Keeps other programs from writing into a folder while it lives. It ends with the program, however that ends, and
/// means nothing to those who only read. Where a file system knows no locks, or nothing can be written, it does
/// nothing: whoever writes then tells why it cannot.
class FolderLock {
 public:
  /// Makes the folder if need be. Throws, naming the program that has it, when another one writes there.
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  std::filesystem::path path_;
  int file_ = -1;
};

}  // namespace relocus
