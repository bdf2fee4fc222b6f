#pragma once

#include <sys/resource.h>

#include <csignal>

namespace relocus::test {

/// While it lives no file of this process grows beyond `bytes`: writing fails as on a disk that is full, for any user.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);  // otherwise the system ends the process
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit tight{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &tight);
  }
  ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &before_); }
  FullDisk(const FullDisk&) = delete;

 private:
  rlimit before_{};
};

}  // namespace relocus::test
