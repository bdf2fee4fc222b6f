#include "core/training/bevnet_losses.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <unordered_map>

#include "core/error.h"

namespace relocus {
namespace {

constexpr double min_class_weight = 0.1;
constexpr std::size_t min_coarse_matches = 4, max_coarse_matches = 512, fine_matches = 1024;
constexpr double circle_safe_cells = 3, safe_cells = 2;  // safe radii of the coarse losses [cells]
constexpr double distance_epsilon = 1e-12;

using Points = std::vector<Eigen::Vector2d>;

/// Points in square cells of the search radius.
class PointGrid {
 public:
  PointGrid(const Points& points, double radius) : points_(points), radius_(radius) {
    for (std::size_t i = 0; i < points.size(); ++i) cells_[key(points[i], 0, 0)].push_back(std::int64_t(i));
  }
  /// Calls visit(index, distance) for all points up to the radius away.
  template <class Visit>
  void around(const Eigen::Vector2d& point, Visit&& visit) const {
    for (int dx = -1; dx <= 1; ++dx)
      for (int dy = -1; dy <= 1; ++dy) {
        const auto cell = cells_.find(key(point, dx, dy));
        if (cell == cells_.end()) continue;
        for (const std::int64_t i : cell->second)
          if (const double distance = (points_[std::size_t(i)] - point).norm(); distance <= radius_) visit(i, distance);
      }
  }

