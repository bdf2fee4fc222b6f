#pragma once

#include <QWidget>
#include <memory>
#include <optional>

#include "core/sensitivity.h"

class QBoxLayout;
class QComboBox;
class QLabel;
class QProgressBar;
class QPushButton;

namespace relocus {

class Chart;

/// Which figure a sensitivity study shows.
enum class SensitivityFigure { RecallAt1, MaxF1, AveragePrecision, Queries };

/// A figure for every radius (across) and gap (upwards), as colours with the values printed in them. The present
/// protocol has a frame; a click chooses another.
class SensitivityMap : public QWidget {
  Q_OBJECT

 public:
  explicit SensitivityMap(QWidget* parent = nullptr);

  void show_sensitivity(std::shared_ptr<const Sensitivity> sensitivity, SensitivityFigure figure);
  void show_present(double radius, int gap);
  void paint(QPainter& painter, const QSizeF& size) const;
  QRectF cell(std::size_t radius, std::size_t gap) const;  ///< [px]
  QColor colour_of(double value) const;

 Q_SIGNALS:
  void cell_chosen(double radius, int gap);

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  bool event(QEvent* event) override;

 private:
  QRectF plot_area(const QSizeF& size) const;
  QRectF cell(std::size_t radius, std::size_t gap, const QRectF& area) const;
  double value(std::size_t radius, std::size_t gap) const;
  std::optional<std::pair<std::size_t, std::size_t>> cell_at(QPointF pixel) const;

  std::shared_ptr<const Sensitivity> sensitivity_;
  SensitivityFigure figure_ = SensitivityFigure::RecallAt1;
  double lower_ = 0, upper_ = 1;  ///< of the values
  double radius_ = 0;
  int gap_ = -1;
};

/// How much the figures owe to the protocol: a map over radius and gap, and the curves of its row and column through
/// the present protocol with the number of queries beside them.
class SensitivityView : public QWidget {
  Q_OBJECT

 public:
  explicit SensitivityView(QWidget* parent = nullptr);

  void show_sensitivity(std::shared_ptr<const Sensitivity> sensitivity);  ///< null: not computed yet
  void show_present(const Protocol& protocol);
  void show_possible(bool possible);  ///< there is an experiment to vary
  void show_running(bool running);
  void show_step(const QString& stage, std::size_t done, std::size_t total, std::optional<double> seconds_left);
  void show_error(const QString& sentence);
  void show_figure(SensitivityFigure figure);

  SensitivityMap* map() const { return map_; }
  Chart* figures_chart() const { return figures_; }
  Chart* queries_chart() const { return queries_; }
  QPushButton* compute_button() const { return compute_; }

 Q_SIGNALS:
  void compute_wanted();
  void cancel_wanted();
  void protocol_chosen(double radius, int gap);

 protected:
  void changeEvent(QEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  SensitivityFigure figure() const;
  void refill();
  void fill_curves();
  bool is_narrow() const;
  void lay_out();

  std::shared_ptr<const Sensitivity> sensitivity_;
  double radius_ = 0;
  int gap_ = -1;
  bool possible_ = false;
  QString problem_;
  QComboBox *figure_, *along_;
  QPushButton *compute_, *cancel_;
  QProgressBar* progress_;
  QWidget *plots_, *bar_;
  QBoxLayout *sides_, *curves_;
  SensitivityMap* map_;
  Chart *figures_, *queries_;
  QLabel* words_;
};

}  // namespace relocus
