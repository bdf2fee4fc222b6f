#include "core/npy_header.h"

#include <algorithm>

#include "core/error.h"

namespace relocus {
namespace {

constexpr std::size_t max_axes = 32;  ///< NumPy's own limit

/// The header is a Python dict literal with three keys; this reads just that much of Python.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  NpyHeader parse() {
    NpyHeader header;
    bool has_descr = false, has_order = false, has_shape = false;
    expect('{');
    while (!accept('}')) {
      const std::string key = quoted();
      expect(':');
      if (key == "descr") {
        has_descr = true;
        header.descr = description();
      } else if (key == "fortran_order") {
        has_order = true;
        header.fortran_order = boolean();
      } else if (key == "shape") {
        has_shape = true;
        header.shape = tuple();
      } else {
        fail();
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    if (!has_descr || !has_order || !has_shape) fail();
    return header;
  }

 private:
  [[noreturn]] void fail() const {
    throw Error("{} has a NumPy header that cannot be understood near byte {}: write it again with numpy.save", name_,
                at_);
  }
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
  }
  bool accept(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail();
  }
  std::string quoted() {
    skip_space();
    if (at_ >= text_.size() || (text_[at_] != '\'' && text_[at_] != '"')) fail();
    const std::size_t end = text_.find(text_[at_], at_ + 1);
    if (end == std::string_view::npos) fail();
    const std::string word(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return word;
  }
  /// A type string, or the list of a structured type, which is kept as text ("[…]") since nobody reads its records.
  std::string description() {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != '[') return quoted();
    const std::size_t start = at_;
    int depth = 0;
    do {
      if (at_ >= text_.size()) fail();
      if (text_[at_] == '[') ++depth;
      if (text_[at_] == ']') --depth;
      ++at_;
    } while (depth > 0);
    return std::string(text_.substr(start, at_ - start));
  }
  bool boolean() {
    skip_space();
    for (const std::string_view word : {"True", "False"})
      if (text_.substr(at_).starts_with(word)) {
        at_ += word.size();
        return word == "True";
      }
    fail();
  }
  std::vector<std::int64_t> tuple() {
    std::vector<std::int64_t> numbers;
    expect('(');
    while (!accept(')')) {
      numbers.push_back(integer());
      if (numbers.size() > max_axes) fail();
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return numbers;
  }
  std::int64_t integer() {
    skip_space();
    std::int64_t value = 0;
    const std::size_t start = at_;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      if (value > (std::int64_t{1} << 58)) fail();
      value = value * 10 + (text_[at_] - '0');
    }
    if (at_ == start) fail();
    accept('L');  // Python 2 wrote long integers so
    return value;
  }

  std::string_view text_;
  const std::string& name_;
  std::size_t at_ = 0;
};

/// "<f4" into byte order, kind and size; anything that is not a plain number is only marked.
void interpret_type(NpyHeader& header) {
  const std::string& type = header.descr;
  const bool has_order = !type.empty() && std::string_view("<>|=").find(type[0]) != std::string_view::npos;
  const std::string_view rest = std::string_view(type).substr(has_order ? 1 : 0);
  header.byte_order = has_order ? type[0] : '<';
  header.kind = rest.empty() ? '\0' : rest[0];
  header.item_bytes = rest.size() == 2 && rest[1] >= '0' && rest[1] <= '9' ? rest[1] - '0' : 0;
  if (rest == "?") header.kind = 'b', header.item_bytes = 1;
  const auto one_of = [&](std::initializer_list<std::size_t> sizes) {
    return std::find(sizes.begin(), sizes.end(), header.item_bytes) != sizes.end();
  };
  header.numbers = (header.kind == 'f' && one_of({2, 4, 8})) || (header.kind == 'b' && one_of({1})) ||
                   ((header.kind == 'i' || header.kind == 'u') && one_of({1, 2, 4, 8}));
}

}  // namespace

NpyHeader parse_npy_header(std::string_view text, const std::string& name) {
  NpyHeader header = HeaderParser(text, name).parse();
  interpret_type(header);
  return header;
}

}  // namespace relocus