 private:
  std::int64_t key(const Eigen::Vector2d& point, int dx, int dy) const {
    const auto index = [&](double value, int step) { return std::int64_t(std::floor(value / radius_)) + step; };
    return (index(point.x(), dx) << 32) ^ (index(point.y(), dy) & 0xffffffff);
  }
  const Points& points_;
  double radius_;
  std::unordered_map<std::int64_t, std::vector<std::int64_t>> cells_;
};

/// Points of a plane at height z, moved: what remains of them seen from above.
Points moved(const torch::Tensor& points /* [N, 2] */, const torch::Tensor& heights /* [N] or undefined */,
             const Eigen::Isometry3d& to_from) {
  const torch::Tensor plain = points.to(torch::kCPU, torch::kDouble).contiguous();
  const torch::Tensor z = heights.defined() ? heights.detach().to(torch::kCPU, torch::kDouble).contiguous()
                                            : torch::zeros({plain.size(0)}, torch::kDouble);
  const auto xy = plain.accessor<double, 2>();
  const auto zs = z.accessor<double, 1>();
  Points result;
  for (std::int64_t i = 0; i < plain.size(0); ++i)
    result.push_back((to_from * Eigen::Vector3d(xy[i][0], xy[i][1], zs[i])).head<2>());
  return result;
}

torch::Tensor tensor_of(const Points& points, const std::vector<std::int64_t>& rows,
                        const torch::TensorOptions& options) {
  torch::Tensor result = torch::empty({std::int64_t(rows.size()), 2}, torch::kFloat);
  auto at = result.accessor<float, 2>();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    at[std::int64_t(i)][0] = float(points[std::size_t(rows[i])].x());
    at[std::int64_t(i)][1] = float(points[std::size_t(rows[i])].y());
  }
  return result.to(options);
}

torch::Tensor tensor_of(const Points& points, const torch::TensorOptions& options) {
  std::vector<std::int64_t> all(points.size());
  std::iota(all.begin(), all.end(), 0);
  return tensor_of(points, all, options);
}

torch::Tensor index_of(const std::vector<std::int64_t>& rows, const torch::Device& device) {
  return torch::tensor(rows, torch::kLong).to(device);
}

/// 1 for each point that has one of the others nearer than `radius`.
torch::Tensor labels(const Points& points, const Points& others, double radius, const torch::TensorOptions& options) {
  const PointGrid grid(others, radius);
  torch::Tensor result = torch::zeros({std::int64_t(points.size())}, torch::kFloat);
  auto at = result.accessor<float, 1>();
  for (std::size_t i = 0; i < points.size(); ++i)
    grid.around(points[i], [&](std::int64_t, double distance) {
      if (distance < radius) at[std::int64_t(i)] = 1;
    });
  return result.to(options);
}

struct Matches {
  std::vector<std::int64_t> first, second;
  std::size_t size() const { return first.size(); }
};

/// For each first point one of the second ones up to `radius` away, by lot.
Matches match(const Points& first, const Points& second, double radius, std::mt19937_64& random) {
  const PointGrid grid(second, radius);
  Matches matches;
  std::vector<std::int64_t> near;
  for (std::size_t i = 0; i < first.size(); ++i) {
    near.clear();
    grid.around(first[i], [&](std::int64_t j, double) { near.push_back(j); });
    if (near.empty()) continue;
    matches.first.push_back(std::int64_t(i));
    matches.second.push_back(near[random() % near.size()]);
  }
  return matches;
}

Matches sample(const Matches& matches, std::size_t count, std::mt19937_64& random) {
  if (matches.size() <= count) return matches;
  std::vector<std::size_t> order(matches.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  Matches result;
  for (std::size_t i = 0; i < count; ++i) {
    std::swap(order[i], order[i + random() % (order.size() - i)]);
    result.first.push_back(matches.first[order[i]]);
    result.second.push_back(matches.second[order[i]]);
  }
  return result;
}

/// Euclidean, [N, M]; never exactly zero, where it has no gradient.
torch::Tensor distances_of(const torch::Tensor& a, const torch::Tensor& b) {
  const torch::Tensor squares = a.square().sum(1, true) + b.square().sum(1) - 2 * torch::mm(a, b.t());
  return torch::sqrt(squares.clamp_min(0) + distance_epsilon);
}

torch::Tensor unit_rows(const torch::Tensor& x) { return x / x.norm(2, {1}, true).clamp_min(1e-12); }

/// Height of the occupied voxel nearest to each of the cells' points, one of its own column or of one that is nearer.
/// `rows`: of the scan's cells; voxels lie at their cells' mean points.
torch::Tensor nearest_voxels(const Points& positions, const torch::Tensor& layers /* [N, L] of the scan */,
                             const std::vector<std::int64_t>& rows, const torch::Tensor& heights /* [rows] */,
                             const BevGrid& grid) {
  constexpr double reach = 2;  // [m] beyond it only the own column is searched
  const PointGrid columns(positions, reach);
  const torch::Tensor occupied = layers.to(torch::kCPU, torch::kFloat).contiguous();
  const torch::Tensor z = heights.detach().to(torch::kCPU, torch::kDouble).contiguous();
  const auto voxels = occupied.accessor<float, 2>();
  const auto zs = z.accessor<double, 1>();
  const double step = double(grid.upper.z() - grid.lower.z()) / double(occupied.size(1));
  const auto centre = [&](std::int64_t layer) { return double(grid.lower.z()) + (double(layer) + 0.5) * step; };

  torch::Tensor result = torch::empty({std::int64_t(rows.size())}, torch::kFloat);
  auto out = result.accessor<float, 1>();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const double height = zs[std::int64_t(i)];
    double best = std::numeric_limits<double>::infinity(), found = height;
    const auto look = [&](std::int64_t column, double aside) {
      if (aside >= best) return;
      for (std::int64_t layer = 0; layer < occupied.size(1); ++layer) {
        if (voxels[column][layer] == 0) continue;
        const double distance = std::hypot(aside, centre(layer) - height);
        if (distance < best) best = distance, found = centre(layer);
      }
    };
    look(rows[i], 0);
    columns.around(positions[std::size_t(rows[i])], look);
    out[std::int64_t(i)] = float(found);
  }
  return result.to(heights.options());
}

CircleLoss coarse_loss(const SparseMap& coarse, const TrainingPair& pair, const LabelOptions& labels,
                       std::mt19937_64& random) {
  const CellCentre centre = labels.centre;
  const SparseMap first = scan_of(coarse, 0), second = scan_of(coarse, 1);
  const double width = double(pair.grid.upper.x() - pair.grid.lower.x()) / double(coarse.cells->height());
  const Points a = moved(coarse_centres(*first.cells, pair.grid, centre), {}, pair.second_from_first);
  const Points b = moved(coarse_centres(*second.cells, pair.grid, centre), {}, Eigen::Isometry3d::Identity());
  const auto options = first.features.options().requires_grad(false);
  if (labels.contrast) {
    const CellMatches matches = match_cells(tensor_of(a, options), tensor_of(b, options), width, safe_cells * width);
    return contrast_loss(unit_rows(first.features), unit_rows(second.features), matches);
  }
  const Matches all = match(a, b, width, random);
  if (all.size() < min_coarse_matches) return {};
  const Matches chosen = sample(all, max_coarse_matches, random);
  const auto rows = [&](const SparseMap& map, const std::vector<std::int64_t>& which) {
    return unit_rows(map.features).index_select(0, index_of(which, map.features.device()));
  };
  return circle_loss(rows(first, chosen.first), rows(second, chosen.second), tensor_of(a, chosen.first, options),
                     tensor_of(b, chosen.second, options), {.safe_radius = circle_safe_cells * width});
}

void add_fine_losses(BevNetLoss& loss, const BevNet::Local& local, const TrainingPair& pair, std::mt19937_64& random) {
  const std::int64_t split = local.cells->starts()[1];
  const torch::Tensor heights = height_of(local.heights, pair.grid);  // [M]
  const auto first = [&](const torch::Tensor& x) { return x.slice(0, 0, split); };
  const auto second = [&](const torch::Tensor& x) { return x.slice(0, split); };
  const Points a = moved(first(pair.positions), first(heights), pair.second_from_first);
  const Points b = moved(second(pair.positions), {}, Eigen::Isometry3d::Identity());
  const Matches all = match(a, b, double(pair.grid.cell_size().x()), random);
  if (all.size() < fine_matches) return;

  const auto options = heights.options();
  const auto rows = [&](const torch::Tensor& x, const std::vector<std::int64_t>& which) {
    return x.index_select(0, index_of(which, x.device()));
  };
  // Height of the first scan's cells seen from the second one.
  const Eigen::Isometry3d& move = pair.second_from_first;
  const torch::Tensor level = torch::tensor({move.linear()(2, 0), move.linear()(2, 1)}, torch::kDouble);
  const torch::Tensor tilt = torch::mv(first(pair.positions).to(torch::kDouble), level).to(options);
  const torch::Tensor moved_heights = tilt + first(heights) * move.linear()(2, 2) + move.translation().z();
  const torch::Tensor matched = (rows(moved_heights, all.first) - rows(second(heights), all.second)).abs().mean();

  const Matches chosen = sample(all, fine_matches, random);
  loss.fine = circle_loss(rows(first(local.descriptors), chosen.first), rows(second(local.descriptors), chosen.second),
                          tensor_of(a, chosen.first, options), tensor_of(b, chosen.second, options));
  loss.detector = detector_loss(loss.fine.distances, rows(first(local.scores), chosen.first),
                                rows(second(local.scores), chosen.second));
  const auto beside_voxels = [&](const auto& part, const std::vector<std::int64_t>& which) {
    const Points own = moved(part(pair.positions), {}, Eigen::Isometry3d::Identity());
    const torch::Tensor predicted = rows(part(heights), which);
    return (predicted - nearest_voxels(own, part(pair.input.features), which, predicted, pair.grid)).abs().mean();
  };
  loss.height = matched + beside_voxels(first, chosen.first) + beside_voxels(second, chosen.second);
  loss.total = loss.total + loss.fine.loss + loss.detector + loss.height;
}

}  // namespace

