// Ground truth of the sequence's pairs: its wiring.
#include <QDockWidget>
#include <QFileDialog>
#include <algorithm>
#include <array>

#include "app/main_window.h"
#include "app/message_bar.h"
#include "app/truth_maker.h"
#include "widgets/log_view.h"
#include "widgets/truth_view.h"

namespace relocus {
namespace {

constexpr std::array kHosts{"pair", "curves", "query"};  ///< where a layout without it has room for it, the best first

/// Why no ground truth can be made of it; empty: it can.
QString problem_of(const OpenedSequence& opened) {
  int poses = 0;
  for (FrameId frame = 0; frame < FrameId(opened.trajectory.size()); ++frame)
    poses += opened.trajectory.has_pose(frame);
  if (poses >= 2) return {};
  return MainWindow::tr(
      "This sequence has no poses, and ground truth is made of them. Put a poses.txt (KITTI) or poses in another "
      "format that is read into its folder, and open it again.");
}

}  // namespace

void MainWindow::add_truth_view() {
  auto* view = new TruthView;
  auto* maker = new TruthMaker(this);
  add_dock("truth", tr("Ground truth"), view);
  actions_.add({"evaluate.truth",
                tr("&Ground truth of pairs …"),
                {},
                tr("Distance, overlap and yaw of the sequence's pairs, as a table or as other projects' files"),
                "Evaluate",
                Needs::Sequence},
               [this] {
                 QDockWidget* dock = docks_.at("truth");
                 const auto host =
                     std::ranges::find_if(kHosts, [&](const char* name) { return !docks_.at(name)->isHidden(); });
                 if (dock->isHidden() && !dock->isFloating() && host != kHosts.end())
                   tabifyDockWidget(docks_.at(*host), dock);
                 dock->show();
                 dock->raise();
               });

  connect(&session_, &Session::sequence_changed, view, [view, maker](const auto& opened) {
    maker->show_sequence(opened);
    if (opened)
      view->show_sequence({opened, &opened->trajectory}, problem_of(*opened));
    else
      view->show_sequence(nullptr, {});
  });
  connect(view, &TruthView::preview_wanted, maker, [view, maker] { maker->preview(view->options()); });
  connect(view, &TruthView::generate_wanted, this, [this, view, maker] {
    const QString folder = QFileDialog::getExistingDirectory(this, tr("Where shall the ground truth go?"));
    if (folder.isEmpty()) return;
    maker->generate({view->options(), view->layouts(), folder.toStdString(), {}, 0});
  });
  connect(view, &TruthView::cancel_wanted, maker, &TruthMaker::cancel);
  connect(view, &TruthView::pair_selected, this, &MainWindow::select_pair);
  connect(view, &TruthView::frame_selected, &session_, &Session::select_query);
  connect(maker, &TruthMaker::running_changed, view, &TruthView::show_running);
  connect(maker, &TruthMaker::progressed, view,
          [view](const JobStep& step) { view->show_step(step.stage, step.done, step.total, step.remaining); });
  connect(maker, &TruthMaker::summarised, view, &TruthView::show_summary);
  connect(maker, &TruthMaker::failed, this, [this, view](const QString& sentence) {
    view->show_message(sentence);
    log_->show_message(Severity::Error, sentence);
  });
  connect(maker, &TruthMaker::generated, this, [this, view](const std::filesystem::path& folder, int num_files) {
    const QString told =
        tr("Ground truth: %n file(s) in %1", nullptr, num_files).arg(QString::fromStdString(folder.string()));
    view->show_message(told);
    log_->show_message(Severity::Info, told);
  });
}

}  // namespace relocus
