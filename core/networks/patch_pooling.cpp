#include "core/networks/patch_pooling.h"

#include <torch/torch.h>

#include "core/error.h"
#include "core/networks/homography.h"
#include "core/networks/image_netvlad.h"

namespace relocus {
namespace {

constexpr double kEpsilon = 1e-12;
constexpr std::int64_t kStretchBytes = 64 << 20;  // memory for the VLADs of a stretch of patches
constexpr std::int64_t kTogether = 8;             // candidates that an accelerator compares at a time

/// The cells of each patch: [rows, columns, size * size, N] of a map [h, w, N].
torch::Tensor windows(const torch::Tensor& map, const PatchGrid& grid, std::int64_t first, std::int64_t count) {
  const std::int64_t w = map.size(1), n = map.size(2), s = grid.stride, p = grid.size;
  return map
      .as_strided({count, grid.columns, p, p, n}, {s * w * n, s * n, w * n, n, 1},
                  map.storage_offset() + first * s * w * n)
      .reshape({count * grid.columns, p * p, n});
}

/// [L, K, C] of the patches of some rows of the grid. Sums of products are one product of matrices a patch, in double
/// precision, as two sums that may be nearly the same are subtracted.
torch::Tensor exact_residuals(const torch::Tensor& features /* [h, w, C] */,
                              const torch::Tensor& assignment /* [h, w, K] */, const torch::Tensor& centroids,
                              const PatchGrid& grid, std::int64_t first, std::int64_t count) {
  const torch::Tensor shares = windows(assignment, grid, first, count);  // [L, n, K]
  const torch::Tensor sums = torch::bmm(shares.transpose(1, 2), windows(features, grid, first, count));
  return (sums - shares.sum(1).unsqueeze(2) * centroids).to(torch::kFloat);
}

/// The same of all patches from running sums, whose rounding stays.
torch::Tensor reference_residuals(const torch::Tensor& features, const torch::Tensor& assignment,
                                  const torch::Tensor& centroids, const PatchGrid& grid) {
  const std::int64_t h = features.size(0), w = features.size(1), c = features.size(2), k = assignment.size(2);
  const torch::Tensor residuals = assignment.permute({2, 0, 1}).unsqueeze(1) *
                                  (features.permute({2, 0, 1}).unsqueeze(0) - centroids.view({k, c, 1, 1}));
  const torch::Tensor sums = torch::zeros({k, c, h + 1, w + 1}, residuals.options());
  sums.slice(2, 1).slice(3, 1).copy_(residuals.cumsum(3).cumsum(2));
  const std::int64_t s = grid.stride, p = grid.size;
  const auto corner = [&](std::int64_t row, std::int64_t column) {
    return sums.slice(2, row, row + (grid.rows - 1) * s + 1, s)
        .slice(3, column, column + (grid.columns - 1) * s + 1, s);
  };
  const torch::Tensor boxes = corner(0, 0) - corner(0, p) - corner(p, 0) + corner(p, p);  // [K, C, rows, columns]
  return (boxes / double(p * p)).permute({2, 3, 0, 1}).reshape({grid.count(), k, c});
}

/// Pairs of both sides' nearest ones where products lie on an accelerator.
void match_on_device(const PatchSet& query, std::span<const PatchSet* const> candidates, std::size_t size,
                     std::span<std::vector<ScaleMatches>> results) {
  std::vector<torch::Tensor> together;
  for (const PatchSet* candidate : candidates) together.push_back(candidate->patches[size]);
  const torch::Tensor products =
      torch::matmul(query.patches[size].unsqueeze(0), torch::stack(together).transpose(1, 2));  // [B, Lq, Lc]
  const auto [row_best, row_nearest] = products.max(2);
  const auto [column_best, column_nearest] = products.max(1);
  const auto plain = [](const torch::Tensor& tensor, torch::ScalarType type) {
    return tensor.to(torch::kCPU, type).contiguous();
  };
  const torch::Tensor rows = plain(row_nearest, torch::kInt), columns = plain(column_nearest, torch::kInt),
                      best_rows = plain(row_best, torch::kFloat), best_columns = plain(column_best, torch::kFloat);
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    ScaleMatches& scale = results[i][size];
    const auto row = [&](const torch::Tensor& tensor, auto* type) {
      using T = std::remove_pointer_t<decltype(type)>;
      const T* const values = tensor[std::int64_t(i)].data_ptr<T>();
      return std::span(values, std::size_t(tensor.size(1)));
    };
    const auto best_q = row(best_rows, (float*)nullptr), best_c = row(best_columns, (float*)nullptr);
    scale.query_best.assign(best_q.begin(), best_q.end());
    scale.candidate_best.assign(best_c.begin(), best_c.end());
    scale.pairs = mutual_pairs(row(rows, (std::int32_t*)nullptr), row(columns, (std::int32_t*)nullptr), best_c);
  }
}

/// The same on a processor: a product, then one look at it while it is in the cache.
void match_here(const PatchSet& query, const PatchSet& candidate, std::size_t size, torch::Tensor& products,
                ScaleMatches& scale) {
  const torch::Tensor &q = query.patches[size], &c = candidate.patches[size];
  if (!products.defined() || products.size(0) != q.size(0) || products.size(1) != c.size(0))
    products = torch::empty({q.size(0), c.size(0)}, torch::kFloat);
  torch::mm_out(products, q, c.t());
  MutualNearest nearest(int(q.size(0)), int(c.size(0)));
  nearest.add(0, int(q.size(0)), products.data_ptr<float>());
  scale.pairs = nearest.pairs();
  scale.query_best = nearest.query_best();
  scale.candidate_best = nearest.candidate_best();
}

}  // namespace