torch::Tensor pillar_positions(const PointCloud& cloud, const BevGrid& grid, const ActiveSet& cells) {
  struct Sum {
    double x = 0, y = 0, count = 0;
  };
  std::vector<Sum> sums(std::size_t(grid.cells.x()) * std::size_t(grid.cells.y()));
  for (const Eigen::Vector3f& point : cloud.points) {
    const std::int64_t cell = cell_of(point, grid);
    if (cell < 0) continue;
    Sum& sum = sums[std::size_t(cell / grid.cells.z())];
    sum.x += double(point.x()), sum.y += double(point.y()), sum.count += 1;
  }
  const torch::Tensor places = cells.cells().to(torch::kCPU);
  const auto at = places.accessor<std::int64_t, 2>();
  torch::Tensor positions = torch::empty({cells.size(), 2}, torch::kFloat);
  auto out = positions.accessor<float, 2>();
  for (std::int64_t i = 0; i < cells.size(); ++i) {
    const Sum& sum = sums[std::size_t(at[i][1] * grid.cells.y() + at[i][2])];
    if (sum.count == 0) throw Error("the cells are not those of this scan");
    out[i][0] = float(sum.x / sum.count), out[i][1] = float(sum.y / sum.count);
  }
  return positions;
}

torch::Tensor coarse_centres(const ActiveSet& cells, const BevGrid& grid, CellCentre centre) {
  const auto axis = [&](std::int64_t column, std::int64_t count, int k) {
    const double width = double(grid.upper[k] - grid.lower[k]) / double(count);
    const double offset = centre == CellCentre::Reference ? width / 2 : double(grid.cell_size()[k]) / 2;
    return cells.cells().select(1, column).to(torch::kCPU, torch::kDouble) * width + double(grid.lower[k]) + offset;
  };
  return torch::stack({axis(1, cells.height(), 0), axis(2, cells.width(), 1)}, 1);
}

