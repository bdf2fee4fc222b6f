// Range images and their overlap: the directions of points are computed several at a time.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>

#include "core/error.h"
#include "core/overlap.h"

namespace relocus {
namespace {

constexpr std::size_t block = 512;  ///< points whose pixels are computed together
constexpr float edge = 1e-3f;       ///< [pixel] so near to another pixel the quick angle is not trusted
constexpr float nothing = 1e30f;    ///< [m]
constexpr float half_turn = float(M_PI), eighth_turn = float(M_PI / 4), tangent = 0.41421356f;  ///< of a 16th turn

/// The sensor's picture in single precision, as the reference computes it.
struct Camera {
  float width, height, fov_down, fov;

  explicit Camera(const RangeImageSettings& settings)
      : width(float(settings.width)),
        height(float(settings.height)),
        fov_down(float(std::abs(settings.fov_down) * M_PI / 180)),
        fov(float((std::abs(settings.fov_down) + std::abs(settings.fov_up)) * M_PI / 180)) {}
  float column(float yaw) const { return 0.5f * (yaw / half_turn + 1) * width; }
  float row(float pitch) const { return (1 - (pitch + fov_down) / fov) * height; }
};

/// Where the points of a block are seen.
struct Seen {
  float x[block], y[block], z[block];  ///< [m] in the camera's frame
  float range[block];                  ///< [m]
  std::int32_t row[block], column[block];
  std::int32_t on_edge[block];  ///< not 0: the quick angles cannot tell between two pixels
};

/// Eight numbers that are computed at a time (by two halves where the machine has no such registers).
using Floats = float __attribute__((vector_size(32)));
using Integers = std::int32_t __attribute__((vector_size(32)));
constexpr std::size_t lanes = 8;
static_assert(block % lanes == 0);

[[gnu::always_inline]] inline Floats all(float value) { return Floats{} + value; }
[[gnu::always_inline]] inline Floats size_of(Floats value) { return value < 0 ? -value : value; }

/// Angle of a vector in the first quadrant, within 3e-7 (Cephes' polynomial); 0 without a direction.
[[gnu::always_inline]] inline Floats quick_angle(Floats across, Floats up) {
  const Integers upright = across < up;
  const Floats small = upright ? across : up, large = upright ? up : across;
  const Integers steep = small > tangent * large;
  const Floats t = (steep ? small - large : small) / ((steep ? large + small : large) + 1e-30f);
  const Floats s = t * t;
  const Floats series =
      (((8.05374449538e-2f * s - 1.38776856032e-1f) * s + 1.99777106478e-1f) * s - 3.33329491539e-1f) * s * t + t;
  const Floats angle = (steep ? all(eighth_turn) : all(0)) + series;
  return upright ? half_turn / 2 - angle : angle;
}

/// Half a pixel inside the picture: what lies beyond its rim is seen on it.
[[gnu::always_inline]] inline Floats inside(Floats place, float count) {
  const Floats upper = place < count - 0.5f ? place : all(count - 0.5f);
  return upper > 0.5f ? upper : all(0.5f);
}

/// Distance to the nearest whole number, where `whole` lies below.
[[gnu::always_inline]] inline Floats to_edge(Floats place, Integers whole) {
  const Floats beyond = place - __builtin_convertvector(whole, Floats);
  return beyond < 0.5f ? beyond : 1 - beyond;
}

[[gnu::always_inline]] inline Floats take(const float* from) {
  Floats values;
  std::memcpy(&values, from, sizeof(values));
  return values;
}

/// Moves the points into the camera's frame and finds their pixels.
[[gnu::always_inline]] inline void look(const Eigen::Vector3f* points, std::size_t count,
                                        const Eigen::Matrix<float, 3, 4>& moved_by, const Camera& camera, Seen& seen) {
  float from_x[block] = {}, from_y[block] = {}, from_z[block] = {}, level[block], m[12];
  for (std::size_t i = 0; i < count; ++i) {
    from_x[i] = points[i].x();
    from_y[i] = points[i].y();
    from_z[i] = points[i].z();
  }
  std::copy_n(moved_by.data(), 12, m);
  for (std::size_t i = 0; i < block; ++i) {
    const float x = m[0] * from_x[i] + m[3] * from_y[i] + m[6] * from_z[i] + m[9];
    const float y = m[1] * from_x[i] + m[4] * from_y[i] + m[7] * from_z[i] + m[10];
    const float z = m[2] * from_x[i] + m[5] * from_y[i] + m[8] * from_z[i] + m[11];
    seen.x[i] = x;
    seen.y[i] = y;
    seen.z[i] = z;
    seen.range[i] = std::sqrt(x * x + (y * y + z * z));
    level[i] = std::sqrt(x * x + y * y);
  }
  for (std::size_t i = 0; i < count; i += lanes) {
    const Floats x = take(seen.x + i), y = take(seen.y + i), z = take(seen.z + i);
    const Floats quarter = quick_angle(size_of(x), size_of(y));
    const Floats turn = x < 0 ? half_turn - quarter : quarter;
    const Floats slope = quick_angle(take(level + i), size_of(z));
    const Floats yaw = y < 0 ? -turn : turn, pitch = z < 0 ? -slope : slope;
    const Floats column = inside((1 - yaw / half_turn) * (0.5f * camera.width), camera.width);
    const Floats row = inside((1 - (pitch + camera.fov_down) / camera.fov) * camera.height, camera.height);
    const Integers whole_column = __builtin_convertvector(column, Integers);
    const Integers whole_row = __builtin_convertvector(row, Integers);
    const Integers on_edge = (to_edge(column, whole_column) < edge) | (to_edge(row, whole_row) < edge);
    std::memcpy(seen.column + i, &whole_column, sizeof(whole_column));
    std::memcpy(seen.row + i, &whole_row, sizeof(whole_row));
    std::memcpy(seen.on_edge + i, &on_edge, sizeof(on_edge));
  }
}

using Look = void (*)(const Eigen::Vector3f*, std::size_t, const Eigen::Matrix<float, 3, 4>&, const Camera&, Seen&);

void look_anywhere(const Eigen::Vector3f* points, std::size_t count, const Eigen::Matrix<float, 3, 4>& moved_by,
                   const Camera& camera, Seen& seen) {
  look(points, count, moved_by, camera, seen);
}

#if defined(__x86_64__)
[[gnu::target("avx2")]] void look_avx2(const Eigen::Vector3f* points, std::size_t count,
                                       const Eigen::Matrix<float, 3, 4>& moved_by, const Camera& camera, Seen& seen) {
  look(points, count, moved_by, camera, seen);
}
Look fastest_look() { return __builtin_cpu_supports("avx2") ? look_avx2 : look_anywhere; }
#else
Look fastest_look() { return look_anywhere; }
#endif

/// Pixel of a coordinate; what lies beyond the picture's rim is seen on it.
int pixel(float place, int count) { return std::clamp(int(std::floor(place)), 0, count - 1); }

/// Keeps the nearest range of each pixel; `nothing` where nothing is.
void draw(std::span<const Eigen::Vector3f> points, const Eigen::Isometry3f& moved_by,
          const RangeImageSettings& settings, std::vector<float>& pixels) {
  static const Look look_at = fastest_look();
  const Camera camera(settings);
  const Eigen::Matrix<float, 3, 4> matrix = moved_by.matrix().topRows<3>();
  const float max_range = float(settings.max_range);
  pixels.assign(std::size_t(settings.height) * settings.width, nothing);
  Seen seen;
  for (std::size_t first = 0; first < points.size(); first += block) {
    const std::size_t count = std::min(block, points.size() - first);
    look_at(points.data() + first, count, matrix, camera, seen);
    for (std::size_t i = 0; i < count; ++i) {
      const float range = seen.range[i];
      if (!(range > 0 && range < max_range)) continue;  // NaN falls out, too
      int row = seen.row[i], column = seen.column[i];
      if (seen.on_edge[i]) {
        column = pixel(camera.column(-std::atan2(seen.y[i], seen.x[i])), settings.width);
        row = pixel(camera.row(std::asin(seen.z[i] / range)), settings.height);
      }
      float& nearest = pixels[std::size_t(row) * settings.width + column];
      nearest = range < nearest ? range : nearest;
    }
  }
}

}  // namespace

Array range_image(const PointCloud& cloud, const RangeImageSettings& settings) {
  Array image{{settings.height, settings.width}, {}};
  draw(cloud.points, Eigen::Isometry3f::Identity(), settings, image.values);
  std::ranges::replace(image.values, nothing, -1.f);
  return image;
}

double range_overlap(const PointCloud& a, const PointCloud& b, const Eigen::Isometry3d& a_from_b,
                     const RangeImageSettings& settings) {
  return range_overlap(range_image(a, settings), b, a_from_b, settings);
}

double range_overlap(const Array& image_of_a, const PointCloud& b, const Eigen::Isometry3d& a_from_b,
                     const RangeImageSettings& settings) {
  thread_local std::vector<float> image_of_b;  // one for all pairs
  draw(b.points, a_from_b.cast<float>(), settings, image_of_b);
  if (image_of_a.values.size() != image_of_b.size())
    throw Error("range images of {} and {} pixels cannot be compared", image_of_a.values.size(), image_of_b.size());

  const float reach = float(settings.max_difference);
  int valid = 0, same = 0;
  for (std::size_t i = 0; i < image_of_b.size(); ++i) {
    const float range = image_of_a.values[i], other = image_of_b[i];
    valid += range > 0;
    same += (range > 0) & (std::abs(range - other) < reach);
  }
  return valid > 0 ? double(same) / valid : 0;
}

}  // namespace relocus
