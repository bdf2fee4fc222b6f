#include "widgets/images_view.h"

#include <QLabel>
#include <QVBoxLayout>
#include <algorithm>

namespace relocus {
namespace {

constexpr std::array kSides = {PairSide::Query, PairSide::Candidate};

}  // namespace

ImagesView::ImagesView(QWidget* parent)
    : QStackedWidget(parent),
      nothing_(new QLabel),
      pair_(new ImagePair),
      strip_(new ImageStrip),
      patches_(new PatchBar) {
  nothing_->setAlignment(Qt::AlignCenter);
  nothing_->setWordWrap(true);
  nothing_->setMargin(12);
  nothing_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  auto* page = new QWidget;
  auto* column = new QVBoxLayout(page);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(2);
  column->addWidget(patches_);
  column->addWidget(pair_, 1);
  column->addWidget(strip_);
  addWidget(nothing_);
  addWidget(page);
  show_nothing(tr("Open a sequence to see its images"));
  connect(strip_, &ImageStrip::candidate_selected, this, &ImagesView::candidate_selected);
  connect(patches_, &PatchBar::changed, this, [this] { pair_->show_patches(patches_->scene()); });
}

QString ImagesView::text() const { return nothing_->text(); }

void ImagesView::show_nothing(const QString& sentence) {
  nothing_->setText(sentence);
  setCurrentIndex(0);
  strip_->show_tiles({});
  large_ = {};
  asked_ = true;
}

void ImagesView::show_tiles(std::vector<ImageTile> tiles) {
  setCurrentIndex(1);
  const auto query = std::ranges::find(tiles, true, &ImageTile::is_query);
  large_[0] = query == tiles.end() ? std::nullopt : std::optional(query->frame);
  pair_->show_title(PairSide::Query, query == tiles.end() ? QString() : query->caption);
  pair_->show_message(PairSide::Query, tr("Reading …"));
  strip_->show_tiles(std::move(tiles));
  show_candidate(std::nullopt);
}

void ImagesView::show_candidate(std::optional<FrameId> frame) {
  large_[1] = frame;
  strip_->show_candidate(frame);
  const auto& tiles = strip_->tiles();
  const auto tile =
      std::ranges::find_if(tiles, [&](const ImageTile& each) { return !each.is_query && each.frame == frame; });
  pair_->show_title(PairSide::Candidate, tile == tiles.end() ? QString() : tile->caption);
  pair_->show_message(PairSide::Candidate, frame ? tr("Reading …") : tr("No candidate"));
  asked_ = false;
  if (isVisible()) ask();
}

void ImagesView::ask() {
  asked_ = true;
  std::vector<FrameId> large, small;
  for (const auto& frame : large_)
    if (frame) large.push_back(*frame);
  for (const ImageTile& tile : strip_->tiles()) small.push_back(tile.frame);
  Q_EMIT images_wanted(large, small);
}

void ImagesView::show_image(FrameId frame, bool large, const QImage& image) {
  if (!large) return strip_->show_image(frame, image);
  for (const PairSide side : kSides)
    if (large_[std::size_t(side)] == frame) pair_->show_image(side, image);
}

void ImagesView::show_error(FrameId frame, bool large, const QString& sentence) {
  if (!large) return;
  for (const PairSide side : kSides)
    if (large_[std::size_t(side)] == frame) pair_->show_message(side, sentence);
}

void ImagesView::showEvent(QShowEvent* event) {
  QStackedWidget::showEvent(event);
  if (!asked_) ask();
  Q_EMIT seen(true);
}

void ImagesView::hideEvent(QHideEvent* event) {
  QStackedWidget::hideEvent(event);
  Q_EMIT seen(false);
}

}  // namespace relocus
