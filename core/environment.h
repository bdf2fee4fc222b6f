#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace relocus {

/// "0.1.0"
std::string version();

/// Libraries that figures depend on, with their versions: {"LibTorch", "1.13.1"}, …
std::vector<std::pair<std::string, std::string>> libraries();

/// Folder with one folder per method that ships weights: RELOCUS_MODELS, or share/relocus/models where this program or
/// library is installed, or that of the source tree.
std::filesystem::path models_folder();

/// Folder of the program's own shared libraries: lib/relocus where this program or library is installed.
std::filesystem::path library_folder();

/// Folder for what can be computed again: $XDG_CACHE_HOME/relocus or ~/.cache/relocus. Not made.
std::filesystem::path cache_folder();

/// What "auto" comes to: "cpu" where no graphics driver is loaded, otherwise still "auto", as only LibTorch can tell.
std::string likely_device(const std::string& wanted);

/// `wanted`, or the machine's cores when it is 0.
int thread_count(int wanted = 0);

}  // namespace relocus
