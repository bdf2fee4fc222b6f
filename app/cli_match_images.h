#pragma once

#include "app/cli.h"

namespace relocus {

/// `match` for methods of images: how alike two image files are, and with `figure` which of their patches belong
/// together.
void match_images(const Cli& cli, const std::string& a, const std::string& b, const MethodFlags& flags,
                  const std::string& figure);

}  // namespace relocus
