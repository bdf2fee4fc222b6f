#include "core/networks/submanifold.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/networks/precision.h"

namespace relocus {
namespace {

constexpr double norm_epsilon = 1e-5;

std::vector<std::int64_t> starts_of(const torch::Tensor& cells, std::int64_t scans) {
  const torch::Tensor counts = torch::bincount(cells.select(1, 0), {}, scans).cpu();
  if (counts.size(0) > scans) throw Error("a cell names scan {} of {}", counts.size(0) - 1, scans);
  std::vector<std::int64_t> starts{0};
  for (std::int64_t b = 0; b < scans; ++b) starts.push_back(starts.back() + counts[b].item<std::int64_t>());
  return starts;
}

/// Rows of a block: enough blocks for all threads, and few enough rows that they stay in the nearest cache.
std::int64_t block_rows(std::int64_t rows) {
  return std::clamp<std::int64_t>((rows + 4 * at::get_num_threads() - 1) / (4 * at::get_num_threads()), 32, 256);
}

/// `input_of(row, tap)` tells the input row that an output row meets by a tap, negative where there is none.
template <class InputOf>
std::shared_ptr<const RuleBook> make_rules(std::int64_t rows, std::int64_t taps, const InputOf& input_of) {
  RuleBook rules;
  rules.rows = rows;
  rules.taps = int(taps);
  rules.block_rows = block_rows(rows);
  rules.blocks = (rows + rules.block_rows - 1) / rules.block_rows;

  // Each block notes its pairs in a piece of its own, then all pieces are joined.
  std::vector<std::vector<RuleBook::Pair>> pieces(rules.blocks);
  std::vector<std::int64_t> counts(rules.blocks * taps);
  at::parallel_for(0, rules.blocks, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t block = first; block < last; ++block) {
      const std::int64_t begin = block * rules.block_rows, end = std::min(begin + rules.block_rows, rows);
      std::vector<RuleBook::Pair>& pairs = pieces[block];
      pairs.resize((end - begin) * taps + 1);
      std::int64_t n = 0;
      for (std::int64_t tap = 0; tap < taps; ++tap) {
        const std::int64_t before = n;
        for (std::int64_t row = begin; row < end; ++row) {
          const std::int32_t in = input_of(row, tap);
          pairs[n] = {std::int32_t(row), in};
          n += in >= 0;
        }
        counts[block * taps + tap] = n - before;
      }
      pairs.resize(n);
    }
  });

  rules.starts.assign(1, 0);
  for (const std::int64_t count : counts) rules.starts.push_back(rules.starts.back() + count);
  rules.pairs.resize(rules.starts.back());
  at::parallel_for(0, rules.blocks, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t block = first; block < last; ++block)
      std::copy(pieces[block].begin(), pieces[block].end(), rules.pairs.begin() + rules.starts[block * taps]);
  });
  return std::make_shared<const RuleBook>(std::move(rules));
}

/// Whether sparse_convolution() computes such a layer.
bool has_kernels_for(const torch::Tensor& features, const torch::Tensor& weight) {
  return has_cpu_gradients(features) && has_sparse_kernels() && weight.size(0) % channel_block == 0 &&
         weight.size(1) % channel_block == 0;
}

/// Rows that the affine's row `part` of `parts` is for: one row alone is for all scans.
std::pair<std::int64_t, std::int64_t> rows_of_part(const std::vector<std::int64_t>& starts, std::int64_t part,
                                                   std::int64_t parts) {
  if (parts == 1) return {starts.front(), starts.back()};
  return {starts[part], starts[part + 1]};
}

