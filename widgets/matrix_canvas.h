#pragma once

#include <QImage>
#include <QWidget>

#include "widgets/matrix_view.h"

namespace relocus {

/// The drawn matrix: a square of N x N pairs that can be moved and zoomed, frame numbers along its edges, a colour bar.
/// Row 0 is on top. The wheel zooms about the pointer, dragging moves, a double click or Home shows all, + and - zoom.
class MatrixCanvas : public QWidget {
  Q_OBJECT

 public:
  explicit MatrixCanvas(QWidget* parent = nullptr);

  void show_matrices(std::shared_ptr<const PairMatrices> matrices, std::shared_ptr<const Trajectory> trajectory);
  void show_pair(FrameId query, std::optional<FrameId> candidate);
  void show(MatrixShows shows);
  void show_map(ColourMap map);
  void show_truth(bool shown);
  void fit();
  void zoom(double factor, QPointF about_pixel);
  void centre_on(FrameId row, FrameId column);

  QRectF plot_area() const;  ///< [px]
  double pixels_per_frame() const { return scale_; }
  QPointF pixel_of(double row, double column) const;  ///< of the middle of a pair
  /// (row, column) of the pair at a pixel; nothing outside the matrix.
  std::optional<std::pair<FrameId, FrameId>> pair_at(QPointF pixel) const;
  std::pair<float, float> range() const;  ///< of the values that are shown
  /// What is in sight: a line for each row of blocks, headed by the frames with which they begin.
  Q_INVOKABLE QByteArray csv() const;

  using QWidget::show;

 Q_SIGNALS:
  void hovered(FrameId query, FrameId candidate);
  void left();
  void clicked(FrameId query, FrameId candidate);

 protected:
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void leaveEvent(QEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  FrameId size() const;
  bool has_values() const;
  void redraw();
  void keep_in_sight();
  void outline_truth(QPainter& painter) const;
  void draw_axes(QPainter& painter) const;
  void draw_marks_of_pair(QPainter& painter) const;
  QString number(FrameId frame) const;

  std::shared_ptr<const PairMatrices> matrices_;
  std::shared_ptr<const Trajectory> trajectory_;
  MatrixShows shows_ = MatrixShows::NearestDistance;
  ColourMap map_ = ColourMap::Viridis;
  bool truth_shown_ = true;
  FrameId query_ = -1;
  std::optional<FrameId> candidate_;
  QImage image_;        ///< the matrix alone; null when it must be drawn again
  double scale_ = 1;    ///< [px] of a frame
  QPointF corner_;      ///< (column, row) at the upper left of the plot area
  bool fitted_ = true;  ///< shows all until the person zooms
  QPointF pressed_, last_;
  bool dragging_ = false;
};

}  // namespace relocus
