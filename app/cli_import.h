#pragma once

#include "app/cli.h"

namespace relocus {

void add_import_command(CLI::App& app, Cli& cli);  // import

}  // namespace relocus
