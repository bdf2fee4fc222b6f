#include "widgets/matrix_picture.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "core/distance_window.h"

namespace relocus {
namespace {

constexpr double kDimmed = 0.7;        // share of the background where no answer is admitted
constexpr double kBorder = 0.9;        // share of the colour on the border of the same places
constexpr double kTint = 0.15;         // share of the colour that marks the same place
constexpr double kMostProducts = 2e8;  // of numbers, for pairs that are compared while they are drawn
constexpr int kLeastSide = 2;          // [px] of a pair that stands alone

QRgb mixed(QRgb colour, QRgb with, double share) {
  const auto mix = [share](int a, int b) { return int(std::lround(a + (b - a) * share)); };
  return qRgb(mix(qRed(colour), qRed(with)), mix(qGreen(colour), qGreen(with)), mix(qBlue(colour), qBlue(with)));
}

/// The frame under each pixel along an edge; -1 beyond the matrix.
std::vector<FrameId> frames_along(double corner, double scale, int pixels, FrameId size) {
  std::vector<FrameId> frames(std::size_t(std::max(pixels, 0)), -1);
  for (int i = 0; i < pixels; ++i) {
    const double frame = std::floor(corner + (i + 0.5) / scale);
    if (frame >= 0 && frame < size) frames[std::size_t(i)] = FrameId(frame);
  }
  return frames;
}

/// Pixels that pairs cover, row by row of the matrix.
template <class Put>
void for_each_pair(const PairCells& cells, const MatrixPicture& picture, int least_side, Put put) {
  const int width = picture.size.width(), height = picture.size.height();
  const auto first_row = FrameId(std::max(0., std::floor(picture.corner.y())));
  const auto last_row = FrameId(std::min<double>(cells.rows(), picture.corner.y() + height / picture.scale + 1));
  const auto first_column = FrameId(std::max(0., std::floor(picture.corner.x())));
  const int side = std::max(least_side, int(std::ceil(picture.scale)));
  for (FrameId row = first_row; row < last_row; ++row) {
    const int top = int(std::floor((row - picture.corner.y()) * picture.scale));
    const auto columns = cells.row(row);
    for (auto at = std::ranges::lower_bound(columns, first_column); at != columns.end(); ++at) {
      const int left = int(std::floor((*at - picture.corner.x()) * picture.scale));
      if (left >= width) break;
      const std::size_t index = cells.starts[row] + std::size_t(at - columns.begin());
      for (int y = std::max(0, top); y < std::min(height, top + side); ++y)
        for (int x = std::max(0, left); x < std::min(width, left + side); ++x) put(x, y, index);
    }
  }
}

/// Where the blocks of a long sequence are larger than a pixel: the pairs themselves, if they are few enough.
std::optional<DistanceWindow> pairs_in_sight(const PairMatrices& matrices, const DistanceMatrix::Level& level,
                                             double scale, const std::vector<FrameId>& rows,
                                             const std::vector<FrameId>& columns) {
  const auto within = [](FrameId frame) { return frame >= 0; };
  const auto first_row = std::ranges::find_if(rows, within), first_column = std::ranges::find_if(columns, within);
  if (level.block * scale <= 1 || level.block == 1 || first_row == rows.end() || first_column == columns.end())
    return std::nullopt;
  const Descriptors& descriptors = matrices.experiment->descriptors;
  const int height = std::ranges::max(rows) - *first_row + 1, width = std::ranges::max(columns) - *first_column + 1;
  if (double(height) * width * double(descriptors.cols()) > kMostProducts) return std::nullopt;
  return distance_window(descriptors, *first_row, *first_column, height, width);
}

void draw_distances(QImage& image, const PairMatrices& matrices, const MatrixPicture& picture) {
  const DistanceMatrix& distances = *matrices.distances;
  const DistanceMatrix::Level& level = distances.level_for(1 / picture.scale);
  const bool mean = picture.shows == MatrixShows::MeanDistance;
  const QRgb background = picture.colours.canvas.rgb();
  // One colour for each value that the matrix knows.
  std::vector<QRgb> bright(65536), dim(65536);
  for (int value = 0; value < 65536; ++value) {
    const bool nothing = value == DistanceMatrix::nothing;
    bright[std::size_t(value)] =
        nothing
            ? background
            : colour(picture.map, distances.distance(std::uint16_t(value)), picture.lower, picture.upper) | 0xff000000u;
    dim[std::size_t(value)] = mixed(bright[std::size_t(value)], background, kDimmed);
  }
  const auto rows = frames_along(picture.corner.y(), picture.scale, image.height(), distances.size);
  const auto columns = frames_along(picture.corner.x(), picture.scale, image.width(), distances.size);
  const std::optional<DistanceWindow> pairs = pairs_in_sight(matrices, level, picture.scale, rows, columns);
  const auto value_at = [&](FrameId row, FrameId column) {
    if (!pairs) return level.at(row / level.block, column / level.block, mean);
    const float distance = pairs->at(row, column);
    return std::isnan(distance) ? DistanceMatrix::nothing
                                : std::uint16_t(std::min(65534.f, distance / distances.step + 0.5f));
  };
  for (int y = 0; y < image.height(); ++y) {
    const FrameId row = rows[std::size_t(y)];
    if (row < 0) continue;
    const Admitted open = std::size_t(row) < matrices.admitted.size() ? matrices.admitted[std::size_t(row)]
                                                                      : Admitted{distances.size, 0, 0};
    QRgb* const line = reinterpret_cast<QRgb*>(image.scanLine(y));
    for (int x = 0; x < image.width(); ++x) {
      const FrameId column = columns[std::size_t(x)];
      if (column < 0) break;
      const std::uint16_t value = value_at(row, column);
      line[x] = (open.contains(column) ? bright : dim)[value];
    }
  }
}

void draw_similarities(QImage& image, const PairMatrices& matrices, const MatrixPicture& picture) {
  // Of the pairs that share a pixel the most similar one is seen.
  std::vector<float> values(std::size_t(image.width()) * std::size_t(image.height()), NAN);
  const auto& cells = matrices.similarities;
  for_each_pair(cells, picture, kLeastSide, [&](int x, int y, std::size_t index) {
    float& value = values[std::size_t(y) * std::size_t(image.width()) + std::size_t(x)];
    if (!(value >= cells.values[index])) value = cells.values[index];
  });
  const auto rows = frames_along(picture.corner.y(), picture.scale, image.height(), matrices.distances->size);
  const auto columns = frames_along(picture.corner.x(), picture.scale, image.width(), matrices.distances->size);
  const QRgb paper = mixed(picture.colours.canvas.rgb(), picture.colours.grid.rgb(), 0.6);
  for (int y = 0; y < image.height(); ++y) {
    QRgb* const line = reinterpret_cast<QRgb*>(image.scanLine(y));
    for (int x = 0; x < image.width(); ++x) {
      const float value = values[std::size_t(y) * std::size_t(image.width()) + std::size_t(x)];
      if (!std::isnan(value))
        line[x] = colour(picture.map, value, picture.lower, picture.upper) | 0xff000000u;
      else if (rows[std::size_t(y)] >= 0 && columns[std::size_t(x)] >= 0)
        line[x] = paper;
    }
  }
}

void tint_truth(QImage& image, const PairMatrices& matrices, const MatrixPicture& picture) {
  std::vector<bool> marked(std::size_t(image.width()) * std::size_t(image.height()), false);
  for_each_pair(matrices.right, picture, 1, [&](int x, int y, std::size_t) {
    marked[std::size_t(y) * std::size_t(image.width()) + std::size_t(x)] = true;
  });
  const QRgb tint = picture.colours.candidate.rgb();
  const auto is_marked = [&](int x, int y) {
    const bool inside = x >= 0 && y >= 0 && x < image.width() && y < image.height();
    return !inside || marked[std::size_t(y) * std::size_t(image.width()) + std::size_t(x)];
  };
  for (int y = 0; y < image.height(); ++y) {
    QRgb* const line = reinterpret_cast<QRgb*>(image.scanLine(y));
    for (int x = 0; x < image.width(); ++x) {
      if (!is_marked(x, y)) continue;
      const bool within = is_marked(x - 1, y) && is_marked(x + 1, y) && is_marked(x, y - 1) && is_marked(x, y + 1);
      line[x] = mixed(line[x], tint, within ? kTint : kBorder);
    }
  }
}

}  // namespace

QImage draw_matrix(const PairMatrices& matrices, const MatrixPicture& picture) {
  QImage image(picture.size, QImage::Format_RGB32);
  image.fill(picture.colours.canvas);
  if (image.isNull() || !matrices.distances || matrices.distances->levels.empty()) return image;
  if (picture.shows == MatrixShows::Similarity)
    draw_similarities(image, matrices, picture);
  else
    draw_distances(image, matrices, picture);
  if (picture.truth) tint_truth(image, matrices, picture);
  return image;
}

QColor dimmed(const QColor& colour, const ViewColours& colours) {
  return QColor(mixed(colour.rgb(), colours.canvas.rgb(), kDimmed));
}

std::pair<FrameId, FrameId> most_telling(const PairMatrices& matrices, MatrixShows shows,
                                         std::pair<FrameId, FrameId> otherwise, std::pair<FrameId, FrameId> first,
                                         std::pair<FrameId, FrameId> end) {
  const DistanceMatrix::Level& finest = matrices.distances->levels.front();
  if (shows != MatrixShows::Similarity && finest.block > 1) return otherwise;
  float best = INFINITY;
  std::pair<FrameId, FrameId> found = otherwise;
  for (FrameId row = first.first; row < end.first; ++row)
    for (FrameId column = first.second; column < end.second; ++column) {
      if (row == column) continue;
      const float value = shows == MatrixShows::Similarity ? -matrices.similarities.value(row, column)
                                                           : float(finest.at(row, column, false));
      if (value < best) best = value, found = {row, column};
    }
  return found;
}

}  // namespace relocus
