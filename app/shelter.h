#pragma once

#include <filesystem>

namespace relocus {

// Runs that nobody saved yet wait in folders of the cache, so that a crash loses none. Each has a folder of its own,
// whichever program made it.

/// A folder that is not taken. It is not made.
std::filesystem::path new_shelter();

/// Whether it is such a folder, or a file in one.
bool is_shelter(const std::filesystem::path& path);

/// Removes a shelter with what waits in it. Other folders stay as they are.
void remove_shelter(const std::filesystem::path& folder);

/// Removes what nobody recovered for a month.
void remove_old_shelters();

}  // namespace relocus
