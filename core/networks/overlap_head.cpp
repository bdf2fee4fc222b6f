#include "core/networks/overlap_head.h"

#include <algorithm>

#include "core/error.h"

namespace relocus {
namespace {

struct Container : torch::nn::Module {};

// Pairs that are computed as one batch: on the CPU one, whose intermediates stay in the cache; an accelerator wants
// work.
constexpr std::size_t cpu_pairs = 1, device_pairs = 16;

/// Both scans of all pairs as one active set, in the order query, candidate, query, candidate, …
ActiveSet joined_cells(const OverlapHead::Prepared& query, std::span<const OverlapHead::Prepared* const> candidates) {
  std::vector<torch::Tensor> cells;
  const auto add = [&](const ActiveSet& scan) {
    const torch::Tensor shift =
        torch::tensor({std::int64_t(cells.size()), std::int64_t(0), std::int64_t(0)}, torch::kLong);
    cells.push_back(scan.cells() + shift.to(scan.cells().device()));
  };
  for (const OverlapHead::Prepared* candidate : candidates) add(*query.cells), add(*candidate->cells);
  return {torch::cat(cells), std::int64_t(cells.size()), query.cells->height(), query.cells->width()};
}

}  // namespace

std::size_t OverlapHead::Prepared::bytes() const { return projected.bytes() + cells->cells().nbytes(); }

OverlapHead::OverlapHead(const Widths& widths) : widths_(widths) {
  fuse_ = register_module("fusenet16", std::make_shared<FeatureFuse>(widths.features));
  const auto last = register_module("last_conv16", std::make_shared<Container>());
  first_ = last->register_module("0", std::make_shared<SubmanifoldConv>(widths.features, widths.overlap, 3));
  norm_ = last->register_module("1", std::make_shared<BatchNorm>(widths.overlap));
  second_ = last->register_module("3", std::make_shared<SubmanifoldConv>(widths.overlap, 1, 3));
}

OverlapHead::Prepared OverlapHead::prepare(const SparseMap& scan) {
  return {scan.cells, fuse_->project(scan.features)};
}

std::vector<OverlapHead::Prepared> OverlapHead::prepare_all(const SparseMap& scans) {
  std::vector<FeatureFuse::Projected> projected = fuse_->project_all(scans.features, scans.cells->starts());
  std::vector<Prepared> prepared;
  for (std::int64_t b = 0; b < scans.cells->scans(); ++b)
    prepared.push_back({scan_of(scans, b).cells, std::move(projected[b])});
  return prepared;
}

std::vector<OverlapHead::Overlap> OverlapHead::compare(const Prepared& query,
                                                       std::span<const Prepared* const> candidates,
                                                       Statistics statistics) {
  if (statistics == Statistics::Pooled) throw Error("the overlap head knows statistics per pair and running ones only");
  std::vector<Overlap> results(candidates.size());
  std::vector<const Prepared*> seen;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < candidates.size() && query.cells->size() > 0; ++i) {
    if (candidates[i]->cells->size() == 0) continue;  // no cell can overlap: score 0
    seen.push_back(candidates[i]), places.push_back(i);
  }
  const std::size_t step = query.projected.tokens.is_cpu() ? cpu_pairs : device_pairs;
  for (std::size_t first = 0; first < seen.size(); first += step) {
    const std::size_t count = std::min(step, seen.size() - first);
    std::vector<Overlap> part = compare_together(query, std::span(seen).subspan(first, count), statistics);
    for (std::size_t i = 0; i < count; ++i) results[places[first + i]] = std::move(part[i]);
  }
  return results;
}

std::vector<OverlapHead::Overlap> OverlapHead::compare_together(const Prepared& query,
                                                                std::span<const Prepared* const> candidates,
                                                                Statistics statistics) {
  const ActiveSet cells = joined_cells(query, candidates);
  const std::vector<std::int64_t>& scans = cells.starts();
  std::vector<std::int64_t> pairs;
  for (std::size_t i = 0; i < scans.size(); i += 2) pairs.push_back(scans[i]);

  std::vector<torch::Tensor> hidden_parts, token_parts;
  for (const Prepared* candidate : candidates) {
    hidden_parts.push_back(fuse_->hidden(query.projected, candidate->projected));
    hidden_parts.push_back(fuse_->hidden(candidate->projected, query.projected));
    token_parts.push_back(query.projected.tokens), token_parts.push_back(candidate->projected.tokens);
  }
  const torch::Tensor hidden = instance_norm_relu(torch::cat(hidden_parts), scans);  // [M, 2F]
  const torch::Tensor fused = fuse_->update(torch::cat(token_parts), hidden);        // [M, F]
  const torch::Tensor convolved = first_->forward(fused, cells);                     // [M, O]
  const torch::Tensor activated =
      normalise(convolved, norm_->affine(convolved, pairs, statistics), pairs, true);  // [M, O]
  const torch::Tensor overlap = torch::sigmoid(cell_logits(activated, cells));         // [M]

  std::vector<torch::Tensor> means;
  for (std::size_t i = 0; i + 1 < scans.size(); ++i) means.push_back(overlap.slice(0, scans[i], scans[i + 1]).mean());
  const torch::Tensor mean = torch::stack(means).view({-1, 2}).mean(1).to(torch::kCPU);  // [pairs]
  std::vector<Overlap> results;
  for (std::size_t i = 0; i < candidates.size(); ++i)
    results.push_back({mean[i].item<float>(), overlap.slice(0, scans[2 * i], scans[2 * i + 1]),
                       overlap.slice(0, scans[2 * i + 1], scans[2 * i + 2])});
  return results;
}

/// The last convolution has one output channel: all taps of a cell are multiplied at once, then each cell adds up what
/// its neighbours hold for it.
torch::Tensor OverlapHead::cell_logits(const torch::Tensor& features, const ActiveSet& cells) const {
  const torch::Tensor weights = second_->weight.view({features.size(1), -1});  // [C, 9]
  const bool packs = on_fast_path(features) && has_sparse_kernels() && padded(features.size(1)) == features.size(1);
  const torch::Tensor taps = packs ? multiply(features, PackedMatrix(weights)).slice(1, 0, weights.size(1))
                                   : torch::mm(features, weights);  // [M, 9]
  const torch::Tensor padded = torch::cat({taps, torch::zeros({1, taps.size(1)}, taps.options())});
  return padded.gather(0, cells.neighbours(3)).sum(1) + second_->bias;  // [M]
}

double OverlapHead::multiply_adds(const ActiveSet& query, const ActiveSet& candidate) const {
  const double f = widths_.features, n = double(query.size()), m = double(candidate.size());
  const double attention = 2 * (2 * n * m * f), update = (n + m) * (2 * f * f + 2 * f * f);
  return attention + update + first_->multiply_adds(query) + first_->multiply_adds(candidate) +
         second_->multiply_adds(query) + second_->multiply_adds(candidate);
}

double OverlapHead::prepare_multiply_adds(const ActiveSet& scan) const {
  const double f = widths_.features;
  return double(scan.size()) * (3 * f * f + 2 * f * f);
}

}  // namespace relocus
