// Where a method fails and why: trajectory, matrix of all pairs, failures, the card of the selected pair and its
// review.
#include <QDockWidget>
#include <QSplitter>
#include <QTimer>
#include <chrono>

#include "app/main_window.h"
#include "widgets/failure_table.h"
#include "widgets/matrix_view.h"
#include "widgets/review_form.h"
#include "widgets/trajectory_view.h"
#include "widgets/why_card.h"

namespace relocus {
namespace {

constexpr auto kMoment = std::chrono::milliseconds(30);  // a dragged threshold sorts failures anew so often

/// What is known of the pair, and below it what the person thinks.
QWidget* one_above_the_other(QWidget* above, QWidget* below) {
  auto* both = new QSplitter(Qt::Vertical);
  both->addWidget(above);
  both->addWidget(below);
  both->setStretchFactor(0, 1);
  both->setChildrenCollapsible(false);
  return both;
}

}  // namespace

void MainWindow::add_review_views() {
  add_dock("matrix", tr("Similarity matrix"), matrix_ = new MatrixView);
  add_dock("failures", tr("Failures"), failures_ = new FailureTable);
  why_ = new WhyCard;
  add_dock("why", tr("Why"), one_above_the_other(why_, review_ = new ReviewForm));
  wire_trajectory();
  wire_matrix();
  wire_failures();
  wire_review();
}

void MainWindow::select_pair(FrameId query, FrameId candidate) {
  session_.select_query(query);
  if (candidate >= 0) session_.select_candidate(candidate);
}

void MainWindow::wire_trajectory() {
  connect(&session_, &Session::sequence_changed, this, [this](const auto& opened) {
    trajectory_->clear();
    trajectory_->show_trajectory({opened, &opened->trajectory});
    failures_->show_frames({});
  });
  connect(&session_, &Session::evaluation_changed, trajectory_, &TrajectoryView::show_evaluation);
  connect(&session_, &Session::threshold_changed, trajectory_, &TrajectoryView::show_threshold);
  connect(&session_, &Session::query_changed, trajectory_, &TrajectoryView::show_frame);
  connect(&session_, &Session::retrieval_changed, this, [this] {
    const auto* retrieval = session_.retrieval();
    trajectory_->show_retrieval(retrieval ? *retrieval : Retrieval{session_.query(), {}});
  });
  connect(&session_, &Session::candidate_changed, trajectory_, &TrajectoryView::show_candidate);
  connect(trajectory_, &TrajectoryView::frame_selected, &session_, &Session::select_query);
  connect(trajectory_, &TrajectoryView::frames_selected, failures_, &FailureTable::show_frames);
}

void MainWindow::wire_matrix() {
  auto& maker = session_.matrices();
  connect(docks_.at("matrix"), &QDockWidget::visibilityChanged, &maker, &MatrixMaker::want);
  connect(matrix_, &MatrixView::cancel_wanted, &maker, &MatrixMaker::cancel);
  connect(matrix_, &MatrixView::compute_wanted, &maker, &MatrixMaker::compute);
  connect(matrix_, &MatrixView::pair_selected, this, &MainWindow::select_pair);
  connect(&maker, &MatrixMaker::made, this, [this](const std::shared_ptr<const PairMatrices>& matrices) {
    const auto& opened = session_.opened();
    matrix_->show_matrices(matrices, {opened, &opened->trajectory});
    matrix_->show_pair(session_.query(), session_.candidate());
  });
  connect(&maker, &MatrixMaker::unavailable, matrix_, &MatrixView::show_empty);
  connect(&maker, &MatrixMaker::progressed, this, [this](const JobStep& step) {
    const double done = step.total > 0 ? double(step.done) / double(step.total) : 0;
    matrix_->show_progress(done, step.remaining ? tr("%1: %2 s left").arg(step.stage).arg(std::ceil(*step.remaining))
                                                : tr("%1 …").arg(step.stage));
  });
  const auto show_pair = [this] { matrix_->show_pair(session_.query(), session_.candidate()); };
  connect(&session_, &Session::query_changed, this, show_pair);
  connect(&session_, &Session::candidate_changed, this, show_pair);
  actions_.tell_fixed_key(tr("Home"), tr("The whole matrix"), tr("In the similarity matrix"));
}

void MainWindow::wire_failures() {
  auto* soon = new QTimer(this);
  soon->setSingleShot(true);
  soon->setInterval(kMoment);
  connect(soon, &QTimer::timeout, this, &MainWindow::show_failures);
  connect(&session_, &Session::experiment_changed, this, [this, soon] {
    if (session_.experiment()) return soon->start();
    soon->stop();
    show_failures();
  });
  connect(&session_, &Session::threshold_changed, this, [soon] {
    if (!soon->isActive()) soon->start();  // at most so often, and always once more
  });
  connect(&session_, &Session::query_changed, failures_, &FailureTable::show_query);
  connect(failures_, &FailureTable::pair_selected, this, &MainWindow::select_pair);
  connect(failures_, &FailureTable::nothing_left, this,
          [this](const QString& why) { Q_EMIT session_.logged(Severity::Info, why); });
  actions_.add({"go.previous_failure", tr("Previous fai&lure"), QKeySequence("Shift+F"),
                tr("The failure above this one in the table of failures"), "Go", Needs::Experiment},
               [this] { failures_->previous(); });
}

void MainWindow::show_failures() {
  const auto& experiment = session_.experiment();
  if (!experiment) return failures_->show_empty(tr("Run a method to see where it fails (Ctrl+R)."));
  if (session_.opened()->check.num_poses == 0 && needs_poses(experiment->evaluation.protocol))
    return failures_->show_empty(tr("Without poses nobody knows which answers are right."));
  if (experiment->evaluation.queries.empty())
    return failures_->show_empty(
        tr("No frame was asked: the protocol admits none that could answer. Choose less under Exclude recent, in the "
           "panel Protocol, or open a longer sequence."));
  try {
    failures_->show_failures(failures(*experiment, session_.opened()->trajectory, session_.threshold()),
                             session_.opened()->trajectory.numbers);
  } catch (const std::exception& error) {
    failures_->show_empty(message_of(error));
  }
}

void MainWindow::wire_review() {
  auto& examiner = session_.examiner();
  connect(docks_.at("why"), &QDockWidget::visibilityChanged, &examiner, &PairExaminer::want);
  connect(&examiner, &PairExaminer::examined, this, [this](const PairFacts& facts, bool waiting) {
    const auto& frames = session_.opened()->sequence.frames;
    why_->show_facts(facts, frames[std::size_t(facts.query)].number, frames[std::size_t(facts.candidate)].number,
                     waiting);
  });
  connect(&examiner, &PairExaminer::nothing_to_examine, this, [this] { why_->show_empty(why_no_candidate()); });

  auto& book = session_.reviews();
  const auto show_review = [this, &book] {
    const auto candidate = session_.candidate();
    if (!candidate) return review_->show_no_pair();
    review_->show_review(book.review(session_.query(), *candidate));
  };
  connect(&session_, &Session::candidate_changed, this, show_review);
  connect(&book, &ReviewBook::changed, this, [this, &book, show_review] {
    failures_->show_reviews(book.all());
    trajectory_->show_loops(book.loops());
    review_->show_known_tags(book.known_tags());
    show_review();
  });
  connect(review_, &ReviewForm::edited, this, [this, &book](const Review& review) {
    if (const auto candidate = session_.candidate()) book.edit(session_.query(), *candidate, review);
  });

  const auto command = [this](const char* id, const QString& text, const char* key, const QString& tip, auto change) {
    actions_.add({id, text, QKeySequence(key), tip, "Review", Needs::Sequence}, [this, change] {
      const auto candidate = session_.candidate();
      if (!candidate) return;
      Review review = session_.reviews().review(session_.query(), *candidate);
      change(review);
      session_.reviews().edit(session_.query(), *candidate, review);
    });
  };
  command("review.accept", tr("&Accept the pair"), "Y", tr("Query and candidate are the same place"),
          [](Review& review) { review.opinion = Opinion::Accepted; });
  command("review.reject", tr("&Reject the pair"), "X", tr("Query and candidate are different places"),
          [](Review& review) { review.opinion = Opinion::Rejected; });
  command("review.undecided", tr("&No verdict"), "", tr("Takes the verdict on the pair away"),
          [](Review& review) { review.opinion = Opinion::Undecided; });
  command("review.loop", tr("Add the pair as a &loop, or remove it"), "L",
          tr("A loop that is added by hand is drawn on the trajectory and saved with the experiment"),
          [](Review& review) {
            review.added = !review.added;
            if (review.added) review.opinion = Opinion::Accepted;
          });
}

}  // namespace relocus
