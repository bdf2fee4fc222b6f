#include "app/shelter.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>

#include "core/environment.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

constexpr auto kKept = std::chrono::days(30);

fs::path root() { return cache_folder() / "unsaved_runs"; }

}  // namespace

fs::path new_shelter() {
  static int next = 0;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return root() /
         fmt::format("{}-{}-{}", std::chrono::duration_cast<std::chrono::seconds>(now).count(), ::getpid(), ++next);
}

bool is_shelter(const fs::path& path) {
  const fs::path whole = path.lexically_normal(), folder = root().lexically_normal();
  return whole.parent_path() == folder || whole.parent_path().parent_path() == folder;
}

void remove_shelter(const fs::path& folder) {
  std::error_code ignored;
  if (is_shelter(folder)) fs::remove_all(folder, ignored);
}

void remove_old_shelters() {
  std::error_code ignored;
  const auto now = fs::file_time_type::clock::now();
  for (const auto& entry : fs::directory_iterator(root(), ignored))
    if (now - entry.last_write_time(ignored) > kKept) remove_shelter(entry.path());
}

}  // namespace relocus
