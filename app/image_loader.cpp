#include "app/image_loader.h"

#include <QImageReader>

#include "core/error.h"

namespace relocus {
namespace {

QImage read(const Sequence& sequence, const ImageWish& wish) {
  const Frame& frame = sequence.frames.at(std::size_t(wish.frame));
  if (frame.image.empty()) throw Error("frame {} of {} has no image", frame.number, sequence.name);
  return read_image(frame.image, wish.largest_side);
}

}  // namespace

QImage read_image(const std::filesystem::path& path, int largest_side) {
  QImageReader reader(QString::fromStdString(path.string()));
  reader.setAutoTransform(true);
  reader.setDecideFormatFromContent(true);  // names lie
  const QSize size = reader.size();
  if (size.isValid() && std::max(size.width(), size.height()) > largest_side)
    reader.setScaledSize(size.scaled(largest_side, largest_side, Qt::KeepAspectRatio).expandedTo({1, 1}));
  QImage image = reader.read();
  if (image.isNull()) throw Error("cannot read {}: {}", path.string(), reader.errorString().toStdString());
  if (std::max(image.width(), image.height()) > largest_side)
    image = image.scaled(largest_side, largest_side, Qt::KeepAspectRatio, Qt::SmoothTransformation);
  return image.convertToFormat(QImage::Format_RGB32);
}

ImageLoader::ImageLoader(QObject* parent, std::size_t bytes_kept) : QObject(parent), images_(bytes_kept) {
  images_.reader = [this](const ImageWish& wish) {
    return [sequence = sequence_, wish] { return std::make_shared<const QImage>(read(*sequence, wish)); };
  };
  images_.bytes_of = [](const QImage& image) { return std::size_t(image.sizeInBytes()); };
  images_.loaded = [this](const ImageWish& wish, const std::shared_ptr<const QImage>& image) {
    Q_EMIT loaded(wish, *image);
  };
  images_.failed = [this](const ImageWish& wish, const QString& message) { Q_EMIT failed(wish, message); };
  images_.idle = [this] { Q_EMIT idle(); };
}

void ImageLoader::show_sequence(std::shared_ptr<const Sequence> sequence) {
  images_.forget_all();
  sequence_ = std::move(sequence);
}

void ImageLoader::want(const std::vector<ImageWish>& wishes) {
  if (sequence_) images_.want(wishes);
}

}  // namespace relocus
