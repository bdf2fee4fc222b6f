#pragma once

#include "app/cli.h"

namespace relocus {

void add_train_command(CLI::App& app, Cli& cli);  // train

}  // namespace relocus