/// One pass over the bytes instead of several.
SparseMap sparsify_bytes(const torch::Tensor& grid) {
  const std::uint8_t* bytes = grid.data_ptr<std::uint8_t>();
  const std::int64_t height = grid.size(1), width = grid.size(2), channels = grid.size(3);
  std::vector<std::int64_t> active;
  for (std::int64_t cell = 0; cell < grid.size(0) * height * width; ++cell) {
    unsigned any = 0;
    for (std::int64_t c = 0; c < channels; ++c) any |= bytes[cell * channels + c];
    if (any) active.push_back(cell);
  }
  const std::int64_t size = std::int64_t(active.size());
  const torch::Tensor cells = torch::empty({size, 3}, torch::kLong);
  const torch::Tensor features = torch::empty({size, channels}, torch::kFloat);
  std::int64_t* place = cells.data_ptr<std::int64_t>();
  float* row = features.data_ptr<float>();
  for (const std::int64_t cell : active) {
    *place++ = cell / (height * width), *place++ = cell / width % height, *place++ = cell % width;
    row = std::copy(bytes + cell * channels, bytes + (cell + 1) * channels, row);
  }
  return {features, std::make_shared<ActiveSet>(cells, grid.size(0), height, width)};
}

/// [M, C] with one more row of `value`, which stands for "no neighbour".
torch::Tensor with_row_of(const torch::Tensor& features, double value) {
  return torch::cat({features, torch::full({1, features.size(1)}, value, features.options())});
}

}  // namespace

ActiveSet::ActiveSet(torch::Tensor cells, std::int64_t scans, std::int64_t height, std::int64_t width)
    : cells_(std::move(cells)), height_(height), width_(width), starts_(starts_of(cells_, scans)) {}

/// Each cell's row on a grid with a margin all around, -1 elsewhere: [scans, height + 2 margin, width + 2 margin]
/// int32.
torch::Tensor ActiveSet::numbered_grid(std::int64_t margin) const {
  const torch::Tensor grid =
      torch::full({scans(), height_ + 2 * margin, width_ + 2 * margin}, -1, cells_.options().dtype(torch::kInt));
  const torch::Tensor rows = torch::arange(size(), grid.options());
  return grid.index_put({cells_.select(1, 0), cells_.select(1, 1) + margin, cells_.select(1, 2) + margin}, rows);
}

const torch::Tensor& ActiveSet::neighbours(int kernel) const {
  torch::Tensor& table = neighbours_[kernel];
  if (table.defined()) return table;
  const std::int64_t margin = kernel / 2, padded_width = width_ + 2 * margin;
  const torch::Tensor grid = numbered_grid(margin).view({-1}).to(torch::kLong);
  const torch::Tensor corner = (cells_.select(1, 0) * (height_ + 2 * margin) + cells_.select(1, 1)) * padded_width +
                               cells_.select(1, 2);  // [M], the window's first cell
  const torch::Tensor step = torch::arange(kernel, cells_.options());
  const torch::Tensor taps = (step.unsqueeze(1) * padded_width + step).view({1, -1});  // [1, K²]
  table = grid.index_select(0, (corner.unsqueeze(1) + taps).view({-1})).view({size(), kernel * kernel});
  table.masked_fill_(table < 0, size());
  return table;
}

const std::shared_ptr<const RuleBook>& ActiveSet::rules(int kernel) const {
  std::shared_ptr<const RuleBook>& rules = rules_[kernel];
  if (rules) return rules;
  if (kernel == 1)
    return rules = make_rules(size(), 1, [](std::int64_t row, std::int64_t) { return std::int32_t(row); });
  // Flat positions on the padded grid: of each cell, and of each tap relative to it.
  const int margin = kernel / 2, padded_width = int(width_) + 2 * margin, padded_height = int(height_) + 2 * margin;
  const torch::Tensor grid = numbered_grid(margin);
  const std::int32_t* numbers = grid.data_ptr<std::int32_t>();
  const auto cells = cells_.accessor<std::int64_t, 2>();
  std::vector<std::int32_t> corners(size(), 0), taps;
  for (std::int64_t i = 0; i < size(); ++i)
    corners[std::size_t(i)] = std::int32_t((cells[i][0] * padded_height + cells[i][1]) * padded_width + cells[i][2]);
  for (int r = 0; r < kernel; ++r)
    for (int c = 0; c < kernel; ++c) taps.push_back(r * padded_width + c);
  return rules = make_rules(size(), kernel * kernel, [&](std::int64_t row, std::int64_t tap) {
           return numbers[corners[std::size_t(row)] + taps[std::size_t(tap)]];
         });
}

