#pragma once

#include <QColor>
#include <QPixmap>
#include <QPolygonF>
#include <QWidget>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "widgets/legend.h"

namespace relocus {

struct ChartAxis {
  QString title;  ///< with the unit: "Recall [%]"
  double lower = 0, upper = 1;
};

struct ChartLine {
  QString name;  ///< in the legend; empty: not there
  QColor colour;
  double width = 2;
  Qt::PenStyle style = Qt::SolidLine;  ///< or Qt::DashLine
  QPolygonF points;
  QString at_end;  ///< written where it ends
};

/// An area between two lines over the same places.
struct ChartBand {
  QString name;   ///< in the legend; empty: not there
  QColor colour;  ///< half-transparent
  QPolygonF lower, upper;
};

struct ChartMark {
  QString name;  ///< in the legend; empty: not there
  Mark mark = Mark::Disc;
  QColor colour;
  QPointF at;
  double size = 9;
  QString tip;  ///< told while the pointer is on it
};

/// Everything that a chart shows but what changes with each movement of the pointer.
struct ChartContent {
  QString title;
  ChartAxis across, upwards;
  std::vector<ChartBand> bands;
  std::vector<ChartLine> lines;
  std::vector<ChartMark> marks;
  std::vector<Qt::Corner> legend{Qt::BottomLeftCorner, Qt::TopRightCorner, Qt::TopLeftCorner, Qt::BottomRightCorner};
};

/// One chart, laid out by VTK and drawn by Qt: axes, lines, bands, marks and a legend where it hides least. The wheel
/// zooms about the pointer, a drag draws the part to be seen, the middle button moves it, a double click or R shows all
/// again. What follows the threshold is drawn over a kept picture, so that it costs next to nothing.
class Chart : public QWidget {
  Q_OBJECT

 public:
  explicit Chart(QWidget* parent = nullptr);
  ~Chart() override;

  void show_content(ChartContent content);
  /// Marks that follow the pointer or the threshold, and a line across the whole chart.
  void show_choice(std::vector<ChartMark> marks, std::optional<double> across = {});
  void show_error(const QString& sentence);  ///< instead of everything
  const ChartContent& content() const { return content_; }

  /// What a press of the left button takes hold of, instead of drawing a part to zoom to.
  void set_handle(std::function<bool(QPointF pixel)> is_handle) { is_handle_ = std::move(is_handle); }
  /// What is told where the pointer is; marks tell theirs first.
  void set_tip(std::function<QString(QPointF pixel)> tip) { tip_ = std::move(tip); }

  void zoom_to(const QRectF& values);  ///< left, top: the lower ends of both axes
  void zoom(double factor, QPointF about_pixel);
  void reset_zoom();
  bool is_zoomed() const { return seen_.has_value(); }

  QRectF plot_area() const;  ///< [px] inside the axes
  QPointF pixel_of(QPointF value) const;
  QPointF value_of(QPointF pixel) const;

  /// Draws it as it is now, in another size.
  void paint(QPainter& painter, const QSizeF& size) const;

 Q_SIGNALS:
  void clicked(QPointF pixel);
  void dragged(QPointF pixel);  ///< what the press took hold of
  void zoomed();

 protected:
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  struct Drawing;
  enum class Drag { None, Handle, Part, Move };
  void redraw();
  void keep_picture() const;
  QRectF seen() const;  ///< values; left, top: the lower ends
  QRectF draw_axes_and_lines(QPainter& painter, const QSizeF& size) const;
  void draw_over(QPainter& painter, const QSizeF& size, const QRectF& area) const;
  void draw_error(QPainter& painter, const QSizeF& size) const;
  void tell(QPointF pixel);

  std::unique_ptr<Drawing> drawing_;
  ChartContent content_;
  std::vector<ChartMark> choice_;
  std::optional<double> chosen_across_;
  std::optional<QRectF> seen_;  ///< the part that was zoomed to
  QString message_;
  std::function<bool(QPointF)> is_handle_;
  std::function<QString(QPointF)> tip_;
  mutable QPixmap picture_;  ///< without what follows the pointer; null when it must be drawn again
  mutable QRectF area_;      ///< [px] of that picture
  Drag drag_ = Drag::None;
  QPointF pressed_, last_;
};

}  // namespace relocus
