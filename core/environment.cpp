#include "core/environment.h"

#include <dlfcn.h>
#include <link.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

namespace relocus {
namespace {

namespace fs = std::filesystem;

fs::path folder_of_variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? fs::path(value) : fs::path();
}

/// The file that this code was loaded from: the program, or a shared library that holds the core.
fs::path own_file() {
  std::error_code ignored;
  Dl_info info{};
  link_map* map = nullptr;
  const bool known =
      ::dladdr1(reinterpret_cast<void*>(&own_file), &info, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP);
  if (!known || !map || *map->l_name == '\0') return fs::read_symlink("/proc/self/exe", ignored);
  return fs::canonical(map->l_name, ignored);
}

/// What was installed (or built) together lies under one folder: bin/relocus-cli,
/// lib/x86_64-linux-gnu/librelocus-core.so or lib/relocus/networks.so are as deep as it gets.
fs::path beside_own_file(const fs::path& what) {
  constexpr int kDeepest = 3;
  std::error_code ignored;
  fs::path prefix = own_file().parent_path();
  for (int i = 0; i < kDeepest; ++i) {
    prefix = prefix.parent_path();
    if (fs::is_directory(prefix / what, ignored)) return prefix / what;
  }
  return {};
}

}  // namespace

std::string version() { return RELOCUS_VERSION; }

std::vector<std::pair<std::string, std::string>> libraries() {
  return {{"LibTorch", RELOCUS_TORCH_VERSION},
          {"faiss", RELOCUS_FAISS_VERSION},
          {"Open3D", RELOCUS_OPEN3D_VERSION},
          {"Eigen", RELOCUS_EIGEN_VERSION},
          {"compiler", __VERSION__}};
}

fs::path models_folder() {
  if (const fs::path chosen = folder_of_variable("RELOCUS_MODELS"); !chosen.empty()) return chosen;
  const fs::path installed = beside_own_file("share/relocus/models");
  return installed.empty() ? fs::path(RELOCUS_MODELS_DIR) : installed;
}

fs::path library_folder() {
  const fs::path found = beside_own_file("lib/relocus");
  return found.empty() ? own_file().parent_path().parent_path() / "lib/relocus" : found;  // where it belongs
}

fs::path cache_folder() {
  if (const fs::path chosen = folder_of_variable("XDG_CACHE_HOME"); !chosen.empty()) return chosen / "relocus";
  if (const fs::path home = folder_of_variable("HOME"); !home.empty()) return home / ".cache/relocus";
  return fs::temp_directory_path() / "relocus";
}

std::string likely_device(const std::string& wanted) {
  std::error_code ignored;
  return wanted == "auto" && !fs::exists("/dev/nvidiactl", ignored) ? "cpu" : wanted;
}

int thread_count(int wanted) { return wanted > 0 ? wanted : int(std::max(1u, std::thread::hardware_concurrency())); }

}  // namespace relocus
