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

/// [fine cells] from the lower bound to the centre of the first coarse cell; the pooling's windows are centred on 8 o.
double centre_offset(const BevOverlapSettings& settings) { return settings.reference ? 0.5 * pooling : 0.5; }

/// 0 in the active cells, NaN elsewhere.
Array label_map(const BevCells& cells) {
  Array map{{cells.rows, cells.columns}, std::vector<float>(cells.active.size(), NAN)};
  for (const std::int32_t cell : cells.index) map.values[cell] = 0;
  return map;
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

BevCells bev_cells(const PointCloud& cloud, const BevOverlapSettings& settings) {
  const ActiveMap map = pooled(pooled(pooled(active_cells(cloud, settings.grid))));
  const Eigen::Array3d fine = settings.grid.cell_size().cast<double>();
  const Eigen::Array3d lower = settings.grid.lower.cast<double>();
  const double offset = centre_offset(settings);
  BevCells cells{map.rows, map.columns, map.active, {}, {}};
  for (int row = 0; row < map.rows; ++row)
    for (int column = 0; column < map.columns; ++column) {
      const int cell = row * map.columns + column;
      if (!map.active[cell]) continue;
      cells.index.push_back(cell);
      cells.centres.emplace_back(lower.x() + fine.x() * (row * pooling + offset),
                                 lower.y() + fine.y() * (column * pooling + offset), 0);
    }
  return cells;
}

BevOverlap bev_overlap(const PointCloud& a, const PointCloud& b, const Eigen::Isometry3d& a_from_b,
                       const BevOverlapSettings& settings) {
  return bev_overlap(bev_cells(a, settings), bev_cells(b, settings), a_from_b, settings);
}

BevOverlap bev_overlap(const BevCells& a, const BevCells& b, const Eigen::Isometry3d& a_from_b,
                       const BevOverlapSettings& settings) {
  const Eigen::Isometry3d b_from_a = a_from_b.inverse();
  const Eigen::Array2d fine = settings.grid.cell_size().cast<double>().head<2>();
  const Eigen::Array2d cell = fine * pooling;
  const Eigen::Array2d first_centre = settings.grid.lower.cast<double>().head<2>() + fine * centre_offset(settings);
  const double reach = cell.x();

  BevOverlap overlap;
  overlap.cells_a = static_cast<int>(a.index.size());
  overlap.cells_b = static_cast<int>(b.index.size());
  overlap.map_a = {square_of(settings.grid), label_map(a)};
  overlap.map_b = {square_of(settings.grid), label_map(b)};
  // Only the cells of b about the moved centre can be partners: who is one of a's has one of a's.
  for (std::size_t i = 0; i < a.centres.size(); ++i) {
    const Eigen::Vector2d moved = (b_from_a * a.centres[i]).head<2>();
    const Eigen::Array2d low = ((moved.array() - reach - first_centre) / cell).floor();
    const Eigen::Array2d high = ((moved.array() + reach - first_centre) / cell).ceil();
    if (!(high.minCoeff() >= 0 && low.x() < b.rows && low.y() < b.columns)) continue;  // NaN, too
    const int row_end = static_cast<int>(std::min<double>(high.x(), b.rows - 1));
    const int column_end = static_cast<int>(std::min<double>(high.y(), b.columns - 1));
    for (int row = std::max(0, static_cast<int>(low.x())); row <= row_end; ++row)
      for (int column = std::max(0, static_cast<int>(low.y())); column <= column_end; ++column) {
        const int partner = row * b.columns + column;
        if (!b.active[partner]) continue;
        const Eigen::Vector2d centre = first_centre + cell * Eigen::Array2d(row, column);
        if (!((moved - centre).squaredNorm() < reach * reach)) continue;
        overlap.map_a.values.values[a.index[i]] = 1;
        overlap.map_b.values.values[partner] = 1;
      }
  }
  overlap.positive_a = static_cast<int>(std::ranges::count(overlap.map_a.values.values, 1.f));
  overlap.positive_b = static_cast<int>(std::ranges::count(overlap.map_b.values.values, 1.f));
  return overlap;
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