OverlapLoss overlap_loss(const OverlapHead::Overlap& overlap, const ActiveSet& coarse,
                         const Eigen::Isometry3d& second_from_first, const BevGrid& grid,
                         const LabelOptions& label_options) {
  if (coarse.scans() != 2) throw Error("the overlap loss is that of two scans");
  const torch::Tensor centres = coarse_centres(coarse, grid, label_options.centre);
  const std::int64_t split = coarse.starts()[1];
  const Points a = moved(centres.slice(0, 0, split), {}, second_from_first);
  const Points b = moved(centres.slice(0, split), {}, Eigen::Isometry3d::Identity());
  const double width = double(grid.upper.x() - grid.lower.x()) / double(coarse.height());
  const auto options = overlap.query.options().requires_grad(false);

  OverlapLoss result;
  result.first = labels(a, b, width, options), result.second = labels(b, a, width, options);
  const torch::Tensor wanted = torch::cat({result.first, result.second});
  const torch::Tensor predicted = torch::cat({overlap.query, overlap.candidate}).clamp(0, 1);
  if (predicted.size(0) != wanted.size(0)) throw Error("the overlap is not that of these cells");
  const double positives = wanted.mean().item<double>();
  const double positive_weight = label_options.balanced ? std::max(1 - positives, min_class_weight) : 1;
  const double negative_weight = label_options.balanced ? std::max(positives, min_class_weight) : 1;
  const torch::Tensor weights = wanted * positive_weight + (1 - wanted) * negative_weight;
  result.loss = torch::binary_cross_entropy(predicted, wanted, weights);

  const torch::Tensor told = (predicted.detach() > 0.5).to(wanted.scalar_type());
  const double right = (told * wanted).sum().item<double>();
  result.precision = right / std::max(told.sum().item<double>(), 1.0);
  result.recall = right / std::max(wanted.sum().item<double>(), 1.0);
  return result;
}

CircleLoss circle_loss(const torch::Tensor& first, const torch::Tensor& second, const torch::Tensor& first_positions,
                       const torch::Tensor& second_positions, const CircleOptions& options) {
  CircleLoss result;
  result.distances = distances_of(first, second);
  const torch::Tensor& d = result.distances;
  const torch::Tensor apart = (first_positions.unsqueeze(1) - second_positions.unsqueeze(0)).square().sum(2).sqrt();
  const torch::Tensor negative = (apart > options.safe_radius).to(d.scalar_type());

  // How far a pair is from its aim weighs its gradient, and is not itself learned from.
  const auto exponents = [&](const torch::Tensor& miss, const torch::Tensor& eligible) {
    return options.scale * miss * miss.detach().clamp_min(0) * eligible;
  };
  const torch::Tensor attract = exponents(d - options.positive_margin, 1 - negative);
  const torch::Tensor repel = exponents(options.negative_margin - d, negative);
  const auto along = [&](std::int64_t axis) {
    return torch::softplus(torch::logsumexp(attract, axis) + torch::logsumexp(repel, axis)) / options.scale;
  };
  result.loss = (along(1) + along(0)).mean();

  const torch::Tensor partner = torch::eye(d.size(0), d.options().requires_grad(false));
  const torch::Tensor others = (d.detach() + partner * 1e5).amin(1);
  result.accuracy = (d.detach().diagonal() < others).to(torch::kDouble).mean().item<double>() * 100;
  return result;
}