void patch_vlads(const VladPool& pool, const VladCells& cells, std::int64_t image, const PatchGrid& grid,
                 PatchSums sums, const std::function<void(std::int64_t first, const torch::Tensor& vlads)>& take) {
  if (grid.count() == 0) return;
  const std::int64_t h = cells.map.size(2), w = cells.map.size(3);
  const auto on_map = [&](const torch::Tensor& tensor) {  // [N, h * w] -> [h, w, N]
    return tensor[image].t().contiguous().view({h, w, -1});
  };
  const torch::Tensor features = on_map(cells.features), assignment = on_map(cells.assignment);
  if (sums == PatchSums::Reference)
    return take(0, pool.normalised(reference_residuals(features, assignment, pool.centroids(), grid)));
  const torch::Tensor exact_features = features.to(torch::kDouble), exact_assignment = assignment.to(torch::kDouble);
  const std::int64_t row_bytes = grid.columns * assignment.size(2) * features.size(2) * std::int64_t(sizeof(double));
  const std::int64_t step = std::max<std::int64_t>(1, kStretchBytes / row_bytes);
  for (std::int64_t first = 0; first < grid.rows; first += step) {
    const std::int64_t count = std::min<std::int64_t>(step, grid.rows - first);
    take(first * grid.columns,
         pool.normalised(exact_residuals(exact_features, exact_assignment, pool.centroids(), grid, first, count)));
  }
}

torch::Tensor patch_descriptors(const VladPool& pool, const PatchWhitening& whitening, const VladCells& cells,
                                std::int64_t image, const PatchGrid& grid, PatchSums sums) {
  const bool whitens = whitening.weight.defined();
  const std::int64_t length = whitens ? whitening.weight.size(0) : pool.centroids().numel();
  torch::Tensor result = torch::empty({grid.count(), length}, pool.centroids().options());
  patch_vlads(pool, cells, image, grid, sums, [&](std::int64_t first, const torch::Tensor& vlads) {
    torch::Tensor rows = vlads;
    if (whitens) {
      rows = torch::addmm(whitening.bias, vlads, whitening.weight.t());
      rows = rows / rows.norm(2, {1}, true).clamp_min(kEpsilon);
    }
    result.slice(0, first, first + rows.size(0)).copy_(rows);
  });
  return result;
}

std::size_t PatchSet::bytes() const {
  std::size_t sum = 0;
  for (const torch::Tensor& tensor : patches) sum += tensor.nbytes();
  return sum;
}

std::vector<std::vector<ScaleMatches>> match_patches(const PatchSet& query, std::span<const PatchSet* const> candidates,
                                                     std::span<const double> weights, bool ransac) {
  const std::size_t num_sizes = query.patches.size();
  std::vector<std::vector<ScaleMatches>> results(candidates.size(), std::vector<ScaleMatches>(num_sizes));
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (candidates[i]->patches.size() != num_sizes)
      throw Error("patches of {} sizes cannot be compared with patches of {}", num_sizes,
                  candidates[i]->patches.size());
    for (std::size_t size = 0; size < num_sizes; ++size) {
      ScaleMatches& scale = results[i][size];
      scale.query = query.grids[size], scale.candidate = candidates[i]->grids[size];
      scale.weight = weights[size];
      if (query.patches[size].size(1) != candidates[i]->patches[size].size(1))
        throw Error("patch descriptors of {} and of {} numbers cannot be compared", query.patches[size].size(1),
                    candidates[i]->patches[size].size(1));
    }
  }
  torch::Tensor products;
  for (std::size_t size = 0; size < num_sizes; ++size) {
    if (query.grids[size].count() == 0) continue;
    const bool alike = std::ranges::all_of(
        candidates, [&](const PatchSet* candidate) { return candidate->grids[size] == query.grids[size]; });
    if (!query.patches[size].is_cpu() && alike) {
      for (std::size_t first = 0; first < candidates.size(); first += kTogether) {
        const std::size_t count = std::min<std::size_t>(kTogether, candidates.size() - first);
        match_on_device(query, candidates.subspan(first, count), size, std::span(results).subspan(first, count));
      }
      continue;
    }
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      if (candidates[i]->grids[size].count() == 0) continue;
      if (query.patches[size].is_cpu())
        match_here(query, *candidates[i], size, products, results[i][size]);
      else
        match_on_device(query, candidates.subspan(i, 1), size, std::span(results).subspan(i, 1));
    }
  }
#pragma omp parallel for schedule(dynamic) if (ransac)
  for (std::size_t i = 0; i < results.size(); ++i) {
    for (ScaleMatches& scale : results[i])
      scale.score = ransac ? ransac_score(scale.query, scale.candidate, scale.pairs)
                           : spatial_score(scale.query, scale.candidate, scale.pairs);
  }
  return results;
}

double match_giga_multiply_adds(const PatchSet& query, std::span<const PatchSet* const> candidates) {
  double sum = 0;
  for (const PatchSet* candidate : candidates) {
    for (std::size_t size = 0; size < query.patches.size(); ++size)
      sum += double(query.patches[size].numel()) * double(candidate->patches[size].size(0));
  }
  return sum * 1e-9;
}

}  // namespace relocus
