#include "core/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "core/error.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

constexpr const char* kName = ".relocus.lock";
constexpr std::size_t kLongest = 200;  // bytes of a lock's text

/// "relocus-cli, process 4711", as the one who has the lock left it.
std::string owner_of(int file) {
  char text[kLongest];
  const ssize_t count = ::pread(file, text, sizeof text, 0);
  return count > 0 ? std::string(text, std::size_t(count)) : "another program";
}

std::string own_name() {
  std::error_code ignored;
  return fmt::format("{}, process {}", fs::read_symlink("/proc/self/exe", ignored).filename().string(), ::getpid());
}

/// Who had the lock before may have taken its file away between our opening and locking it.
bool is_still_there(int file, const fs::path& path) {
  struct stat opened, named;
  return ::fstat(file, &opened) == 0 && ::stat(path.c_str(), &named) == 0 && opened.st_ino == named.st_ino &&
         opened.st_dev == named.st_dev;
}

}  // namespace

FolderLock::FolderLock(const fs::path& folder) : path_(folder / kName) {
  std::error_code ignored;
  fs::create_directories(folder, ignored);
  while (true) {
    file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (file_ < 0) return;
    if (::flock(file_, LOCK_EX | LOCK_NB) != 0) {
      const bool taken = errno == EWOULDBLOCK;
      const std::string owner = taken ? owner_of(file_) : std::string();
      ::close(std::exchange(file_, -1));
      if (!taken) return;
      throw Error("{} is being written by {}; wait for it, or choose another folder", folder.string(), owner);
    }
    if (is_still_there(file_, path_)) break;
    ::close(file_);
  }
  const std::string name = own_name();
  if (::ftruncate(file_, 0) != 0 || ::pwrite(file_, name.data(), name.size(), 0) < 0) return;  // a lock without a name
}

FolderLock::~FolderLock() {
  if (file_ < 0) return;
  ::unlink(path_.c_str());
  ::close(file_);
}

}  // namespace relocus
