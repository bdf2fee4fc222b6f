#pragma once

#include <QString>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "core/datasets/check.h"
#include "core/experiment.h"
#include "core/progress.h"
#include "widgets/method_form.h"

namespace relocus {

/// A sequence with what is known of it before any run.
struct OpenedSequence {
  Sequence sequence;
  Trajectory trajectory;
  DataCheck check;
};

/// What lies at a path.
struct Opening {
  std::filesystem::path path;
  std::vector<std::filesystem::path> several;    ///< sequences below it, when there is more than one; nothing is opened
  std::shared_ptr<const OpenedSequence> opened;  ///< a sequence, or that of an experiment
  std::shared_ptr<const Experiment> experiment;  ///< null: the path is no experiment
  std::optional<MethodChoice> choice;            ///< how it was made, when this program knows the method
  QString missing;                               ///< an experiment's sequence cannot be opened: why
};

/// Opens a sequence, a folder of several, or an experiment (its folder or its experiment.json), the latter on its own
/// sequence or on `sequence` when that is given. Throws when nothing here can be read.
Opening open_anything(const std::filesystem::path& path, const std::filesystem::path& sequence,
                      const Progress& progress);

}  // namespace relocus
