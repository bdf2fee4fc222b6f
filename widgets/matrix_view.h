#pragma once

#include <QWidget>
#include <memory>
#include <optional>

#include "core/distance_matrix.h"
#include "core/pair_cells.h"
#include "widgets/colour_map.h"

class QComboBox;
class QLabel;
class QProgressBar;
class QPushButton;
class QToolButton;

namespace relocus {

class MatrixCanvas;

/// All that is known of the pairs of a sequence.
struct PairMatrices {
  std::shared_ptr<const Experiment> experiment;  ///< whose descriptors were compared
  std::shared_ptr<const DistanceMatrix> distances;
  PairCells right;                 ///< pairs that the ground truth calls the same place
  PairCells similarities;          ///< of the second stage, where it was asked
  std::vector<Admitted> admitted;  ///< per row
};

/// What the matrix shows of each pair.
enum class MatrixShows { NearestDistance, MeanDistance, Similarity };

/// Distances of all pairs of frames, the query's rows against the candidates' columns, with ground truth over them. The
/// wheel zooms until a pair is a square, a click selects the pair.
class MatrixView : public QWidget {
  Q_OBJECT

 public:
  explicit MatrixView(QWidget* parent = nullptr);

  void show_matrices(std::shared_ptr<const PairMatrices> matrices, std::shared_ptr<const Trajectory> trajectory);
  void show_pair(FrameId query, std::optional<FrameId> candidate);
  /// `done` in [0, 1]; a button cancels.
  void show_progress(double done, const QString& text);
  /// Says in words why there is nothing; `may_compute` offers a button that does it.
  void show_empty(const QString& text, bool may_compute = false);

  void choose(MatrixShows shows);
  MatrixShows shows() const;
  MatrixCanvas* canvas() const { return canvas_; }
  QString reading() const;

 Q_SIGNALS:
  void pair_selected(FrameId query, FrameId candidate);
  void compute_wanted();
  void cancel_wanted();

 protected:
  void changeEvent(QEvent* event) override;

 private:
  void make_bar();
  void colour_icons();
  void tell(FrameId query, FrameId candidate);
  void tell_nothing();

  MatrixCanvas* canvas_;
  QWidget* busy_;
  QLabel *reading_, *busy_text_;
  QProgressBar* bar_;
  QPushButton *cancel_, *compute_;
  QComboBox *shows_, *map_;
  QToolButton *truth_, *fit_;
  std::shared_ptr<const PairMatrices> matrices_;
  std::shared_ptr<const Trajectory> trajectory_;
};

}  // namespace relocus
