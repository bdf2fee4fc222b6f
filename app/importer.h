#pragma once

#include <filesystem>

#include "app/job.h"

namespace relocus {

class Session;

/// Takes results that others made into the session: as an experiment in a folder of its own, which is then opened
/// beside those that are.
class Importer : public QObject {
  Q_OBJECT

 public:
  explicit Importer(Session& session, QObject* parent = nullptr);

  /// A file of answers or descriptors on the sequence that is open, counted under the present protocol.
  void import(const std::filesystem::path& file);

 private:
  Session& session_;
  JobRunner runner_;
};

}  // namespace relocus