CellMatches match_cells(const torch::Tensor& first, const torch::Tensor& second, double near, double safe) {
  const torch::Tensor apart = (first.unsqueeze(1) - second.unsqueeze(0)).square().sum(2).sqrt();  // [N, M]
  return {apart < near, (apart >= near).logical_and(apart <= safe)};
}

CircleLoss contrast_loss(const torch::Tensor& first, const torch::Tensor& second, const CellMatches& matches,
                         double temperature, double nobody) {
  constexpr double never = -1e9;
  CircleLoss result;
  if (first.size(0) == 0 || second.size(0) == 0) return result;
  const torch::Tensor logits = torch::mm(first, second.t()) / temperature;  // [N, M]
  torch::Tensor losses = torch::zeros({0}, logits.options()), right = torch::zeros({0}, torch::kBool);
  for (const bool is_first : {true, false}) {
    const auto rows = [&](const torch::Tensor& x) { return is_first ? x : x.t(); };
    const torch::Tensor same = rows(matches.same);
    const torch::Tensor allowed = rows(logits).masked_fill(rows(matches.neither), never);
    const torch::Tensor none = torch::full({same.size(0), 1}, nobody / temperature, logits.options());
    const torch::Tensor is_alone = same.any(1, true).logical_not();  // [N, 1]
    const torch::Tensor all = torch::cat({allowed, none}, 1);        // [N, M + 1]
    const torch::Tensor wanted = torch::cat({same, is_alone}, 1);
    losses = torch::cat({losses, torch::logsumexp(all, 1) - torch::logsumexp(all.masked_fill(wanted == 0, never), 1)});
    right = torch::cat({right, wanted.gather(1, all.detach().argmax(1, true)).view({-1}).to(torch::kCPU)});
  }
  result.loss = losses.mean();
  result.accuracy = right.to(torch::kDouble).mean().item<double>() * 100;
  return result;
}

torch::Tensor detector_loss(const torch::Tensor& distances, const torch::Tensor& first_scores,
                            const torch::Tensor& second_scores) {
  const torch::Tensor partner = torch::eye(distances.size(0), distances.options().requires_grad(false));
  const torch::Tensor closest = (distances + partner * 1e5).amin(1);
  return ((distances.diagonal() - closest) * (first_scores + second_scores)).mean();
}

BevNetLoss features_loss(const SparseMap& coarse, const TrainingPair& pair, const LabelOptions& labels,
                         std::mt19937_64& random) {
  BevNetLoss loss;
  loss.coarse = coarse_loss(coarse, pair, labels, random);
  loss.total = loss.coarse.loss.defined() ? loss.coarse.loss : coarse.features.sum() * 0;
  return loss;
}

BevNetLoss coarse_bevnet_loss(const SparseMap& coarse, const OverlapHead::Overlap& overlap, const TrainingPair& pair,
                              const LabelOptions& labels, std::mt19937_64& random) {
  BevNetLoss loss = features_loss(coarse, pair, labels, random);
  loss.overlap = overlap_loss(overlap, *coarse.cells, pair.second_from_first, pair.grid, labels);
  loss.total = loss.coarse.loss.defined() ? loss.overlap.loss + loss.coarse.loss : loss.overlap.loss;
  return loss;
}

BevNetLoss bevnet_loss(const BevNet::Result& result, const OverlapHead::Overlap& overlap, const TrainingPair& pair,
                       const LabelOptions& labels, std::mt19937_64& random) {
  if (pair.positions.size(0) != result.local.cells->size())
    throw Error("a pair has {} positions for {} cells", pair.positions.size(0), result.local.cells->size());
  BevNetLoss loss = coarse_bevnet_loss(result.coarse, overlap, pair, labels, random);
  add_fine_losses(loss, result.local, pair, random);
  return loss;
}

}  // namespace relocus
