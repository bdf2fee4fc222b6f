#pragma once

#include <QImage>
#include <QObject>
#include <compare>
#include <memory>
#include <vector>

#include "app/wish_loader.h"
#include "core/types.h"

namespace relocus {

/// The picture of a frame's camera, no larger than so many pixels a side.
struct ImageWish {
  FrameId frame = -1;
  int largest_side = 0;  ///< [px]
  auto operator<=>(const ImageWish&) const = default;
};

/// Reads camera images as they are wanted.
class ImageLoader : public QObject {
  Q_OBJECT

 public:
  explicit ImageLoader(QObject* parent = nullptr, std::size_t bytes_kept = std::size_t(64) << 20);

  /// Forgets everything and reads from this sequence from now on.
  void show_sequence(std::shared_ptr<const Sequence> sequence);

  /// Replaces the wishes, the most urgent first. Those at hand are told at once, the others as they arrive.
  void want(const std::vector<ImageWish>& wishes);

  bool is_busy() const { return images_.is_busy(); }

 Q_SIGNALS:
  void loaded(const relocus::ImageWish& wish, const QImage& image);
  void failed(const relocus::ImageWish& wish, const QString& message);
  void idle();  ///< no wish is left

 private:
  WishLoader<ImageWish, QImage> images_;
  std::shared_ptr<const Sequence> sequence_;
};

/// Reads an image, made smaller while it is decoded where its format can do that. Throws when it cannot be read.
QImage read_image(const std::filesystem::path& path, int largest_side);

}  // namespace relocus
