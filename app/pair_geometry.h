#pragma once

#include <QObject>
#include <list>
#include <map>
#include <memory>
#include <optional>

#include "app/job.h"
#include "app/opening.h"
#include "app/scan_loader.h"
#include "core/overlap.h"
#include "core/registration.h"
#include "core/relative_pose.h"
#include "widgets/pair_view.h"

namespace relocus {

/// How the selected query and candidate lie to each other: by ground truth, by the method's estimate, by registration;
/// how far their points are apart, and which cells of them overlap. Works away from the GUI thread on what is asked
/// for, one piece after the other, and keeps what it found out about the last pairs.
class PairGeometry : public QObject {
  Q_OBJECT

 public:
  explicit PairGeometry(QObject* parent = nullptr);

  void show_sequence(std::shared_ptr<const OpenedSequence> opened);
  /// `candidate`: an answer of the method; without one there is no pair. Its scans follow.
  void show_pair(FrameId query, const std::optional<Candidate>& candidate);
  void show_scan(const std::shared_ptr<const Scan>& scan);  ///< of the query, the candidate or neither
  void want(const PairNeeds& needs);

  bool is_busy() const { return runner_.is_running(); }
  PairKnowledge knowledge() const;
  /// By ground truth, per cell of both scans; null: not known (yet).
  std::shared_ptr<const BevOverlap> overlap() const;
  std::shared_ptr<const BevOverlap> overlap_of(FrameId query,
                                               FrameId candidate) const;  ///< the present pair or another

 Q_SIGNALS:
  void changed(const relocus::PairKnowledge& knowledge);
  void overlap_changed(const std::shared_ptr<const relocus::BevOverlap>& overlap);  ///< null: not known (yet)
  void idle();

 private:
  /// All about one pair that cost something.
  struct Found {
    FrameId query = -1, candidate = -1;
    float yaw = 0;  // of the estimate that registration began with; NaN: without
    std::shared_ptr<const BevOverlap> overlap;
    QString no_overlap;  // why there is none
    std::optional<RelativePose> registration;
    QString no_registration;
    std::map<Alignment, std::shared_ptr<const PairDistances>> distances;
    QString no_distances;
  };
  void turn_to_pair();
  Found& found() { return found_.front(); }
  const Found& found() const { return found_.front(); }
  Alignment alignment() const;  ///< that can be had of what is wanted
  std::optional<Eigen::Isometry3d> pose(Alignment alignment) const;
  bool has_scans() const;
  void go_on();
  template <class Work, class Keep>
  void compute(Work work, Keep keep, QString Found::*complaint);
  QString words_of(const RelativePose& registration) const;

  JobRunner runner_;
  QString Found::*complaint_ = nullptr;  // where the present job's failure goes
  std::shared_ptr<const OpenedSequence> opened_;
  FrameId query_ = -1;
  std::optional<Candidate> candidate_;
  std::shared_ptr<const Scan> query_scan_, candidate_scan_;
  PairNeeds needs_;
  std::list<Found> found_;  // the present pair first, if there is one
};

}  // namespace relocus
