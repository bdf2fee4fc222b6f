#include "core/overlap.h"

#include <algorithm>
#include <cmath>
#include <list>
#include <map>
#include <memory>

#include "core/bev_map.h"
#include "core/datasets/registry.h"
#include "core/error.h"
#include "core/protocol.h"

namespace relocus {
namespace {

constexpr int pooling = 8;                         ///< three max-pools of stride 2
constexpr std::size_t max_clouds_in_memory = 128;  ///< about 2 MB each

// ---- bird's-eye view ----

/// A square of cells that are active or not.
struct ActiveMap {
  int rows = 0, columns = 0;
  std::vector<std::uint8_t> active;  ///< rows x columns
};

ActiveMap active_cells(const PointCloud& cloud, const BevGrid& grid) {
  std::vector<std::uint8_t> occupied;
  occupancy(cloud, grid, occupied);
  ActiveMap map{grid.cells.x(), grid.cells.y(), {}};
  map.active.resize(std::size_t(map.rows) * map.columns);
  const std::size_t height = grid.cells.z();
  for (std::size_t cell = 0; cell < map.active.size(); ++cell) {
    const auto column = occupied.begin() + cell * height;
    map.active[cell] = std::any_of(column, column + height, [](std::uint8_t value) { return value != 0; });
  }
  return map;
}

/// Window 3, stride 2, padding 1: an output cell is active when anything in rows and columns 2o - 1 … 2o + 1 is.
ActiveMap pooled(const ActiveMap& fine) {
  ActiveMap coarse{(fine.rows + 1) / 2, (fine.columns + 1) / 2, {}};
  coarse.active.assign(std::size_t(coarse.rows) * coarse.columns, 0);
  for (int row = 0; row < fine.rows; ++row)
    for (int column = 0; column < fine.columns; ++column) {
      if (!fine.active[std::size_t(row) * fine.columns + column]) continue;
      for (int r = row / 2; r <= std::min((row + 1) / 2, coarse.rows - 1); ++r)
        for (int c = column / 2; c <= std::min((column + 1) / 2, coarse.columns - 1); ++c)
          coarse.active[std::size_t(r) * coarse.columns + c] = 1;
    }
  return coarse;
}

/// Active coarse cells with their centres on the sensor's height.
struct CoarseCells {
  ActiveMap map;
  std::vector<std::size_t> index;        ///< of the active cells
  std::vector<Eigen::Vector3d> centres;  ///< [m], z = 0
};

CoarseCells coarse_cells(const PointCloud& cloud, const BevOverlapSettings& settings) {
  CoarseCells cells{pooled(pooled(pooled(active_cells(cloud, settings.grid)))), {}, {}};
  const Eigen::Array3d fine = settings.grid.cell_size().cast<double>();
  const Eigen::Array3d lower = settings.grid.lower.cast<double>();
  const double offset = settings.reference ? 0.5 * pooling : 0.5;  // in fine cells; the windows are centred on 8 o
  for (int row = 0; row < cells.map.rows; ++row)
    for (int column = 0; column < cells.map.columns; ++column) {
      const std::size_t cell = std::size_t(row) * cells.map.columns + column;
      if (!cells.map.active[cell]) continue;
      cells.index.push_back(cell);
      cells.centres.emplace_back(lower.x() + fine.x() * (row * pooling + offset),
                                 lower.y() + fine.y() * (column * pooling + offset), 0);
    }
  return cells;
}

/// Marks the cells of `cells` whose centre, moved by `to_other`, lies nearer than `reach` to one of `others`; returns
/// their number.
int mark_overlap(const CoarseCells& cells, const std::vector<Eigen::Vector3d>& centres,
                 const std::vector<Eigen::Vector3d>& others, double reach, Array& map) {
  map.shape = {cells.map.rows, cells.map.columns};
  map.values.assign(cells.map.active.size(), NAN);
  int positive = 0;
  for (std::size_t i = 0; i < centres.size(); ++i) {
    const bool has_partner = std::ranges::any_of(others, [&](const Eigen::Vector3d& other) {
      return (centres[i] - other).head<2>().squaredNorm() < reach * reach;
    });
    map.values[cells.index[i]] = has_partner;
    positive += has_partner;
  }
  return positive;
}

// ---- overlaps of a whole sequence ----

/// Scans that were read lately.
class Clouds {
 public:
  explicit Clouds(const Sequence& sequence) : sequence_(sequence) {}

  std::shared_ptr<const PointCloud> operator[](FrameId frame) {
    if (const auto known = known_.find(frame); known != known_.end()) {
      order_.splice(order_.begin(), order_, known->second.place);
      return known->second.cloud;
    }
    if (known_.size() >= max_clouds_in_memory) {
      known_.erase(order_.back());
      order_.pop_back();
    }
    order_.push_front(frame);
    auto cloud = std::make_shared<const PointCloud>(read_cloud(sequence_, frame));
    known_[frame] = {cloud, order_.begin()};
    return cloud;
  }

