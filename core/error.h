#pragma once

#include <fmt/format.h>
#include <stdexcept>

namespace relocus {

/// Anything a person can cause or mend: a missing file, a wrong shape, an unknown name. The text names the thing and the cure.
struct Error : std::runtime_error {
  template <class... Args>
  explicit Error(fmt::format_string<Args...> format, Args&&... args)
      : std::runtime_error(fmt::format(format, std::forward<Args>(args)...)) {}
};

}  // namespace relocus