std::int64_t ActiveSet::num_pairs(int kernel) const {
  if (kernel == 1) return size();
  if (cells_.is_cpu()) return std::int64_t(rules(kernel)->pairs.size());
  return (neighbours(kernel) < size()).sum().item<std::int64_t>();
}

std::shared_ptr<const ActiveSet> ActiveSet::pooled() const {
  if (pooled_) return pooled_;
  const std::int64_t height = (height_ - 1) / 2 + 1, width = (width_ - 1) / 2 + 1;
  const torch::Tensor active = (numbered_grid(0) >= 0).to(torch::kFloat).unsqueeze(1);
  const torch::Tensor reached = torch::max_pool2d(active, 3, 2, 1).squeeze(1);  // [scans, height, width]
  pooled_ = std::make_shared<ActiveSet>(reached.nonzero(), scans(), height, width);
  return pooled_;
}

const torch::Tensor& ActiveSet::pool_windows() const {
  if (pool_windows_.defined()) return pool_windows_;
  const torch::Tensor& out = pooled()->cells();
  const torch::Tensor grid = numbered_grid(1).view({-1}).to(torch::kLong);
  const torch::Tensor corner =
      (out.select(1, 0) * (height_ + 2) + out.select(1, 1) * 2) * (width_ + 2) + out.select(1, 2) * 2;
  const torch::Tensor step = torch::arange(3, cells_.options());
  const torch::Tensor taps = (step.unsqueeze(1) * (width_ + 2) + step).view({1, 9});
  pool_windows_ = grid.index_select(0, (corner.unsqueeze(1) + taps).view({-1})).view({-1, 9});
  pool_windows_.masked_fill_(pool_windows_ < 0, size());
  return pool_windows_;
}

const RulePaths& ActiveSet::unpooling() const {
  if (unpooling_.forth) return unpooling_;
  const std::int64_t taps = pool_windows().size(1);
  const auto windows = pool_windows().accessor<std::int64_t, 2>();
  std::vector<std::int32_t> coarse(std::size_t(size() * taps), -1);  // each cell's, by each tap
  for (std::int64_t row = 0; row < windows.size(0); ++row)
    for (std::int64_t tap = 0; tap < taps; ++tap)
      if (windows[row][tap] < size()) coarse[std::size_t(windows[row][tap] * taps + tap)] = std::int32_t(row);
  unpooling_.forth = make_rules(
      size(), taps, [&](std::int64_t row, std::int64_t tap) { return coarse[std::size_t(row * taps + tap)]; });
  unpooling_.back = make_rules(windows.size(0), taps, [&](std::int64_t row, std::int64_t tap) {
    return windows[row][tap] < size() ? std::int32_t(windows[row][tap]) : -1;
  });
  return unpooling_;
}

torch::Tensor ActiveSet::dense(const torch::Tensor& features) const {
  const torch::Tensor grid = torch::zeros({scans(), height_, width_, features.size(1)}, features.options());
  return grid.index_put({cells_.select(1, 0), cells_.select(1, 1), cells_.select(1, 2)}, features)
      .permute({0, 3, 1, 2});
}

SparseMap sparsify(const torch::Tensor& grid) {
  if (grid.is_cpu() && grid.scalar_type() == torch::kByte && grid.is_contiguous()) return sparsify_bytes(grid);
  const torch::Tensor cells = (grid != 0).any(-1).nonzero();  // [M, 3], ordered by scan, row, column
  const torch::Tensor features =
      grid.index({cells.select(1, 0), cells.select(1, 1), cells.select(1, 2)}).to(torch::kFloat);
  return {features, std::make_shared<ActiveSet>(cells, grid.size(0), grid.size(1), grid.size(2))};
}

