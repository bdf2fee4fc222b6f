#pragma once

#include <QTemporaryDir>
#include <QTest>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "core/error.h"

namespace relocus::test {

/// Folder of the real test data, which lies beside the project or where RELOCUS_SHARED says; may be absent.
inline std::filesystem::path shared_folder() {
  if (const char* folder = std::getenv("RELOCUS_SHARED")) return folder;
  return std::filesystem::path(RELOCUS_SOURCE_DIR).parent_path() / "shared";
}

/// Folder of the reference numbers: RELOCUS_GOLDEN or shared/golden.
inline std::filesystem::path golden_folder() {
  if (const char* folder = std::getenv("RELOCUS_GOLDEN")) return folder;
  return shared_folder() / "golden";
}

/// Text of the Error that `call` throws; empty when it throws none (other exceptions pass through and fail the test).
template <class Call>
std::string error_of(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

}  // namespace relocus::test

/// Skips the test with a sentence when a file of the real test data is absent.
#define RELOCUS_NEED(file) \
  if (!std::filesystem::exists(file)) QSKIP(("not here: " + std::filesystem::path(file).string()).c_str())
