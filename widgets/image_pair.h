#pragma once

#include <QImage>
#include <QWidget>
#include <array>
#include <optional>

#include "widgets/pair_side.h"
#include "widgets/patch_scene.h"

class QPainter;

namespace relocus {

/// The camera images of query and candidate beside each other. The wheel comes nearer, dragging moves, both alike;
/// R or a double click shows the whole again.
class ImagePair : public QWidget {
  Q_OBJECT

 public:
  explicit ImagePair(QWidget* parent = nullptr);

  void show_image(PairSide side, const QImage& image);
  void show_title(PairSide side, const QString& title);
  void show_message(PairSide side, const QString& sentence);  ///< instead of an image
  void fit();

  /// Patches that the images have in common, drawn over them; the pointer shows one pair alone. Nothing: none.
  void show_patches(std::optional<PatchScene> patches);
  const std::optional<PatchScene>& patches() const { return patches_; }

  double zoom() const { return zoom_; }  ///< 1: the whole image is seen
  /// Where the pixel of the image is to be seen [px]; nothing without an image.
  std::optional<QPointF> place_of(PairSide side, QPointF pixel) const;

  QSize sizeHint() const override { return {640, 200}; }

 protected:
  void paintEvent(QPaintEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void leaveEvent(QEvent* event) override;

 private:
  struct Half {
    QImage image;
    QString title, message;
  };
  const Half& half(PairSide side) const { return halves_[std::size_t(side)]; }
  QRectF pane(PairSide side) const;
  QRectF target(PairSide side) const;  ///< [px] what the whole image would cover
  PairSide side_at(QPointF place) const;
  void look_at(QPointF centre);
  void point_at(std::optional<QPointF> place);

  std::array<Half, 2> halves_;
  double zoom_ = 1;
  QPointF centre_{0.5, 0.5};  // of what is seen, in shares of the image
  std::optional<QPointF> grip_;
  std::optional<PatchScene> patches_;
};

}  // namespace relocus