SparseMap max_pool(const SparseMap& input) {
  const std::shared_ptr<const ActiveSet> cells = input.cells->pooled();
  const torch::Tensor& windows = input.cells->pool_windows();
  const std::int64_t channels = input.features.size(1);
  if (on_fast_path(input.features)) {
    const torch::Tensor result = torch::empty({cells->size(), channels}, input.features.options());
    pool_rows(input.features.data_ptr<float>(), input.features.size(0), channels, windows.data_ptr<std::int64_t>(),
              cells->size(), result.data_ptr<float>());
    return {result, cells};
  }
  if (has_cpu_gradients(input.features)) return {pool_rows(input.features, windows), cells};
  const torch::Tensor padded = with_row_of(input.features, -std::numeric_limits<double>::infinity());
  const torch::Tensor gathered = padded.index_select(0, windows.view({-1})).view({-1, 9, channels});
  return {std::get<0>(gathered.max(1)), cells};
}

SparseMap scan_of(const SparseMap& batch, std::int64_t scan) {
  const ActiveSet& all = *batch.cells;
  if (all.scans() == 1) return batch;
  const std::int64_t first = all.starts()[scan], last = all.starts()[scan + 1];
  torch::Tensor cells = all.cells().slice(0, first, last).clone();
  cells.select(1, 0).zero_();
  return {batch.features.slice(0, first, last), std::make_shared<ActiveSet>(cells, 1, all.height(), all.width())};
}

bool on_fast_path(const torch::Tensor& features) {
  return !torch::GradMode::is_enabled() && features.is_cpu() && features.scalar_type() == torch::kFloat;
}

SubmanifoldConv::SubmanifoldConv(int in_channels, int out_channels, int kernel) : kernel_(kernel) {
  const double bound = 1 / std::sqrt(double(in_channels) * kernel * kernel);
  weight =
      register_parameter("weight", torch::empty({out_channels, in_channels, kernel, kernel}).uniform_(-bound, bound));
  bias = register_parameter("bias", torch::empty({out_channels}).uniform_(-bound, bound));
}

torch::Tensor SubmanifoldConv::forward(const torch::Tensor& features, const ActiveSet& cells) {
  const std::int64_t out_channels = weight.size(0), in_channels = weight.size(1);
  if (has_kernels_for(features, weight)) {
    if (kernel_ > 1 || torch::GradMode::is_enabled()) {
      const std::shared_ptr<const RuleBook>& rules = cells.rules(kernel_);
      return sparse_convolution(features, weight, bias, {rules, rules, true}, packed_.of(weight));
    }
    const torch::Tensor result = torch::empty({features.size(0), out_channels}, features.options());
    dense_product(features.contiguous().data_ptr<float>(), features.size(0), in_channels, packed_.of(weight),
                  bias.data_ptr<float>(), false, result.data_ptr<float>(), out_channels);
    return result;
  }
  if (kernel_ == 1) return torch::addmm(bias, features, weight.view({out_channels, in_channels}).t());
  const torch::Tensor gathered =
      with_row_of(features, 0).index_select(0, cells.neighbours(kernel_).view({-1}));     // [M * K², Cin]
  const torch::Tensor matrix = weight.permute({2, 3, 1, 0}).reshape({-1, out_channels});  // [K² * Cin, Cout]
  return torch::addmm(bias, gathered.view({features.size(0), matrix.size(0)}), matrix);
}

double SubmanifoldConv::multiply_adds(const ActiveSet& cells) const {
  return double(cells.num_pairs(kernel_)) * double(weight.size(0) * weight.size(1));
}

