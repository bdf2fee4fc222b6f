#pragma once

#include <QObject>
#include <memory>

#include "app/job.h"
#include "app/opening.h"
#include "widgets/matrix_view.h"

namespace relocus {

/// Compares all descriptors of the current experiment in the background, when somebody looks at the matrix. Under
/// another protocol only the ground truth is made anew.
class MatrixMaker : public QObject {
  Q_OBJECT

 public:
  explicit MatrixMaker(QObject* parent = nullptr);

  void show_sequence(std::shared_ptr<const OpenedSequence> opened);
  void show_experiment(std::shared_ptr<const Experiment> experiment);
  void want(bool wanted);  ///< whether somebody looks
  void cancel();
  void compute();  ///< after a cancel

  bool is_busy() const { return runner_.is_running(); }
  const std::shared_ptr<const PairMatrices>& matrices() const { return matrices_; }

 Q_SIGNALS:
  void made(const std::shared_ptr<const relocus::PairMatrices>& matrices);
  /// There is no matrix, and why; `possible`: compute() would make one.
  void unavailable(const QString& why, bool possible);
  void progressed(const relocus::JobStep& step);
  void idle();

 private:
  void make_if_wanted();

  JobRunner runner_;
  std::shared_ptr<const OpenedSequence> opened_;
  std::shared_ptr<const Experiment> experiment_;
  std::shared_ptr<const PairMatrices> matrices_;
  bool wanted_ = false, cancelled_ = false;
};

}  // namespace relocus
