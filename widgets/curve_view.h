#pragma once

#include <QWidget>
#include <array>

#include "widgets/curve_pages.h"

class QGridLayout;
class QLabel;
class QToolButton;

namespace relocus {

class FoldingTabs;

struct Plot;

/// How good methods are: precision over recall with the band of resamples, Recall@N, what a threshold makes of the
/// answers, their scores, ROC, and the figures with their 95 % intervals beneath. Pages, or all at once. Hovering tells
/// threshold, precision, recall and F1; a click or a drag chooses the threshold.
class CurveView : public QWidget {
  Q_OBJECT

 public:
  explicit CurveView(QWidget* parent = nullptr);

  void show_experiments(std::vector<CurveSource> sources);
  void show_evaluation(std::shared_ptr<const Evaluation> evaluation);  ///< one alone, without band, scores and ROC
  /// Figures that others published for a sequence of so many frames.
  void show_published(std::vector<PublishedFigure> published, std::size_t num_frames);
  /// Marks what belongs to a threshold of the current experiment.
  void show_threshold(double threshold);
  void show_page(CurvePage page);
  void show_all_pages();
  void show_error(const QString& sentence);
  void clear();

  Chart* chart(CurvePage page) const { return charts_[std::size_t(page)]; }
  Chart* scene() const { return chart(CurvePage::PrecisionRecall); }
  int curve_points() const;           ///< of the current experiment's PR curve
  QPointF pixel_of(int point) const;  ///< where one is drawn in the PR chart
  const CurveSet& curves() const { return set_; }
  Plot plot() const;  ///< the page that is shown, or all

 Q_SIGNALS:
  void threshold_chosen(double threshold);

 protected:
  void changeEvent(QEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  void make_bar();
  void refill();
  void lay_out();
  void mark_threshold();
  void tell_figures();
  CurvePage page() const;
  bool all_shown() const;
  bool has_curve() const;
  bool is_handle(CurvePage page, QPointF pixel) const;
  void choose(CurvePage page, QPointF pixel, bool anywhere);
  std::optional<double> threshold_at(CurvePage page, QPointF pixel, bool anywhere) const;
  QString tip(CurvePage page, QPointF pixel) const;
  const PrPoint* chosen_point() const;

  CurveSet set_;
  std::vector<PublishedFigure> published_;
  double threshold_ = 0;
  QString message_;
  std::array<Chart*, all_curve_pages.size()> charts_;
  QWidget* bar_;
  QGridLayout* grid_;
  FoldingTabs* pages_;
  QToolButton *published_shown_, *reset_;
  QLabel* figures_;
};

}  // namespace relocus
