#pragma once

#include <string>

#include "core/error.h"

namespace relocus {

/// An Error that is mended by choosing another value of an option: the command line has a flag for it, the window a row.
struct OptionError : Error {
  OptionError(const std::string& problem_, const std::string& cure_, const std::string& option_)
      : Error("{}; {} with --{}", problem_, cure_, option_), problem(problem_), cure(cure_), option(option_) {}

  std::string problem;  ///< "overlap_netvlad needs weights, and there are none in …"
  std::string cure;     ///< "name a file or folder of yours"
  std::string option;   ///< "weights"
};

}  // namespace relocus
