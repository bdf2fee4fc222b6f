#include "core/files.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <utility>
#include <vector>

#include "core/error.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1)
      throw Error("sha256 is not available");
  }
  void add(const void* data, std::size_t size) { EVP_DigestUpdate(context_.get(), data, size); }
  std::string hexadecimal() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    EVP_DigestFinal_ex(context_.get(), digest, &size);
    std::string text;
    for (unsigned int i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace

/// A file beside its target, which it becomes; gone when it does not.
class TemporaryFile {
 public:
  explicit TemporaryFile(const fs::path& target)
      : target_(target),
        path_(fs::path(target) += fmt::format(".tmp{}", ::getpid())),
        file_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) {
    if (file_ < 0) fail_to_write(target_, errno);
  }
  ~TemporaryFile() {
    if (file_ >= 0) ::close(file_);
    if (!renamed_) ::unlink(path_.c_str());
  }
  /// Writes `bytes`, flushes them to the disk and closes the file: all that can fail for want of room.
  void fill(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(file_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail_to_write(target_, errno);
      bytes.remove_prefix(std::size_t(written));
    }
    if (::fsync(file_) != 0) fail_to_write(target_, errno);
    if (::close(std::exchange(file_, -1)) != 0) fail_to_write(target_, errno);
  }
  void become_target() {
    if (::rename(path_.c_str(), target_.c_str()) != 0) fail_to_write(target_, errno);
    renamed_ = true;
  }

 private:
  fs::path target_, path_;
  int file_;
  bool renamed_ = false;
};

FileSet::FileSet() = default;
FileSet::~FileSet() = default;

void FileSet::add(const fs::path& path, std::string_view bytes) {
  auto file = std::make_unique<TemporaryFile>(path);
  file->fill(bytes);
  files_.push_back(std::move(file));
}

void FileSet::commit() {
  for (const auto& file : files_) file->become_target();
  files_.clear();
}

void fail_to_write(const fs::path& path, int error) {
  const char* const reason = std::strerror(error);
  if (error == ENOSPC || error == EDQUOT || error == EFBIG)
    throw Error(
        "cannot write {}: there is no room for it ({}); make room or choose another disk. What was there before "
        "is unchanged",
        path.string(), reason);
  if (error == EROFS || error == EACCES || error == EPERM)
    throw Error("cannot write {}: {}; choose a folder that you may write to", path.string(), reason);
  throw Error("cannot write {}: {}; is the folder gone, or its disk missing?", path.string(), reason);
}

std::string read_text(const fs::path& path, std::uintmax_t max_bytes) {
  std::error_code problem;
  if (fs::is_directory(path, problem)) throw Error("{} is a folder, not a file", path.string());
  const auto size = fs::file_size(path, problem);
  if (problem) throw Error("cannot read {}: {}", path.string(), problem.message());
  if (size > max_bytes)
    throw Error("{} has {} bytes, more than the {} that such a file may have", path.string(), size, max_bytes);
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error("cannot open {}: {}", path.string(), std::strerror(errno));
  std::string text(size, '\0');
  file.read(text.data(), std::streamsize(size));
  if (std::uintmax_t(file.gcount()) != size)
    throw Error("{} ended after {} of {} bytes", path.string(), file.gcount(), size);
  return text;
}

void write_atomically(const fs::path& path, std::string_view bytes) {
  FileSet one;
  one.add(path, bytes);
  one.commit();
}

std::string sha256_of_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error("cannot open {}: {}", path.string(), std::strerror(errno));
  Sha256 hash;
  std::vector<char> block(1 << 20);
  while (file.read(block.data(), std::streamsize(block.size())) || file.gcount() > 0)
    hash.add(block.data(), std::size_t(file.gcount()));
  if (file.bad()) throw Error("cannot read {}", path.string());
  return hash.hexadecimal();
}

std::string sha256(std::string_view bytes) {
  Sha256 hash;
  hash.add(bytes.data(), bytes.size());
  return hash.hexadecimal();
}

}  // namespace relocus
