#include "core/frame_files.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "core/error.h"

namespace relocus {

namespace fs = std::filesystem;

std::vector<fs::path> list_folder(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (!entry->path().filename().native().starts_with('.')) entries.push_back(entry->path());  // also "._000000.bin"
  }
  if (error)
    throw Error("cannot list the folder {}: {}; check the path and that you may read it", folder.string(),
                error.message());
  std::sort(entries.begin(), entries.end(),
            [](const fs::path& a, const fs::path& b) { return a.native() < b.native(); });
  return entries;
}

bool has_extension(const fs::path& path, std::initializer_list<std::string_view> extensions) {
  const std::string& name = path.native();
  const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  return std::any_of(extensions.begin(), extensions.end(), [&](std::string_view extension) {
    return name.size() > extension.size() &&
           std::equal(extension.begin(), extension.end(), name.end() - extension.size(),
                      [&](char b, char a) { return same(a, b); });
  });
}

std::optional<std::int64_t> file_number(const fs::path& path) {
  const std::string stem = path.stem().native();
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto digits = std::find_if_not(stem.rbegin(), stem.rend(), is_digit).base();
  std::int64_t number = -1;
  const auto [end, error] = std::from_chars(stem.data() + (digits - stem.begin()), stem.data() + stem.size(), number);
  if (error != std::errc() || end != stem.data() + stem.size()) return {};
  return number;
}

std::vector<NumberedFile> numbered_files(const fs::path& folder, std::initializer_list<std::string_view> extensions,
                                         std::vector<std::string>& remarks) {
  std::vector<NumberedFile> files;
  if (!is_folder(folder)) return files;
  fs::path unnumbered;
  std::size_t num_unnumbered = 0;
  for (const fs::path& path : list_folder(folder)) {
    if (!has_extension(path, extensions)) continue;
    if (const auto number = file_number(path)) {
      files.push_back({*number, path});
    } else {
      unnumbered = path;
      ++num_unnumbered;
    }
  }
  if (num_unnumbered > 0)
    remarks.push_back(fmt::format("{} file(s) of {} have no number in their name and are left out, for example {}",
                                  num_unnumbered, folder.string(), unnumbered.filename().string()));

  const auto by_number = [](const NumberedFile& a, const NumberedFile& b) { return a.number < b.number; };
  std::sort(files.begin(), files.end(), by_number);
  const auto same = [](const NumberedFile& a, const NumberedFile& b) { return a.number == b.number; };
  if (const auto twice = std::adjacent_find(files.begin(), files.end(), same); twice != files.end())
    throw Error("{} and {} have the same number; frames are matched by file number, so remove or rename one of them",
                twice->path.string(), (twice + 1)->path.filename().string());
  return files;
}

bool is_folder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

bool holds_file(const fs::path& folder, std::initializer_list<std::string_view> extensions) {
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error))
    if (!entry->path().filename().native().starts_with('.') && has_extension(entry->path(), extensions)) return true;
  return false;
}

std::string folder_name(const fs::path& folder) {
  std::error_code error;
  const fs::path whole = fs::weakly_canonical(fs::absolute(folder, error), error);
  const fs::path name = error ? folder.filename() : whole.filename();
  return name.string();
}

bool numbers_of(std::string_view line, std::vector<double>& numbers) {
  const auto is_separator = [](char c) { return c == ' ' || c == '\t' || c == ',' || c == ';' || c == '\r'; };
  numbers.clear();
  const char* at = line.data();
  const char* const end = at + line.size();
  while (true) {
    while (at != end && is_separator(*at)) ++at;
    if (at == end) return true;
    if (*at == '+') ++at;
    double number = 0;
    const auto [next, error] = std::from_chars(at, end, number);
    if (error == std::errc::result_out_of_range) {  // 1e-400 is nothing, 1e400 is not finite
      const std::string_view digits(at, std::size_t(next - at));
      const bool is_tiny = digits.find("e-") != digits.npos || digits.find("E-") != digits.npos;
      number = is_tiny ? 0 : std::numeric_limits<double>::infinity();
    } else if (error != std::errc()) {
      return false;
    }
    if (next != end && !is_separator(*next)) return false;
    numbers.push_back(number);
    at = next;
  }
}

std::vector<std::string_view> words_of(std::string_view line) {
  constexpr std::string_view blanks = " \t\r\n";
  std::vector<std::string_view> words;
  for (std::size_t begin = line.find_first_not_of(blanks); begin != line.npos;) {
    const std::size_t end = std::min(line.find_first_of(blanks, begin), line.size());
    words.push_back(line.substr(begin, end - begin));
    begin = line.find_first_not_of(blanks, end);
  }
  return words;
}

std::string shown(std::string_view text) {
  constexpr std::size_t longest = 60;
  std::string beginning(text.substr(0, longest));
  for (char& c : beginning)
    if (c < ' ' || c > '~') c = '?';
  return beginning + (text.size() > longest ? " …" : "");
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

}  // namespace relocus
