#pragma once

#include <Eigen/Geometry>
#include <optional>
#include <random>

#include "core/bev.h"
#include "core/networks/bevnet.h"

namespace relocus {

/// The losses of BEVNet. All are differentiable and run where their tensors are; neighbours are looked up on the CPU.

/// What is known of two scans, the batch [first, second] that the network was given.
struct TrainingPair {
  SparseMap input;          ///< their occupied cells, features being the height layers
  torch::Tensor positions;  ///< [M, 2] mean x, y of the points of each cell [m], on the CPU
  Eigen::Isometry3d second_from_first{Eigen::Isometry3d::Identity()};
  BevGrid grid;
};

/// Mean x, y of a scan's points in each of its occupied cells [m]: [M, 2], in the order of `cells` (of one scan).
torch::Tensor pillar_positions(const PointCloud& cloud, const BevGrid& grid, const ActiveSet& cells);

/// Where a coarse cell is taken to lie. A cell gathers what lies around the fine one at its index times 8; the
/// reference program labels it 1.37 m further along both axes, in the middle of the 8 x 8 fine ones behind it.
enum class CellCentre { Gathered, Reference };

/// Centres of coarse cells [m]: [N, 2], float64, on the CPU.
torch::Tensor coarse_centres(const ActiveSet& cells, const BevGrid& grid, CellCentre centre);

struct OverlapLoss {
  torch::Tensor loss;           ///< scalar
  torch::Tensor first, second;  ///< [N] label of each cell: 1 where the other scan has a cell within a cell's width
  double precision = 0, recall = 0;  ///< at 0.5; 0 where nothing is predicted or positive
};
struct LabelOptions {
  CellCentre centre = CellCentre::Gathered;
  bool contrast = false;  ///< contrast_loss() instead of circle_loss() for coarse cells: learns much sooner
  bool balanced = true;   ///< the rarer class weighs more, as published; without, the overlap means what it says
};
/// Binary cross-entropy of the cells' overlap. `coarse`: cells of both scans.
OverlapLoss overlap_loss(const OverlapHead::Overlap& overlap, const ActiveSet& coarse,
                         const Eigen::Isometry3d& second_from_first, const BevGrid& grid = {},
                         const LabelOptions& labels = {});

struct CircleOptions {
  double safe_radius = 1;  ///< [m] pairs of keypoints that are closer count as positive
  double positive_margin = 0.1, negative_margin = 1.4, scale = 10;
};
struct CircleLoss {
  torch::Tensor loss;       ///< scalar
  torch::Tensor distances;  ///< [N, N] of descriptors
  double accuracy = 0;      ///< [%] of rows whose partner is nearer than all others
};
/// Sun et al.: Circle Loss, 2020, as D3Feat and BEVNet have it: row i of one side belongs to row i of the other; pairs
/// that are neither count with exponent 0.
CircleLoss circle_loss(const torch::Tensor& first /* [N, C] */, const torch::Tensor& second /* [N, C] */,
                       const torch::Tensor& first_positions /* [N, 2] m */,
                       const torch::Tensor& second_positions /* [N, 2] m, in one frame */,
                       const CircleOptions& options = {});

/// Which coarse cells of two scans, in one frame, are the same place: all that lie within `near` [m] of each other.
struct CellMatches {
  torch::Tensor same;     ///< [N, M] 1 where they are
  torch::Tensor neither;  ///< [N, M] 1 where they are not, but closer than `safe` [m]
};
CellMatches match_cells(const torch::Tensor& first /* [N, 2] m */, const torch::Tensor& second /* [M, 2] m */,
                        double near, double safe);

/// Oord et al.: InfoNCE, 2018, over all cells: each must find one of its own place among all of the other scan's, by
/// the cosine of unit descriptors over `temperature`; one whose place the other scan has not must find nobody, who
/// stands beside them all with a cosine of his own. Accuracy: of cells, both kinds. `distances` are left out.
CircleLoss contrast_loss(const torch::Tensor& first /* [N, C] */, const torch::Tensor& second /* [M, C] */,
                         const CellMatches& matches, double temperature = 0.07, double nobody = 0.6);

/// High scores only where the partner is nearer than all others: mean of (d_ii - min d_ij)(s_i + s_i').
torch::Tensor detector_loss(const torch::Tensor& distances /* [N, N] */, const torch::Tensor& first_scores /* [N] */,
                            const torch::Tensor& second_scores /* [N] */);

/// All losses of one pair; those without enough matches are undefined and not in the total.
struct BevNetLoss {
  torch::Tensor total;  ///< scalar
  OverlapLoss overlap;
  CircleLoss coarse, fine;
  torch::Tensor detector;
  torch::Tensor height;  ///< matched heights beside each other, and each beside the nearest occupied voxel [m]
};
BevNetLoss bevnet_loss(const BevNet::Result& result, const OverlapHead::Overlap& overlap, const TrainingPair& pair,
                       const LabelOptions& labels, std::mt19937_64& random);

/// Without the decoder: those of the coarse cells alone.
BevNetLoss coarse_bevnet_loss(const SparseMap& coarse, const OverlapHead::Overlap& overlap, const TrainingPair& pair,
                              const LabelOptions& labels, std::mt19937_64& random);

/// Those of the features alone, without an overlap head.
BevNetLoss features_loss(const SparseMap& coarse, const TrainingPair& pair, const LabelOptions& labels,
                         std::mt19937_64& random);

}  // namespace relocus
