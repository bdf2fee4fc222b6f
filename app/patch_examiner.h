#pragma once

#include <QObject>
#include <QSizeF>
#include <QTimer>
#include <memory>
#include <optional>

#include "app/job.h"
#include "core/experiment.h"
#include "core/patch_matching.h"

namespace relocus {

/// What the patches of two images have in common.
struct PairPatches {
  FrameId query = -1, candidate = -1;
  std::vector<ScaleMatches> scales;
  QSizeF seen;  ///< [px] of the images as the network saw them
};

/// Compares the patches of the selected pair, as the experiment stored them, away from the GUI thread and as long as
/// somebody looks. Keeps the method.
class PatchExaminer : public QObject {
  Q_OBJECT

 public:
  explicit PatchExaminer(QObject* parent = nullptr);
  ~PatchExaminer() override;

  void show_experiment(const std::shared_ptr<const Experiment>& experiment);
  void show_pair(FrameId query, std::optional<FrameId> candidate);
  void want(bool wanted);

  bool is_busy() const { return runner_.is_running() || soon_.isActive(); }

 Q_SIGNALS:
  void examined(const std::shared_ptr<const relocus::PairPatches>& pair);
  /// Nothing is to be seen, and why. An empty sentence: the experiment's method has nothing to do with patches.
  void unavailable(const QString& sentence);
  void idle();

 private:
  struct Machine;

  void consider();
  void start();

  JobRunner runner_;
  QTimer soon_;                       ///< waits until the selection rests
  std::shared_ptr<Machine> machine_;  ///< null: no experiment, or one without patches
  FrameId query_ = -1;
  std::optional<FrameId> candidate_;
  bool wanted_ = false;
  std::shared_ptr<const PairPatches> shown_;
};

}  // namespace relocus
