#pragma once

#include "core/bev.h"
#include "core/cell_map.h"
#include "core/types.h"

namespace relocus {

/// Share of the active coarse BEV cells that have a partner nearer than one cell in the other scan (BEVNet's label,
/// specs: 3.125 m cells); `a_from_b` from ground truth.
struct BevOverlap {
  CellMap map_a, map_b;  ///< [32, 32]: 1 overlapping, 0 not, NaN without data
  int cells_a = 0, cells_b = 0, positive_a = 0, positive_b = 0;
  double mean() const;  ///< of both directions, [0, 1]
};
struct BevOverlapSettings {
  BevGrid grid;
  /// Cells lie where they gather their points. The reference program takes them to lie 1.37 m further along both axes:
  /// only so are its published labels reproduced.
  bool reference = false;
};
BevOverlap bev_overlap(const PointCloud& a, const PointCloud& b, const Eigen::Isometry3d& a_from_b,
                       const BevOverlapSettings& settings = {});

/// All that bev_overlap() needs of a scan: its active coarse cells. For scans that are in many pairs.
struct BevCells {
  int rows = 0, columns = 0;
  std::vector<std::uint8_t> active;      ///< rows x columns
  std::vector<std::int32_t> index;       ///< of the active cells, ascending
  std::vector<Eigen::Vector3d> centres;  ///< [m] of the active cells; z = 0, the sensor's height
};
BevCells bev_cells(const PointCloud& cloud, const BevOverlapSettings& settings = {});

/// The same of cells that were made with the same settings; takes microseconds.
BevOverlap bev_overlap(const BevCells& a, const BevCells& b, const Eigen::Isometry3d& a_from_b,
                       const BevOverlapSettings& settings = {});

/// A spinning sensor's picture: the nearest point of each direction.
struct RangeImageSettings {
  int height = 64, width = 900;       ///< pixels
  double fov_up = 3, fov_down = -25;  ///< [deg]
  double max_range = 50;              ///< [m]
  double max_difference = 1;          ///< [m] of range_overlap()
};
Array range_image(const PointCloud& cloud,
                  const RangeImageSettings& settings = {});  ///< [height, width] [m], -1: nothing

/// OverlapNet's overlap of range images: share of the valid pixels of `a` whose range differs by less than
/// `max_difference` from that of `b` seen from `a`. Asymmetric; 0 when `a` has no valid pixel.
double range_overlap(const PointCloud& a, const PointCloud& b, const Eigen::Isometry3d& a_from_b,
                     const RangeImageSettings& settings = {});

/// The same with the picture of `a` already drawn, for many `b`.
double range_overlap(const Array& image_of_a, const PointCloud& b, const Eigen::Isometry3d& a_from_b,
                     const RangeImageSettings& settings = {});

}  // namespace relocus
