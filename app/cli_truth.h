#pragma once

#include "app/cli.h"

namespace relocus {

void add_truth_command(CLI::App& app, Cli& cli);  // truth

}  // namespace relocus
