#include "widgets/matrix_view.h"

#include <QComboBox>
#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QLocale>
#include <QProgressBar>
#include <QPushButton>
#include <QToolButton>
#include <QVBoxLayout>
#include <cmath>

#include "widgets/icons.h"
#include "widgets/matrix_canvas.h"

namespace relocus {

MatrixView::MatrixView(QWidget* parent) : QWidget(parent), canvas_(new MatrixCanvas) {
  make_bar();
  busy_text_ = new QLabel;
  busy_text_->setWordWrap(true);
  busy_text_->setAlignment(Qt::AlignCenter);
  busy_text_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  busy_text_->setAccessibleName(tr("State of the matrix"));
  bar_ = new QProgressBar;
  bar_->setRange(0, 1000);
  bar_->setTextVisible(false);
  bar_->setAccessibleName(tr("Progress of the matrix"));
  bar_->setMaximumWidth(280);
  cancel_ = new QPushButton(tr("Cancel"));
  cancel_->setToolTip(tr("Stop comparing descriptors"));
  compute_ = new QPushButton(tr("Compute the matrix"));
  compute_->setToolTip(tr("Compare all descriptors with each other"));
  connect(cancel_, &QPushButton::clicked, this, &MatrixView::cancel_wanted);
  connect(compute_, &QPushButton::clicked, this, &MatrixView::compute_wanted);
  busy_ = new QWidget;
  auto* busy = new QVBoxLayout(busy_);
  busy->addStretch();
  busy->addWidget(busy_text_);
  for (QWidget* part : std::initializer_list<QWidget*>{bar_, cancel_, compute_})
    busy->addWidget(part, 0, Qt::AlignHCenter);
  busy->addStretch();

  layout()->addWidget(canvas_);
  layout()->addWidget(busy_);
  auto* column = static_cast<QVBoxLayout*>(layout());
  column->setStretchFactor(canvas_, 1);
  column->setStretchFactor(busy_, 1);
  setFocusProxy(canvas_);
  connect(canvas_, &MatrixCanvas::hovered, this, &MatrixView::tell);
  connect(canvas_, &MatrixCanvas::left, this, &MatrixView::tell_nothing);
  connect(canvas_, &MatrixCanvas::clicked, this, &MatrixView::pair_selected);
  show_empty(tr("Run a method to see how alike all pairs of frames are (Ctrl+R)."));
}

void MatrixView::make_bar() {
  shows_ = new QComboBox;
  shows_->addItem(tr("Nearest distance"), int(MatrixShows::NearestDistance));
  shows_->addItem(tr("Mean distance"), int(MatrixShows::MeanDistance));
  shows_->addItem(tr("Similarity"), int(MatrixShows::Similarity));
  shows_->setItemData(0, tr("Least distance of the descriptors in each block: single loops stay visible"),
                      Qt::ToolTipRole);
  shows_->setItemData(1, tr("Mean distance of the descriptors in each block"), Qt::ToolTipRole);
  shows_->setItemData(2, tr("Score of the second stage, where it was asked"), Qt::ToolTipRole);
  shows_->setToolTip(tr("What is shown of each pair of frames"));
  shows_->setAccessibleName(tr("Value"));
  map_ = new QComboBox;
  for (const ColourMap map : {ColourMap::Viridis, ColourMap::Cividis, ColourMap::Turbo})
    map_->addItem(colour_map_icon(map), title(map), int(map));
  map_->setToolTip(tr("Colours"));
  map_->setAccessibleName(tr("Colour map"));
  for (QComboBox* box : {shows_, map_}) {
    box->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    box->setMinimumContentsLength(4);
  }
  truth_ = new QToolButton;
  truth_->setText(tr("Truth"));
  truth_->setCheckable(true);
  truth_->setChecked(true);
  truth_->setAutoRaise(true);
  truth_->setToolTip(tr("Show which pairs are the same place by ground truth"));
  truth_->setAccessibleName(tr("Ground truth"));
  fit_ = new QToolButton;
  fit_->setAutoRaise(true);
  fit_->setToolTip(tr("Show the whole matrix (Home)"));
  fit_->setAccessibleName(tr("Fit"));
  reading_ = new QLabel;
  reading_->setAccessibleName(tr("Pair under the pointer"));
  reading_->setTextFormat(Qt::PlainText);
  reading_->setWordWrap(true);
  reading_->setContentsMargins(6, 1, 6, 2);
  colour_icons();
  connect(shows_, &QComboBox::currentIndexChanged, this, [this] { canvas_->show(shows()); });
  connect(map_, &QComboBox::currentIndexChanged, this,
          [this] { canvas_->show_map(ColourMap(map_->currentData().toInt())); });
  connect(truth_, &QToolButton::toggled, canvas_, &MatrixCanvas::show_truth);
  connect(fit_, &QToolButton::clicked, canvas_, &MatrixCanvas::fit);

  auto* bar = new QHBoxLayout;
  bar->setContentsMargins(4, 2, 4, 2);
  bar->setSpacing(4);
  bar->addWidget(shows_);
  bar->addWidget(map_);
  bar->addWidget(truth_);
  bar->addStretch(1);
  bar->addWidget(fit_);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(0);
  layout->addLayout(bar);
  layout->addWidget(reading_);
}

void MatrixView::colour_icons() { fit_->setIcon(icon(Icon::Fit, palette())); }

void MatrixView::show_matrices(std::shared_ptr<const PairMatrices> matrices,
                               std::shared_ptr<const Trajectory> trajectory) {
  matrices_ = std::move(matrices);
  trajectory_ = std::move(trajectory);
  canvas_->show_matrices(matrices_, trajectory_);
  busy_->hide();
  canvas_->setVisible(true);
  const bool reranked = matrices_ && !matrices_->similarities.columns.empty();
  if (!reranked && shows() == MatrixShows::Similarity) choose(MatrixShows::NearestDistance);
  const int row = shows_->findData(int(MatrixShows::Similarity));
  if (reranked && row < 0) {
    shows_->addItem(tr("Similarity"), int(MatrixShows::Similarity));
  } else if (!reranked && row >= 0) {
    shows_->removeItem(row);
  }
  for (QWidget* part : std::initializer_list<QWidget*>{shows_, map_, truth_, fit_}) part->setEnabled(true);
  tell_nothing();
}

void MatrixView::show_pair(FrameId query, std::optional<FrameId> candidate) { canvas_->show_pair(query, candidate); }

void MatrixView::show_progress(double done, const QString& text) {
  busy_text_->setText(text);
  bar_->setValue(int(1000 * done));
  bar_->show();
  cancel_->show();
  compute_->hide();
  canvas_->setVisible(false);
  busy_->show();
  reading_->clear();
}

void MatrixView::show_empty(const QString& text, bool may_compute) {
  matrices_ = nullptr;
  canvas_->show_matrices(nullptr, nullptr);
  busy_text_->setText(text);
  bar_->hide();
  cancel_->hide();
  compute_->setVisible(may_compute);
  canvas_->setVisible(false);
  busy_->show();
  for (QWidget* part : std::initializer_list<QWidget*>{shows_, map_, truth_, fit_}) part->setEnabled(false);
  reading_->clear();
}

void MatrixView::choose(MatrixShows shows) { shows_->setCurrentIndex(std::max(0, shows_->findData(int(shows)))); }

MatrixShows MatrixView::shows() const { return MatrixShows(shows_->currentData().toInt()); }

QString MatrixView::reading() const { return reading_->text(); }

/// "query 120 → candidate 45: distance 0.412, similarity 0.83, 3.2 m apart: same place"
void MatrixView::tell(FrameId query, FrameId candidate) {
  if (!matrices_) return;
  const auto number = [&](FrameId frame) {
    const auto at = std::size_t(frame);
    return QString::number(trajectory_ && at < trajectory_->numbers.size() ? trajectory_->numbers[at] : frame);
  };
  const auto figure = [](double value, int decimals) { return QLocale::c().toString(value, 'f', decimals); };
  QString text = tr("query %1 → candidate %2: ").arg(number(query), number(candidate));
  QStringList words;
  const auto& descriptors = matrices_->experiment->descriptors;
  if (query < descriptors.rows() && candidate < descriptors.rows()) {
    const float distance = (descriptors.row(query) - descriptors.row(candidate)).norm();
    words << (std::isfinite(distance) ? tr("distance %1").arg(figure(distance, 4)) : tr("no finite descriptor"));
  }
  if (const float similarity = matrices_->similarities.value(query, candidate); !std::isnan(similarity))
    words << tr("similarity %1").arg(figure(similarity, 4));
  const auto frames = trajectory_ ? FrameId(trajectory_->size()) : 0;
  if (query < frames && candidate < frames && trajectory_->has_pose(query) && trajectory_->has_pose(candidate))
    words << tr("%1 m apart")
                 .arg(figure(distance(*trajectory_, query, candidate, matrices_->experiment->protocol.planar), 1));
  if (matrices_->right.contains(query, candidate)) words << tr("same place");
  if (std::size_t(query) < matrices_->admitted.size() && !matrices_->admitted[std::size_t(query)].contains(candidate))
    words << tr("not admitted");
  text += words.join(QStringLiteral(", "));
  reading_->setText(text);
  reading_->setToolTip(text);
}

void MatrixView::tell_nothing() {
  reading_->setText(matrices_ ? tr("Click a pair to see both scans; the wheel zooms, dragging moves") : QString());
}

void MatrixView::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange) colour_icons();
  QWidget::changeEvent(event);
}

}  // namespace relocus
