#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace relocus {

// Texts as pickles write them.

bool is_utf8(std::string_view text);
void append_utf8(std::string& text, std::uint32_t code);

/// A foreign name as it may stand in a message: short, letters that every terminal has.
std::string printable(std::string_view text);

/// 'text' or "text" with Python's escapes; nothing: it is malformed.
std::optional<std::string> unquoted(std::string_view text);

/// Latin-1 with \uXXXX and \UXXXXXXXX as UTF-8; nothing: it is malformed.
std::optional<std::string> unescaped(std::string_view text);

}  // namespace relocus
