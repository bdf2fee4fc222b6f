#pragma once

#include <QObject>
#include <memory>
#include <vector>

#include "app/wish_loader.h"
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

/// Reads scans as they are wanted.
class ScanLoader : public QObject {
  Q_OBJECT

 public:
  explicit ScanLoader(QObject* parent = nullptr, std::size_t bytes_kept = std::size_t(128) << 20);

  /// Forgets everything and reads from this sequence from now on.
  void show_sequence(std::shared_ptr<const Sequence> sequence);

  /// The scan, when it is at hand.
  std::shared_ptr<const Scan> find(FrameId frame) { return scans_.find(frame); }

  /// Replaces the wishes, the most urgent first. Those at hand are told at once, the others as they arrive.
  void want(const std::vector<FrameId>& frames);

  bool is_busy() const { return scans_.is_busy(); }

 Q_SIGNALS:
  void loaded(const std::shared_ptr<const relocus::Scan>& scan);
  void failed(relocus::FrameId frame, const QString& message);
  void idle();  ///< no wish is left

 private:
  WishLoader<FrameId, Scan> scans_;
  std::shared_ptr<const Sequence> sequence_;
};

}  // namespace relocus
