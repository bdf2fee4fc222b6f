#pragma once

#include "app/cli.h"
#include "core/verification.h"

namespace relocus {

void add_verify_command(CLI::App& app, Cli& cli);  // verify

/// What accepting the verified answers comes to, in a line and for programs.
std::string describe(const OperatingPoint& point);
nlohmann::ordered_json to_json(const OperatingPoint& point);

}  // namespace relocus
