#pragma once

#include <filesystem>

#include "core/encodings.h"

namespace relocus::fuzz {

EncodingKey store_key();
void prepare_bundle(const std::filesystem::path& folder);
void prepare_experiment(const std::filesystem::path& folder);

}  // namespace relocus::fuzz
