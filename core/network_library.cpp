#include "core/network_library.h"

#include <dlfcn.h>

#include <atomic>

#include "core/environment.h"
#include "core/error.h"

namespace relocus {
namespace {

std::atomic<bool> loaded = false;

std::string last_failure() {
  const char* reason = ::dlerror();
  return reason ? reason : "no reason is known";
}

/// It stays loaded until the program ends: LibTorch cannot be unloaded.
const NetworkLibrary& load() {
  const std::filesystem::path path = library_folder() / "networks.so";
  void* library = ::dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL);
  if (!library)
    throw Error(
        "networks are computed with LibTorch, and the part of Relocus that brings it cannot be loaded: {}. It "
        "belongs at {}; install Relocus with its networks, or build the target relocus_networks.",
        last_failure(), path.string());
  using Entry = const NetworkLibrary& (*)(const char* version);
  const auto entry = reinterpret_cast<Entry>(::dlsym(library, "relocus_network_library"));
  if (!entry) throw Error("{} is no library of Relocus: {}", path.string(), last_failure());
  const NetworkLibrary& found = entry(version().c_str());
  loaded = true;
  return found;
}

}  // namespace

const NetworkLibrary& network_library() {
  static const NetworkLibrary& library = load();
  return library;
}

bool has_network_library() { return loaded; }

}  // namespace relocus
