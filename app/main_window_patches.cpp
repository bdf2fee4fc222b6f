// Patches that two images have in common, drawn over the pair of images.
#include "app/main_window.h"
#include "app/patch_examiner.h"
#include "widgets/images_view.h"

namespace relocus {

void MainWindow::add_patches() {
  auto* const examiner = new PatchExaminer(this);
  PatchBar* const bar = images_->patches();
  connect(&session_, &Session::experiment_changed, examiner, &PatchExaminer::show_experiment);
  connect(&session_, &Session::candidate_changed, examiner,
          [this, examiner] { examiner->show_pair(session_.query(), session_.candidate()); });
  connect(images_, &ImagesView::seen, examiner, &PatchExaminer::want);
  connect(examiner, &PatchExaminer::examined, bar,
          [bar](const std::shared_ptr<const PairPatches>& pair) { bar->show_scales(pair->scales, pair->seen); });
  connect(examiner, &PatchExaminer::unavailable, bar, &PatchBar::show_nothing);
}

}  // namespace relocus
