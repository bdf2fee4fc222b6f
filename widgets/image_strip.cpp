#include "widgets/image_strip.h"

#include <QEvent>
#include <QPainter>
#include <QSignalBlocker>
#include <QStyle>

#include "widgets/legend.h"
#include "widgets/theme.h"

namespace relocus {
namespace {

constexpr QSize kThumbnail{160, 56};  // [px]: the shape of a car's camera image, cut at the sides or above
constexpr double kMark = 14, kMargin = 4;

}  // namespace

ImageStrip::ImageStrip(QWidget* parent) : QListWidget(parent) {
  setViewMode(QListView::IconMode);
  setFlow(QListView::LeftToRight);
  setWrapping(false);
  setMovement(QListView::Static);
  setUniformItemSizes(true);
  setIconSize(kThumbnail);
  setSpacing(3);
  setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
  setAccessibleName(tr("Images of the candidates"));
  const int height =
      kThumbnail.height() + fontMetrics().height() + 14 + style()->pixelMetric(QStyle::PM_ScrollBarExtent);
  setMinimumHeight(height);
  setMaximumHeight(height + 4);
  connect(this, &QListWidget::currentRowChanged, this, [this](int row) {
    if (telling_ && row >= 0 && !tiles_[std::size_t(row)].is_query)
      Q_EMIT candidate_selected(tiles_[std::size_t(row)].frame);
  });
}

void ImageStrip::show_tiles(std::vector<ImageTile> tiles) {
  const QSignalBlocker quiet(this);
  clear();
  tiles_ = std::move(tiles);
  images_.assign(tiles_.size(), QImage());
  for (const ImageTile& tile : tiles_) {
    auto* item = new QListWidgetItem(picture(tile, {}), tile.caption, this);
    item->setToolTip(tile.tip);
    item->setData(Qt::AccessibleDescriptionRole, tile.tip);
    if (tile.is_query) item->setFlags(Qt::ItemIsEnabled);
  }
}

void ImageStrip::show_image(FrameId frame, const QImage& image) {
  for (std::size_t i = 0; i < tiles_.size(); ++i)
    if (tiles_[i].frame == frame) {
      images_[i] = image;
      item(int(i))->setIcon(picture(tiles_[i], image));
    }
}

void ImageStrip::show_candidate(std::optional<FrameId> frame) {
  telling_ = false;
  int row = -1;
  for (std::size_t i = 0; i < tiles_.size(); ++i)
    if (!tiles_[i].is_query && tiles_[i].frame == frame) row = int(i);
  setCurrentRow(row);
  if (row < 0) clearSelection();
  telling_ = true;
}

QIcon ImageStrip::picture(const ImageTile& tile, const QImage& image) const {
  const ViewColours colours = view_colours(palette());
  const double ratio = devicePixelRatioF();
  QPixmap pixmap(kThumbnail * ratio);
  pixmap.setDevicePixelRatio(ratio);
  pixmap.fill(colours.canvas);
  QPainter painter(&pixmap);
  painter.setRenderHints(QPainter::Antialiasing | QPainter::SmoothPixmapTransform);
  const QRectF area(QPointF(0, 0), QSizeF(kThumbnail));
  if (!image.isNull()) {
    const QSizeF size = QSizeF(image.size()).scaled(area.size(), Qt::KeepAspectRatioByExpanding);
    painter.drawImage(QRectF(area.center() - QPointF(size.width() / 2, size.height() / 2), size), image);
  }
  const QColor colour = tile.is_query   ? colours.query
                        : !tile.correct ? colours.missed
                        : *tile.correct ? colours.right
                                        : colours.wrong;
  painter.setPen(QPen(colour, 3));
  painter.drawRect(area.adjusted(1.5, 1.5, -1.5, -1.5));
  const QRectF corner(kMargin, kMargin, kMark + 6, kMark + 6);
  QColor ground = colours.canvas;
  ground.setAlpha(215);
  painter.setPen(Qt::NoPen);
  painter.setBrush(ground);
  painter.drawRoundedRect(corner, 3, 3);
  const Mark mark = tile.is_query ? Mark::Arrow : !tile.correct ? Mark::Ring : *tile.correct ? Mark::Disc : Mark::Cross;
  draw_mark(painter, mark, corner.center(), mark == Mark::Cross ? kMark - 3 : kMark, colour);
  painter.end();
  QIcon icon;  // the same when it is selected: the list colours it otherwise
  for (const QIcon::Mode mode : {QIcon::Normal, QIcon::Selected, QIcon::Disabled}) icon.addPixmap(pixmap, mode);
  return icon;
}

void ImageStrip::changeEvent(QEvent* event) {
  QListWidget::changeEvent(event);
  if (event->type() != QEvent::PaletteChange) return;
  for (std::size_t i = 0; i < tiles_.size(); ++i) item(int(i))->setIcon(picture(tiles_[i], images_[i]));
}

}  // namespace relocus