const float* PackedWeights::of(const torch::Tensor& weight) {
  const std::pair<const void*, std::uint32_t> now{weight.data_ptr(), std::uint32_t(weight._version())};
  if (from_ != now) {
    const torch::Tensor plain = weight.detach().contiguous();
    const std::int64_t out = weight.size(0), in = weight.size(1), taps = weight.size(2) * weight.size(3);
    packed_.resize(std::size_t(weight.numel()));
    pack_weights(plain.data_ptr<float>(), out, in, int(taps), {in * taps, taps, 1}, packed_.data());
    from_ = now;
  }
  return packed_.data();
}

InverseConv::InverseConv(int in_channels, int out_channels) {
  const double bound = 1 / std::sqrt(double(in_channels) * 9);
  weight = register_parameter("weight", torch::empty({out_channels, in_channels, 3, 3}).uniform_(-bound, bound));
  bias = register_parameter("bias", torch::empty({out_channels}).uniform_(-bound, bound));
}

torch::Tensor InverseConv::forward(const torch::Tensor& coarse, const ActiveSet& fine) {
  if (has_kernels_for(coarse, weight))
    return sparse_convolution(coarse, weight, bias, fine.unpooling(), packed_.of(weight));
  const std::int64_t out_channels = weight.size(0), in_channels = weight.size(1);
  const torch::Tensor matrix = weight.permute({1, 2, 3, 0}).reshape({in_channels, 9 * out_channels});
  const torch::Tensor taps = torch::mm(coarse, matrix).view({-1, out_channels});  // [M' * 9, Cout]
  const torch::Tensor sums = torch::zeros({fine.size() + 1, out_channels}, taps.options())
                                 .index_add(0, fine.pool_windows().view({-1}), taps);  // the last row: no cell
  return sums.slice(0, 0, fine.size()) + bias;
}

BatchNorm::BatchNorm(int channels) {
  weight = register_parameter("weight", torch::ones({channels}));
  bias = register_parameter("bias", torch::zeros({channels}));
  running_mean = register_buffer("running_mean", torch::zeros({channels}));
  running_var = register_buffer("running_var", torch::ones({channels}));
  num_batches_tracked = register_buffer("num_batches_tracked", torch::zeros({}, torch::kLong));
}

BatchNorm::Affine BatchNorm::affine(const torch::Tensor& features, const std::vector<std::int64_t>& starts,
                                    Statistics statistics, const torch::Tensor& copies) {
  torch::Tensor mean, variance;  // [scans or 1, C]
  const std::vector<std::int64_t> whole{starts.front(), starts.back()};
  const std::vector<std::int64_t>& parts = statistics == Statistics::Pooled ? whole : starts;
  if (statistics == Statistics::Running) {
    mean = running_mean.unsqueeze(0), variance = running_var.unsqueeze(0);
  } else if (has_cpu_gradients(features)) {
    const Moments moments = moments_of(features, parts, copies);
    mean = moments.mean, variance = moments.variance;
  } else {
    std::vector<torch::Tensor> means, variances;
    for (std::size_t b = 0; b + 1 < parts.size(); ++b) {
      const torch::Tensor rows = at_least_float(features.slice(0, parts[b], parts[b + 1]));
      const bool empty = rows.size(0) == 0;  // nothing is normalised by it
      const torch::Tensor share = copies.defined() ? copies.slice(0, parts[b], parts[b + 1]).unsqueeze(1) : copies;
      const auto average = [&](const torch::Tensor& x) {
        return share.defined() ? (x * share).sum(0) / share.sum() : x.mean(0);
      };
      means.push_back(empty ? torch::zeros_like(running_mean) : average(rows));
      variances.push_back(empty ? torch::ones_like(running_var) : average((rows - means.back()).square()));
    }
    mean = torch::stack(means), variance = torch::stack(variances);
  }
  if (is_training() && torch::GradMode::is_enabled() && statistics != Statistics::Running) {
    const torch::NoGradGuard no_gradient;
    const double rows = copies.defined() ? copies.sum().item<double>() : double(features.size(0));
    const double n = rows / double(mean.size(0));
    const torch::Tensor unbiased = variance.mean(0) * (n / std::max(n - 1, 1.0));
    seen_mean_ = seen_ == 0 ? mean.mean(0) : seen_mean_ + mean.mean(0);
    seen_var_ = seen_ == 0 ? unbiased : seen_var_ + unbiased;
    ++seen_;
  }
  const torch::Tensor scale = weight * torch::rsqrt(variance + norm_epsilon);
  return {scale, bias - mean * scale};
}

