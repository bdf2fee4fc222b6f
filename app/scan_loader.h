#pragma once

#include <QObject>
#include <list>
#include <memory>
#include <unordered_map>
#include <vector>

#include "app/job.h"
#include "core/types.h"

namespace relocus {

/// What the views show of one frame.
struct Scan {
  FrameId frame = -1;
  PointCloud cloud;
  std::vector<std::uint16_t> labels;  ///< SemanticKITTI class of each point; empty without
};

/// The cloud of a scan, which it keeps alive; null without a scan.
inline std::shared_ptr<const PointCloud> cloud_of(const std::shared_ptr<const Scan>& scan) {
  return scan ? std::shared_ptr<const PointCloud>(scan, &scan->cloud) : nullptr;
}

/// Reads scans away from the GUI thread, the most urgent first, and keeps those used last. Only what is still wanted is
/// begun, so that a slow disk never piles up work behind a playback.
class ScanLoader : public QObject {
  Q_OBJECT

 public:
  explicit ScanLoader(QObject* parent = nullptr, std::size_t bytes_kept = std::size_t(256) << 20);

  /// Forgets everything and reads from this sequence from now on.
  void show_sequence(std::shared_ptr<const Sequence> sequence);

  /// The scan, when it is at hand.
  std::shared_ptr<const Scan> find(FrameId frame);

  /// Replaces the wishes, the most urgent first. Those at hand are told at once, the others as they arrive.
  void want(const std::vector<FrameId>& frames);

  bool is_busy() const { return runner_.is_running(); }

 Q_SIGNALS:
  void loaded(const std::shared_ptr<const relocus::Scan>& scan);
  void failed(relocus::FrameId frame, const QString& message);
  void idle();  ///< no wish is left

 private:
  struct Outcome {
    std::shared_ptr<const Scan> scan;  // null: the message says why
    QString message;
  };
  static Outcome read(const Sequence& sequence, FrameId frame);
  void load_next();
  void keep(std::shared_ptr<const Scan> scan);

  JobRunner runner_;
  std::shared_ptr<const Sequence> sequence_;
  std::vector<FrameId> wishes_;  // the most urgent last
  const std::size_t bytes_kept_;
  std::size_t bytes_ = 0;
  std::list<std::shared_ptr<const Scan>> recent_;  // the one used last first
  std::unordered_map<FrameId, decltype(recent_)::iterator> at_hand_;
};

}  // namespace relocus
