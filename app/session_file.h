#pragma once

#include <QByteArray>
#include <QString>
#include <filesystem>
#include <optional>
#include <vector>

#include "core/protocol.h"
#include "widgets/method_form.h"

namespace relocus {

class Errand;
class Session;

/// What somebody was looking at, as a file keeps it: paths and choices, no data. Nothing that it names is executed.
struct SessionFile {
  std::filesystem::path sequence;                  ///< empty: none
  std::vector<std::filesystem::path> experiments;  ///< folders; the first is the one that was shown
  Protocol protocol;
  MethodChoice method;                           ///< no name: the usual one
  std::optional<std::int64_t> query, candidate;  ///< file numbers, as people know frames
  std::optional<double> threshold;               ///< none: that of the best F1
  QString layout;                                ///< name
  QByteArray docks;                              ///< where they stand, as QMainWindow says it
  std::vector<std::string> problems = {};        ///< found while reading: what was left out, and why
};

inline constexpr const char* session_suffix = ".relocus";

/// What the session is now, without the window's layout. `unsaved`: with the runs that nobody saved, which wait in the
/// cache; else without them.
SessionFile session_file(const Session& session, bool unsaved = false);

std::string to_text(const SessionFile& file);

/// Throws, naming the file, when it is none of ours, damaged, too large or of a later version. What this program does
/// not know (a method, an option) is left out and named in `problems`.
SessionFile read_session_file(const std::filesystem::path& path);

/// The steps that bring the session to where the file was.
void plan(Errand& errand, Session& session, const SessionFile& file);

}  // namespace relocus
