#pragma once

#include <QSettings>
#include <string>

#include "tests/app/made_sequence.h"
#include "tests/made_files.h"

namespace relocus::test {

/// Where the program keeps its things during a test (caches, settings, sessions), with room for the test's own files.
/// Nothing of the person who runs the test is touched, and all vanishes in the end.
class Home : public MadeFolder {
 public:
  Home() {
    use_cache("cache");
    qputenv("XDG_DATA_HOME", (*this / "data").c_str());
    qputenv("XDG_CONFIG_HOME", (*this / "config").c_str());
    QSettings::setPath(QSettings::NativeFormat, QSettings::UserScope,
                       QString::fromStdString((*this / "settings").string()));
  }
  /// What was computed with another cache is not found.
  void use_cache(const std::string& name) { qputenv("XDG_CACHE_HOME", (*this / name).c_str()); }

  std::filesystem::path two_laps(const TwoLaps& laps = {}, const std::string& name = "laps") {
    write_two_laps(*this / name, laps);
    return *this / name;
  }
};

}  // namespace relocus::test
