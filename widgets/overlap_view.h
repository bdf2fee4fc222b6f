#pragma once

#include <Eigen/Geometry>
#include <QWidget>
#include <array>
#include <memory>

#include "widgets/cell_map_view.h"

class QComboBox;
class QDoubleSpinBox;
class QGridLayout;
class QLabel;
class QSlider;
class QToolButton;

namespace relocus {

class ColourScale;

/// Cell by cell what speaks for two scans showing the same place: as a method predicts it and as it truly is.
struct OverlapMaps {
  QString title;                                                   ///< of the prediction: "Predicted overlap"
  QString query, candidate;                                        ///< whose maps: "Query 120"
  std::optional<CellMap> predicted_query, predicted_candidate;     ///< [0, 1]; nothing: the method tells none
  std::optional<CellMap> true_query, true_candidate;               ///< nothing without poses
  std::optional<Eigen::Isometry2d> query_from_candidate;           ///< [m] by ground truth
  double similarity = std::numeric_limits<double>::quiet_NaN();    ///< the method's score of the pair
  double true_overlap = std::numeric_limits<double>::quiet_NaN();  ///< mean of both true maps
};

/// Two heat maps beside each other, the true overlap and the difference below them. All move together; the pointer's
/// place is shown in all, in the other scan where the poses say that it is. A threshold outlines and counts cells.
class OverlapView : public QWidget {
  Q_OBJECT

 public:
  enum Row { Predicted, True, Difference, NumRows };

  explicit OverlapView(QWidget* parent = nullptr);

  void show_maps(std::shared_ptr<const OverlapMaps> maps);
  void show_message(const QString& sentence);  ///< instead of maps
  void show_busy();                            ///< maps of another pair are on their way
  void show_threshold(double threshold);
  void show_row(Row row, bool shown);

  double threshold() const;
  CellMapView* map(Row row, Side side) const { return maps_[row][side == Side::Candidate]; }
  QString count_text() const;  ///< and the scores of the pair
  QString reading() const;

 Q_SIGNALS:
  void threshold_changed(double threshold);

 protected:
  void changeEvent(QEvent* event) override;

 private:
  QWidget* make_bar();
  void show_rows();
  void show_counts();
  void show_colours();
  void point_at(Side side, QPointF metre);
  void point_at_nothing();

  std::array<std::array<CellMapView*, 2>, NumRows> maps_;
  std::array<ColourScale*, NumRows> scales_;
  std::array<QToolButton*, NumRows> rows_;
  QGridLayout* grid_;
  QLabel *message_, *scores_, *reading_;
  QString counts_;  ///< read while nothing is pointed at
  std::array<QLabel*, 2> headings_;
  QWidget* body_;
  QSlider* slider_;
  QDoubleSpinBox* number_;
  QComboBox* colours_;
  QToolButton* fit_;
  std::shared_ptr<const OverlapMaps> shown_;
};

}  // namespace relocus
