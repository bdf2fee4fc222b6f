#pragma once

#include <QObject>
#include <memory>

#include "app/job.h"
#include "app/opening.h"
#include "core/truth_summary.h"

namespace relocus {

/// Makes the ground truth of the open sequence in the background: a preview, or the files.
class TruthMaker : public QObject {
  Q_OBJECT

 public:
  explicit TruthMaker(QObject* parent = nullptr);

  void show_sequence(std::shared_ptr<const OpenedSequence> opened);  ///< ends what is made of another one
  void preview(const TruthOptions& options);
  void generate(const TruthRequest& request);  ///< goes on where the same request was stopped
  void cancel() { runner_.cancel(); }
  bool is_busy() const { return runner_.is_running(); }

 Q_SIGNALS:
  void summarised(const std::shared_ptr<const relocus::TruthSummary>& summary);
  void generated(const std::filesystem::path& folder, int num_files);
  void failed(const QString& message);
  void running_changed(bool running);
  void progressed(const relocus::JobStep& step);

 private:
  JobRunner runner_;
  std::shared_ptr<const OpenedSequence> opened_;
};

}  // namespace relocus
