#include "app/truth_maker.h"

namespace relocus {

TruthMaker::TruthMaker(QObject* parent) : QObject(parent) {
  connect(&runner_, &JobRunner::failed, this, &TruthMaker::failed);
  connect(&runner_, &JobRunner::running_changed, this, &TruthMaker::running_changed);
  connect(&runner_, &JobRunner::progressed, this, &TruthMaker::progressed);
}

void TruthMaker::show_sequence(std::shared_ptr<const OpenedSequence> opened) {
  runner_.cancel();
  opened_ = std::move(opened);
}

void TruthMaker::preview(const TruthOptions& options) {
  if (!opened_) return;
  runner_.start(
      [opened = opened_, options](const Progress& progress) {
        return std::make_shared<const TruthSummary>(preview_truth(opened->sequence, options, progress));
      },
      [this](std::shared_ptr<const TruthSummary> summary) { Q_EMIT summarised(summary); });
}

void TruthMaker::generate(const TruthRequest& request) {
  if (!opened_) return;
  struct Made {
    std::shared_ptr<const TruthSummary> summary;
    int num_files;
  };
  runner_.start(
      [opened = opened_, request](const Progress& progress) {
        const TruthFiles files = generate_truth(opened->sequence, request, progress);
        auto summary =
            std::make_shared<TruthSummary>(summarise(*files.truth, request.options, opened->sequence.frames.size()));
        summary->remarks = files.remarks;
        return Made{std::move(summary), int(files.files.size())};
      },
      [this, folder = request.folder](const Made& made) {
        if (made.summary->measured_pairs > 0) Q_EMIT summarised(made.summary);
        Q_EMIT generated(folder, made.num_files);
      });
}

}  // namespace relocus
