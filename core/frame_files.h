#pragma once

#include <initializer_list>
#include <optional>
#include <string_view>

#include "core/types.h"

namespace relocus {

/// Visible entries of a folder, sorted by name. Throws an Error naming the folder when it cannot be read.
std::vector<std::filesystem::path> list_folder(const std::filesystem::path& folder);

/// Whether a name ends so, whatever its case: has_extension("A.BIN", {".bin"}).
bool has_extension(const std::filesystem::path& path, std::initializer_list<std::string_view> extensions);

/// Number that a file's name consists of or ends in: "000012.bin" and "scan_12.bin" -> 12; nothing where there is no
/// digit.
std::optional<std::int64_t> file_number(const std::filesystem::path& path);

/// A reading of one frame on disk.
struct NumberedFile {
  std::int64_t number = -1;
  std::filesystem::path path;
};

/// The folder's files with one of the extensions, ordered by number; none where the folder is absent. Names without a
/// number are told in `remarks`. Throws where two files have one number.
std::vector<NumberedFile> numbered_files(const std::filesystem::path& folder,
                                         std::initializer_list<std::string_view> extensions,
                                         std::vector<std::string>& remarks);

/// True for a folder that exists and may be looked into; never throws.
bool is_folder(const std::filesystem::path& path);
/// True for a file that exists; never throws.
bool is_file(const std::filesystem::path& path);

/// Whether a folder holds a file with one of the extensions; looks no farther than the first and never throws.
bool holds_file(const std::filesystem::path& folder, std::initializer_list<std::string_view> extensions);

/// Name of a sequence that lies in a folder: its last part, also when the path ends in "/" or is ".".
std::string folder_name(const std::filesystem::path& folder);

/// Reads the numbers of a text line, separated by blanks, commas or semicolons; false when there is anything else in
/// it.
bool numbers_of(std::string_view line, std::vector<double>& numbers);

/// Words of a text line, separated by blanks.
std::vector<std::string_view> words_of(std::string_view line);

/// Text without leading and trailing blanks and line ends.
std::string_view trimmed(std::string_view text);

/// The beginning of a foreign text as a message may show it: unprintable bytes become "?".
std::string shown(std::string_view text);

/// Calls `visit(line, number)` for every line of a text, numbered from 1, without its line end ("\n" or "\r\n").
template <class Visit>
void for_each_line(std::string_view text, Visit&& visit) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // byte-order mark
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    visit(trimmed(text.substr(0, end)), number);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

}  // namespace relocus
