#pragma once

#include "app/cli.h"

namespace relocus {

/// selftest: this machine's numbers beside those that ship.
void add_selftest_command(CLI::App& app, Cli& cli);

}  // namespace relocus
