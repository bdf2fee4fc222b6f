#include "core/environment.h"

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
  std::error_code ignored;
  const fs::path program = fs::read_symlink("/proc/self/exe", ignored);
  const fs::path installed = program.parent_path().parent_path() / "share/relocus/models";
  return fs::is_directory(installed, ignored) ? installed : fs::path(RELOCUS_MODELS_DIR);
}

fs::path library_folder() {
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored).parent_path().parent_path() / "lib/relocus";
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
