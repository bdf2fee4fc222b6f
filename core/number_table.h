#pragma once

#include <charconv>
#include <limits>
#include <string>
#include <string_view>

#include "core/error.h"

namespace relocus {

/// Lines of comma-separated values behind a known header. Errors name the file and the line.
class NumberTable {
 public:
  /// Throws when the text does not begin with the header. `name` outlives the table.
  NumberTable(std::string_view text, std::string_view header, const std::string& name) : left_(text), name_(name) {
    if (next_line() != header)
      throw Error("{} does not begin with \"{}\"; it was not written by this program", name_, header);
  }

  bool next() {  ///< goes to the next line, if there is one
    if (left_.empty()) return false;
    fields_ = next_line();
    return true;
  }
  template <class T>
  T number() {
    T value{};
    const std::string_view text = word();
    if (std::from_chars(text.data(), text.data() + text.size(), value).ptr != text.data() + text.size() || text.empty())
      fail(text);
    return value;
  }
  template <class T>
  T number_or_nan() {
    return fields_.empty() || fields_.front() == ',' ? (word(), std::numeric_limits<T>::quiet_NaN()) : number<T>();
  }
  std::string_view word() {
    const auto end = std::min(fields_.find(','), fields_.size());
    const std::string_view text = fields_.substr(0, end);
    fields_.remove_prefix(std::min(end + 1, fields_.size()));
    return text;
  }
  [[noreturn]] void fail(std::string_view what) const { throw Error("{}:{}: \"{}\" does not fit", name_, line_, what); }

 private:
  std::string_view next_line() {
    ++line_;
    const auto end = left_.find('\n');
    if (end == std::string_view::npos) throw Error("{} is truncated after line {}", name_, line_ - 1);
    const std::string_view line = left_.substr(0, end);
    left_.remove_prefix(end + 1);
    return line;
  }

  std::string_view left_, fields_;
  const std::string& name_;
  int line_ = 0;
};

}  // namespace relocus