 private:
  struct Entry {
    std::shared_ptr<const PointCloud> cloud;
    std::list<FrameId>::iterator place;
  };
  const Sequence& sequence_;
  std::list<FrameId> order_;  ///< latest first
  std::map<FrameId, Entry> known_;
};

/// The frames that may answer `query` and lie nearer than `max_distance`.
std::vector<FrameId> near_frames(const Trajectory& trajectory, const Protocol& protocol, FrameId query,
                                 double max_distance) {
  std::vector<FrameId> frames;
  if (!may_ask(trajectory, protocol, query)) return frames;
  const Admitted open = admitted(trajectory, protocol, query);
  for (FrameId frame = 0; frame < open.end; ++frame)
    if (open.contains(frame) && distance(trajectory, query, frame, protocol.planar) < max_distance)
      frames.push_back(frame);
  return frames;
}

}  // namespace

double BevOverlap::mean() const {
  const auto share = [](int part, int whole) { return whole > 0 ? double(part) / whole : 0.0; };
  return (share(positive_a, cells_a) + share(positive_b, cells_b)) / 2;
}

BevOverlap bev_overlap(const PointCloud& a, const PointCloud& b, const Eigen::Isometry3d& a_from_b,
                       const BevOverlapSettings& settings) {
  const CoarseCells cells_a = coarse_cells(a, settings);
  const CoarseCells cells_b = coarse_cells(b, settings);
  const Eigen::Isometry3d b_from_a = a_from_b.inverse();
  std::vector<Eigen::Vector3d> a_in_b;
  for (const Eigen::Vector3d& centre : cells_a.centres) a_in_b.push_back(b_from_a * centre);

  const double reach = double(settings.grid.cell_size().x()) * pooling;
  BevOverlap overlap;
  overlap.map_a.grid = overlap.map_b.grid = square_of(settings.grid);
  overlap.cells_a = static_cast<int>(cells_a.index.size());
  overlap.cells_b = static_cast<int>(cells_b.index.size());
  overlap.positive_a = mark_overlap(cells_a, a_in_b, cells_b.centres, reach, overlap.map_a.values);
  overlap.positive_b = mark_overlap(cells_b, cells_b.centres, a_in_b, reach, overlap.map_b.values);
  return overlap;
}

Array range_image(const PointCloud& cloud, const RangeImageSettings& settings) {
  // The reference computes in single precision, which decides about a few points on the edges of pixels.
  const float pi = static_cast<float>(M_PI);
  const float fov_down = static_cast<float>(std::abs(settings.fov_down) * M_PI / 180);
  const float fov = static_cast<float>((std::abs(settings.fov_down) + std::abs(settings.fov_up)) * M_PI / 180);
  Array image{{settings.height, settings.width},
              std::vector<float>(std::size_t(settings.height) * settings.width, -1.f)};
  for (const Eigen::Vector3f& point : cloud.points) {
    const float range = point.norm();
    if (!(range > 0 && range < settings.max_range)) continue;  // NaN falls out, too
    const float yaw = -std::atan2(point.y(), point.x());
    const float pitch = std::asin(point.z() / range);
    const int column = std::clamp(int(std::floor(0.5f * (yaw / pi + 1) * settings.width)), 0, settings.width - 1);
    const int row =
        std::clamp(int(std::floor((1 - (pitch + fov_down) / fov) * settings.height)), 0, settings.height - 1);
    float& pixel = image.values[std::size_t(row) * settings.width + column];
    if (pixel < 0 || range < pixel) pixel = range;
  }
  return image;
}

double range_overlap(const PointCloud& a, const PointCloud& b, const Eigen::Isometry3d& a_from_b,
                     const RangeImageSettings& settings) {
  return range_overlap(range_image(a, settings), b, a_from_b, settings);
}

double range_overlap(const Array& image_of_a, const PointCloud& b, const Eigen::Isometry3d& a_from_b,
                     const RangeImageSettings& settings) {
  const Eigen::Isometry3f moved_by = a_from_b.cast<float>();
  PointCloud moved;
  moved.points.reserve(b.points.size());
  for (const Eigen::Vector3f& point : b.points) moved.points.push_back(moved_by * point);
  const Array image_of_b = range_image(moved, settings);
  if (image_of_a.values.size() != image_of_b.values.size())
    throw Error("range images of {} and {} pixels cannot be compared", image_of_a.values.size(),
                image_of_b.values.size());

  int valid = 0, same = 0;
  for (std::size_t pixel = 0; pixel < image_of_a.values.size(); ++pixel) {
    const float range = image_of_a.values[pixel];
    if (range <= 0) continue;
    ++valid;
    same += std::abs(range - image_of_b.values[pixel]) < settings.max_difference;
  }
  return valid > 0 ? double(same) / valid : 0;
}

OverlapTable overlap_table(const Sequence& sequence, const Protocol& protocol, double max_distance,
                           const Progress& progress) {
  const Trajectory truth = trajectory(sequence);
  Clouds clouds(sequence);
  OverlapTable table;
  for (FrameId query = 0; query < FrameId(truth.size()); ++query) {
    progress("Measuring overlaps", query, truth.size());
    const std::vector<FrameId> frames = near_frames(truth, protocol, query, max_distance);
    if (frames.empty()) continue;
    const Array image = range_image(*clouds[query]);
    const Eigen::Isometry3d query_from_world = sequence.frames[query].world_from_sensor->inverse();
    std::vector<std::shared_ptr<const PointCloud>> candidates;
    std::vector<double> overlaps(frames.size());
    for (std::size_t first = 0; first < frames.size(); first += max_clouds_in_memory / 2) {
      const std::size_t last = std::min(frames.size(), first + max_clouds_in_memory / 2);
      candidates.clear();
      for (std::size_t i = first; i < last; ++i) candidates.push_back(clouds[frames[i]]);
#pragma omp parallel for
      for (std::size_t i = first; i < last; ++i)
        overlaps[i] = range_overlap(image, *candidates[i - first],
                                    query_from_world * *sequence.frames[frames[i]].world_from_sensor);
    }
    for (std::size_t i = 0; i < frames.size(); ++i) table[{query, frames[i]}] = static_cast<float>(overlaps[i]);
  }
  return table;
}

}  // namespace relocus
