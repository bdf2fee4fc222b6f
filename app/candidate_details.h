#pragma once

#include <QHash>
#include <QImage>
#include <QObject>
#include <QTimer>
#include <map>
#include <memory>
#include <vector>

#include "app/job.h"
#include "app/opening.h"

namespace relocus {

/// What the table of candidates tells beyond the answers: a small picture of each scan, and how much it truly overlaps
/// the query's. Read and computed away from the GUI thread once the selection rests, while somebody wants it, and kept.
class CandidateDetails : public QObject {
  Q_OBJECT

 public:
  explicit CandidateDetails(QObject* parent = nullptr);

  void show_sequence(std::shared_ptr<const OpenedSequence> opened);
  void show_candidates(FrameId query, std::vector<FrameId> candidates);  ///< in the order in which they matter
  void want(bool wanted);
  bool is_busy() const { return runner_.is_running() || soon_.isActive(); }

 Q_SIGNALS:
  void picture_ready(relocus::FrameId frame, const QImage& picture);
  void overlap_ready(relocus::FrameId query, relocus::FrameId candidate, double overlap);  ///< [0, 1]
  void idle();

 private:
  struct Outcome;

  bool tell_known(FrameId frame);
  void go_on();

  JobRunner runner_;
  QTimer soon_;
  bool wanted_ = false;
  std::shared_ptr<const OpenedSequence> opened_;
  FrameId query_ = -1;
  std::vector<FrameId> waiting_;                   ///< the most urgent last
  std::shared_ptr<const PointCloud> query_cloud_;  ///< null: not read yet
  QHash<FrameId, QImage> pictures_;
  std::map<std::pair<FrameId, FrameId>, double> overlaps_;
};

}  // namespace relocus
