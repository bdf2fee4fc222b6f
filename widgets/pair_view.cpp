#include "widgets/pair_view.h"

#include <QAbstractItemView>
#include <QComboBox>
#include <QCoreApplication>
#include <QKeyEvent>
#include <QLabel>
#include <QLocale>
#include <QPainter>
#include <QSlider>
#include <QStandardItemModel>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

#include "widgets/cloud_bar.h"
#include "widgets/theme.h"

namespace relocus {
namespace {

constexpr std::array kSides = {PairSide::Query, PairSide::Candidate};
constexpr int kColourByLetters = 12;          // the list is as wide as its words, the box is not
constexpr int kFrame = 8;                     // [px] round the words of a list
constexpr int kTitleRole = Qt::UserRole + 1;  // of the maps of cells

}  // namespace

QString title(Alignment alignment) {
  switch (alignment) {
    case Alignment::None:
      return QCoreApplication::translate("Alignment", "Not aligned");
    case Alignment::Truth:
      return QCoreApplication::translate("Alignment", "Ground truth");
    case Alignment::Estimate:
      return QCoreApplication::translate("Alignment", "Estimated yaw");
    case Alignment::Icp:
      return QCoreApplication::translate("Alignment", "Estimated pose");
  }
  return {};
}

PairView::PairView(QWidget* parent) : QWidget(parent), scene_(new PairScene), text_(new QLabel) {
  scene_->setAccessibleName(tr("Query and candidate in 3-D"));
  scene_->set_overlay([this](QPainter& painter) { paint_overlay(painter); });
  text_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  text_->setWordWrap(true);
  text_->setContentsMargins(6, 2, 6, 4);
  text_->setAccessibleName(tr("What is known of the pair"));
  make_bar();
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  column->addWidget(bar_);
  column->addWidget(scene_, 1);
  column->addWidget(text_);
  setFocusProxy(scene_);
  setMinimumSize(200, 160);

  connect(scene_, &CloudScene::point_size_stepped, this,
          [this](int pixels) { bar_->show_point_size(bar_->point_size() + pixels); });
  connect(scene_, &VtkWidget::about_to_render, this, [this] {  // hidden, it costs nothing
    if (std::exchange(stale_, false)) colour();
  });
  knowledge_.offers[0].possible = true;
  for (const PairSide side : kSides) show_error(side, tr("Open a sequence and run a method to see a pair"));
  scene_->show_point_size(bar_->point_size());
  scene_->reset_view();
  show_what_is_possible();
  dress();
}

PairView::~PairView() { delete scene_; }

void PairView::make_bar() {
  bar_ = new CloudBar;
  layout_ = bar_->add_box(tr("Layout"), tr("Query and candidate beside or over each other (O)"));
  layout_->addItems({tr("Side by side"), tr("Overlaid")});
  alignment_ = bar_->add_box(tr("Alignment"), {});
  for (const Alignment alignment : all_alignments) alignment_->addItem(title(alignment), int(alignment));
  colour_by_ = bar_->add_box(tr("Colour by"), tr("What the colour of a point tells"));
  colour_by_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  colour_by_->setMinimumContentsLength(kColourByLetters);
  colour_by_->addItem(tr("Scan"), int(ColourBy::Scan));
  colour_by_->addItem(tr("Height"), int(ColourBy::Height));
  colour_by_->addItem(tr("Nearest distance"), int(ColourBy::Distance));
  colour_by_->setItemData(2, tr("Distance of each point to the nearest of the other scan [m]"), Qt::ToolTipRole);
  colour_of_layout_ = {colour_by_->findData(int(ColourBy::Height)), colour_by_->findData(int(ColourBy::Scan))};
  colour_by_->setCurrentIndex(colour_of_layout_[0]);
  crossfade_ = new QSlider(Qt::Horizontal);
  crossfade_->setRange(0, 100);
  crossfade_->setValue(50);
  crossfade_->setFixedWidth(80);
  crossfade_->setAccessibleName(tr("Crossfade"));
  crossfade_->setToolTip(tr("Crossfade: the query alone on the left, the candidate alone on the right"));
  crossfade_->hide();
  bar_->add(crossfade_);

  bar_->show_colour_map(ColourMap::Viridis);  // even lightness: maps of cells are compared
  connect(layout_, &QComboBox::currentIndexChanged, this, [this](int index) { show_overlaid(index == 1); });
  connect(alignment_, &QComboBox::currentIndexChanged, this, [this] {
    tell_needs();
    pose();
  });
  connect(colour_by_, &QComboBox::currentIndexChanged, this, [this](int index) {
    colour_of_layout_[is_overlaid()] = index;
    tell_needs();
    stale_ = true;
    scene_->update();
  });
  connect(crossfade_, &QSlider::valueChanged, this, [this](int value) { scene_->show_crossfade(value / 100.); });
  connect(bar_, &CloudBar::colour_map_changed, this, [this] {
    stale_ = true;
    scene_->update();
  });
  connect(bar_, &CloudBar::point_size_changed, scene_, &PairScene::show_point_size);
  connect(bar_, &CloudBar::reset_wanted, scene_, &PairScene::reset_view);
  connect(bar_, &CloudBar::top_wanted, scene_, &PairScene::top_view);
}

// What there is to see -----------------------------------------------------------------------------------------------

void PairView::show_headline(const PairHeadline& facts) {
  headline_ = facts;
  cells_.clear();
  knowledge_.distances.reset();
  show_facts_text();
  if (colour_by() == ColourBy::Distance || colour_by() == ColourBy::Cells) stale_ = true;
  scene_->update();
}

void PairView::show_cloud(PairSide side, std::shared_ptr<const PointCloud> cloud) {
  if (!cloud || cloud->points.empty()) return show_error(side, tr("This scan has no points"));
  messages_[std::size_t(side)].clear();
  scene_->show_cloud(side, std::move(cloud));
  stale_ = true;
}

void PairView::show_error(PairSide side, const QString& sentence) {
  messages_[std::size_t(side)] = sentence;
  scene_->show_cloud(side, nullptr);
}

void PairView::show_knowledge(const PairKnowledge& knowledge) {
  knowledge_ = knowledge;
  show_what_is_possible();
  pose();
  if (colour_by() == ColourBy::Distance) stale_ = true;
  scene_->update();
}

void PairView::show_cell_maps(const CellMap& query, const CellMap& candidate, const QString& title, float lower,
                              float upper) {
  put_cells(title, {query, candidate, lower, upper});
}

void PairView::show_no_cell_maps(const QString& title, const QString& why) {
  put_cells(title, {.known = false, .why_not = why});
}

void PairView::put_cells(const QString& title, Cells cells) {
  cells_[title] = std::move(cells);
  if (colour_by_->findData(title, kTitleRole) < 0) {
    const int row = colour_by_->count();
    colour_by_->addItem(title, int(ColourBy::Cells));
    colour_by_->setItemData(row, title, kTitleRole);
    colour_by_->setItemData(row, tr("A map of cells, draped on the points of its scan"), Qt::ToolTipRole);
    colour_by_->view()->setMinimumWidth(colour_by_->view()->sizeHintForColumn(0) + kFrame);
  }
  if (colour_by_->currentData(kTitleRole).toString() != title) return;
  stale_ = true;
  scene_->update();
}

void PairView::show_what_is_possible() {
  auto* items = qobject_cast<QStandardItemModel*>(alignment_->model());
  QStringList lines{tr("How the candidate is laid over the query (A)")};
  for (const Alignment alignment : all_alignments) {
    const AlignmentOffer& offer = knowledge_.offer(alignment);
    QStandardItem* item = items->item(int(alignment));
    item->setEnabled(offer.possible);
    item->setToolTip(offer.words);
    if (!offer.possible && !offer.words.isEmpty()) lines << tr("%1: %2").arg(title(alignment), offer.words);
  }
  alignment_->setToolTip(lines.join('\n'));
}

// What a person chooses ----------------------------------------------------------------------------------------------

void PairView::show_overlaid(bool overlaid) {
  layout_->setCurrentIndex(overlaid ? 1 : 0);
  if (overlaid == is_overlaid()) return;
  scene_->show_overlaid(overlaid);
  crossfade_->setVisible(overlaid);
  colour_by_->setCurrentIndex(colour_of_layout_[overlaid]);
  stale_ = true;
}

void PairView::show_alignment(Alignment alignment) { alignment_->setCurrentIndex(int(alignment)); }

void PairView::next_alignment() {
  const int count = int(all_alignments.size());
  for (int i = 1; i <= count; ++i) {
    const auto next = Alignment((int(alignment()) + i) % count);
    if (knowledge_.offer(next).possible) return show_alignment(next);
  }
}

void PairView::show_colour_by(ColourBy by, const QString& cells) {
  const int index = by == ColourBy::Cells ? colour_by_->findData(cells, kTitleRole) : colour_by_->findData(int(by));
  if (index >= 0) colour_by_->setCurrentIndex(index);
}

void PairView::show_colour_map(ColourMap map) { bar_->show_colour_map(map); }

void PairView::show_crossfade(double share) { crossfade_->setValue(int(std::lround(100 * share))); }

Alignment PairView::alignment() const {
  const auto chosen = Alignment(alignment_->currentData().toInt());
  return knowledge_.offer(chosen).possible ? chosen : Alignment::None;
}

PairView::ColourBy PairView::colour_by() const { return ColourBy(colour_by_->currentData().toInt()); }

PairNeeds PairView::needs() const {
  return {Alignment(alignment_->currentData().toInt()), colour_by() == ColourBy::Distance,
          colour_by_->currentData(kTitleRole).toString()};
}

void PairView::tell_needs() {
  if (needs() == told_) return;
  told_ = needs();
  knowledge_.distances.reset();  // they were of another alignment
  Q_EMIT needs_changed(told_);
}

// Drawing ------------------------------------------------------------------------------------------------------------

void PairView::pose() {
  scene_->show_pose(knowledge_.offer(alignment()).query_from_candidate.value_or(Eigen::Isometry3d::Identity()));
  show_facts_text();
}

const PairView::Cells* PairView::cells() const {
  const auto found = cells_.find(colour_by_->currentData(kTitleRole).toString());
  return found == cells_.end() || !found->second.known ? nullptr : &found->second;
}

void PairView::show_facts_text() {
  QStringList parts;
  if (headline_.correct) parts << (*headline_.correct ? tr("right answer") : tr("wrong answer"));
  if (std::isfinite(headline_.distance)) parts << tr("true distance %1 m").arg(headline_.distance, 0, 'f', 2);
  if (std::isfinite(headline_.yaw_difference))
    parts << tr("yaw difference %1°").arg(headline_.yaw_difference * 180 / M_PI, 0, 'f', 1);
  const AlignmentOffer& offer = knowledge_.offer(alignment());
  const auto chosen = Alignment(alignment_->currentData().toInt());
  if (chosen != alignment())
    parts << tr("%1: %2").arg(title(chosen), knowledge_.offer(chosen).words);
  else if (chosen != Alignment::None)
    parts << tr("aligned by %1: %2")
                 .arg(chosen == Alignment::Icp ? title(chosen) : title(chosen).toLower(),
                      !offer.query_from_candidate ? tr("computing …")
                      : offer.words.isEmpty()     ? tr("shown")
                                                  : offer.words);
  text_->setText(headline_.candidate.isEmpty() ? QString() : parts.join(QStringLiteral(" · ")));
  text_->setVisible(!text_->text().isEmpty());
}

QString PairView::facts_text() const { return text_->text(); }

void PairView::dress() {
  scene_->dress(view_colours(palette()), is_dark(palette()));
  stale_ = true;
}

void PairView::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange) dress();
  QWidget::changeEvent(event);
}

void PairView::keyPressEvent(QKeyEvent* event) {
  if (event->key() == Qt::Key_R)
    scene_->reset_view();
  else if (event->key() == Qt::Key_T)
    scene_->top_view();
  else
    QWidget::keyPressEvent(event);
}

}  // namespace relocus
