#include "app/matrix_maker.h"

#include <algorithm>

namespace relocus {
namespace {

bool is_same(const Descriptors& a, const Descriptors& b) {
  return a.rows() == b.rows() && a.cols() == b.cols() &&
         std::equal(a.data(), a.data() + a.size(), b.data(), [](float x, float y) {
           return x == y || (x != x && y != y);  // NaN stays NaN
         });
}

/// `before`: what was made of an experiment that may have the same descriptors; may be null.
std::shared_ptr<const PairMatrices> make(const std::shared_ptr<const Experiment>& experiment,
                                         const Trajectory& trajectory,
                                         const std::shared_ptr<const PairMatrices>& before, const Progress& progress) {
  auto made = std::make_shared<PairMatrices>();
  made->experiment = experiment;
  if (before && before->distances && is_same(before->experiment->descriptors, experiment->descriptors))
    made->distances = before->distances;
  else
    made->distances = std::make_shared<const DistanceMatrix>(distance_matrix(experiment->descriptors, progress));
  progress("Finding the places in the ground truth", 0, 1);
  const Protocol& protocol = experiment->evaluation.protocol;
  made->right = right_pairs(trajectory, protocol, experiment->overlaps ? &*experiment->overlaps : nullptr);
  made->similarities = similarities(experiment->retrievals, made->distances->size);
  made->admitted = admitted_rows(trajectory, protocol);
  return made;
}

}  // namespace

MatrixMaker::MatrixMaker(QObject* parent) : QObject(parent) {
  connect(&runner_, &JobRunner::progressed, this, &MatrixMaker::progressed);
  connect(&runner_, &JobRunner::failed, this, [this](const QString& message) { Q_EMIT unavailable(message, true); });
  connect(&runner_, &JobRunner::running_changed, this, [this](bool running) {
    if (!running) Q_EMIT idle();
  });
}

void MatrixMaker::show_sequence(std::shared_ptr<const OpenedSequence> opened) {
  opened_ = std::move(opened);
  matrices_ = nullptr;
  show_experiment(nullptr);
}

void MatrixMaker::show_experiment(std::shared_ptr<const Experiment> experiment) {
  runner_.cancel();
  experiment_ = std::move(experiment);
  cancelled_ = false;
  if (!experiment_) {
    Q_EMIT unavailable(tr("Run a method to see how alike all pairs of frames are (Ctrl+R)."), false);
  } else if (experiment_->descriptors.size() == 0) {
    Q_EMIT unavailable(tr("This experiment has no descriptors: its answers were imported, or its method keeps none."),
                       false);
  } else if (opened_ && opened_->trajectory.size() != std::size_t(experiment_->descriptors.rows())) {
    Q_EMIT unavailable(tr("The experiment has %1 descriptors, the sequence %2 frames: they do not belong together.")
                           .arg(experiment_->descriptors.rows())
                           .arg(opened_->trajectory.size()),
                       false);
    experiment_ = nullptr;
  } else {
    make_if_wanted();
  }
}

void MatrixMaker::want(bool wanted) {
  wanted_ = wanted;
  make_if_wanted();
}

void MatrixMaker::cancel() {
  if (!runner_.is_running()) return;
  runner_.cancel();
  cancelled_ = true;
  Q_EMIT unavailable(tr("The matrix was not computed."), true);
}

void MatrixMaker::compute() {
  cancelled_ = false;
  make_if_wanted();
}

void MatrixMaker::make_if_wanted() {
  const bool made_already = matrices_ && matrices_->experiment == experiment_;
  if (!wanted_ || cancelled_ || !experiment_ || experiment_->descriptors.size() == 0 || !opened_ || made_already ||
      runner_.is_running())
    return;
  runner_.start([experiment = experiment_, opened = opened_, before = matrices_](
                    const Progress& progress) { return make(experiment, opened->trajectory, before, progress); },
                [this](std::shared_ptr<const PairMatrices> matrices) {
                  matrices_ = std::move(matrices);
                  Q_EMIT made(matrices_);
                });
}

}  // namespace relocus
