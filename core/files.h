#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace relocus {

/// Whole text of a file. Throws naming it when it cannot be read or is larger than `max_bytes`.
std::string read_text(const std::filesystem::path& path, std::uintmax_t max_bytes = 1ull << 30);

/// Writes a temporary file beside `path`, flushes it to disk, renames it: the old file or the new one, never half of one.
void write_atomically(const std::filesystem::path& path, std::string_view bytes);

/// sha256 of a file's bytes or of a text, lower-case hexadecimal.
std::string sha256_of_file(const std::filesystem::path& path);
std::string sha256(std::string_view bytes);

}  // namespace relocus
