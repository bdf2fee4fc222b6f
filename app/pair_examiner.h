#pragma once

#include <QObject>
#include <memory>
#include <optional>

#include "app/job.h"
#include "app/opening.h"
#include "app/scan_loader.h"
#include "core/why.h"

namespace relocus {

/// Finds out why the selected pair was recognised or missed: at once what the experiment says, and in the background,
/// when somebody looks, what the two scans say.
class PairExaminer : public QObject {
  Q_OBJECT

 public:
  explicit PairExaminer(QObject* parent = nullptr);

  void show_sequence(std::shared_ptr<const OpenedSequence> opened);
  void show_experiment(std::shared_ptr<const Experiment> experiment);
  void show_threshold(double threshold);
  void show_pair(FrameId query, std::optional<FrameId> candidate);
  void show_query_scan(const std::shared_ptr<const Scan>& scan);
  void show_candidate_scan(const std::shared_ptr<const Scan>& scan);  ///< may be null
  void want(bool wanted);

  bool is_busy() const { return runner_.is_running(); }

 Q_SIGNALS:
  void examined(const relocus::PairFacts& facts, bool waiting);  ///< `waiting`: the scans' part is to come
  void nothing_to_examine();
  void idle();

 private:
  void examine();
  void compare_if_possible(const PairFacts& facts);
  /// What the scans say of one pair: it outlives other thresholds and protocols.
  struct Compared {
    FrameId query = -1, candidate = -1;
    PairFacts facts;
  };
  static void take(PairFacts& facts, const PairFacts& compared);
  std::optional<Eigen::Isometry3d> query_from_candidate() const;

  JobRunner runner_;
  std::shared_ptr<const OpenedSequence> opened_;
  std::shared_ptr<const Experiment> experiment_;
  std::shared_ptr<const Scan> query_scan_, candidate_scan_;
  double threshold_ = 0;
  FrameId query_ = -1;
  std::optional<FrameId> candidate_;
  std::optional<Compared> compared_;
  bool wanted_ = false;
};

}  // namespace relocus
