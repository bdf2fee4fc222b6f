// Patches that two images have in common, drawn over the pair of images.
#include "app/main_window.h"
#include "widgets/images_view.h"

namespace relocus {

void MainWindow::add_patches() {
  PatchExaminer* const examiner = &session_.patch_examiner();
  PatchBar* const bar = images_->patches();
  connect(images_, &ImagesView::seen, examiner, &PatchExaminer::want);
  connect(examiner, &PatchExaminer::examined, bar,
          [bar](const std::shared_ptr<const PairPatches>& pair) { bar->show_scales(pair->scales, pair->seen); });
  connect(examiner, &PatchExaminer::unavailable, bar, &PatchBar::show_nothing);
}

}  // namespace relocus