void BatchNorm::settle(double momentum) {
  if (seen_ == 0) return;
  const torch::NoGradGuard no_gradient;
  running_mean.lerp_(seen_mean_ / double(seen_), momentum);
  running_var.lerp_(seen_var_ / double(seen_), momentum);
  num_batches_tracked.add_(1);
  seen_ = 0;
}

void settle_running_statistics(const torch::nn::Module& network, double momentum) {
  for (const auto& module : network.modules(/*include_self=*/false))
    if (auto* norm = dynamic_cast<BatchNorm*>(module.get())) norm->settle(momentum);
}

torch::Tensor BatchNorm::forward(const torch::Tensor& features, const std::vector<std::int64_t>& starts,
                                 Statistics statistics, const torch::Tensor& copies) {
  return normalise(on_fast_path(features) ? features.clone() : features, affine(features, starts, statistics, copies),
                   starts, false);
}

torch::Tensor normalise(torch::Tensor x, const BatchNorm::Affine& affine, const std::vector<std::int64_t>& starts,
                        bool relu) {
  const std::int64_t scans = affine.scale.size(0);
  if (on_fast_path(x) && x.is_contiguous()) {
    for (std::int64_t b = 0; b < scans; ++b) {
      const auto [first, last] = rows_of_part(starts, b, scans);
      float* rows = x.data_ptr<float>() + first * x.size(1);
      scale_shift(rows, last - first, x.size(1), affine.scale.data_ptr<float>() + b * x.size(1),
                  affine.shift.data_ptr<float>() + b * x.size(1), relu, rows);
    }
    return x;
  }
  if (has_cpu_gradients(x)) return scale_shift(x, affine.scale, affine.shift, starts, relu);
  torch::Tensor scale = affine.scale, shift = affine.shift;
  if (scans > 1) {
    std::vector<std::int64_t> counts;
    for (std::size_t b = 0; b + 1 < starts.size(); ++b) counts.push_back(starts[b + 1] - starts[b]);
    const torch::Tensor repeats = torch::tensor(counts, torch::kLong).to(x.device());
    scale = scale.repeat_interleave(repeats, 0), shift = shift.repeat_interleave(repeats, 0);
  }
  const torch::Tensor y = x * scale + shift;
  return relu ? torch::relu(y) : y;
}

torch::Tensor add_normalised(torch::Tensor x, const BatchNorm::Affine& affine, const torch::Tensor& other,
                             const BatchNorm::Affine& other_affine, const std::vector<std::int64_t>& starts) {
  if (torch::GradMode::is_enabled() && has_cpu_gradients(x))
    return scale_shift_add_relu(x, affine.scale, affine.shift, other, other_affine.scale, other_affine.shift, starts);
  if (!on_fast_path(x) || !x.is_contiguous() || !other.is_contiguous())
    return torch::relu(normalise(x, affine, starts, false) + normalise(other, other_affine, starts, false));
  const std::int64_t columns = x.size(1), scans = affine.scale.size(0);
  const auto row = [](const torch::Tensor& matrix, std::int64_t r) {
    return matrix.data_ptr<float>() + r * matrix.size(1);
  };
  for (std::int64_t b = 0; b < scans; ++b) {
    const auto [first, last] = rows_of_part(starts, b, scans);
    scale_shift_add_relu(row(x, first), row(affine.scale, b), row(affine.shift, b), row(other, first),
                         row(other_affine.scale, b), row(other_affine.shift, b), last - first, columns, row(x, first));
  }
  return x;
}

}  // namespace relocus
