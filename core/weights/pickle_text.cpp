#include "core/weights/pickle_text.h"

#include <charconv>

namespace relocus {
namespace {

std::optional<std::uint32_t> hexadecimal(std::string_view digits, std::size_t count) {
  std::uint32_t code = 0;
  const std::string_view part = digits.substr(0, count);
  const auto [end, problem] = std::from_chars(part.begin(), part.end(), code, 16);
  if (part.size() != count || problem != std::errc() || end != part.end()) return std::nullopt;
  return code;
}

}  // namespace

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = std::uint8_t(text[i]);
    const std::size_t more = lead < 0x80 ? 0 : lead >= 0xc2 && lead < 0xe0 ? 1 : lead >= 0xe0 && lead < 0xf0 ? 2 : 3;
    if ((more == 3 && (lead < 0xf0 || lead > 0xf4)) || more >= text.size() - i) return false;
    for (std::size_t k = 1; k <= more; ++k)
      if ((std::uint8_t(text[i + k]) & 0xc0) != 0x80) return false;
    i += more + 1;
  }
  return true;
}

void append_utf8(std::string& text, std::uint32_t code) {
  if (code < 0x80) {
    text += char(code);
  } else if (code < 0x800) {
    text += {char(0xc0 | code >> 6), char(0x80 | (code & 0x3f))};
  } else if (code < 0x10000) {
    text += {char(0xe0 | code >> 12), char(0x80 | (code >> 6 & 0x3f)), char(0x80 | (code & 0x3f))};
  } else {
    text += {char(0xf0 | code >> 18), char(0x80 | (code >> 12 & 0x3f)), char(0x80 | (code >> 6 & 0x3f)),
             char(0x80 | (code & 0x3f))};
  }
}

std::string printable(std::string_view text) {
  std::string result;
  for (const char c : text.substr(0, 80)) result += c >= 0x20 && c < 0x7f ? c : '?';
  return text.size() > 80 ? result + "…" : result;
}

std::optional<std::string> unquoted(std::string_view text) {
  if (text.size() < 2 || text.front() != text.back() || (text.front() != '\'' && text.front() != '"'))
    return std::nullopt;
  text = text.substr(1, text.size() - 2);
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      result += text[i];
      continue;
    }
    const char escaped = ++i < text.size() ? text[i] : '\0';
    constexpr std::string_view letters = "abfnrtv\\'\"", meanings = "\a\b\f\n\r\t\v\\'\"";
    if (const auto at = letters.find(escaped); at != letters.npos) {
      result += meanings[at];
      continue;
    }
    const auto code = escaped == 'x' ? hexadecimal(text.substr(i + 1), 2) : std::nullopt;
    if (!code) return std::nullopt;
    result += char(*code);
    i += 2;
  }
  return result;
}

std::optional<std::string> unescaped(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == 'u' || text[i + 1] == 'U');
    if (!escape) {
      append_utf8(result, std::uint8_t(text[i]));
      continue;
    }
    const std::size_t digits = text[i + 1] == 'u' ? 4 : 8;
    const auto code = hexadecimal(text.substr(i + 2), digits);
    if (!code || *code > 0x10ffff) return std::nullopt;
    append_utf8(result, *code);
    i += 1 + digits;
  }
  return result;
}

}  // namespace relocus
