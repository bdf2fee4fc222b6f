#include "core/networks/bench.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>

#include "core/bev.h"
#include "core/error.h"
#include "core/networks/bev_backbone.h"
#include "core/networks/device.h"
#include "core/networks/netvlad.h"
#include "core/networks/overlap_head.h"
#include "core/weights/load.h"
#include "core/weights/model_folder.h"

namespace relocus {
namespace {

constexpr int rate_trials = 7;
constexpr std::size_t num_candidates = 25;
constexpr double giga = 1e9;

double milliseconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

/// `work` does the stage for `repeats` scans at once; the first trial, which makes caches, is not counted.
StageTime time_stage(const std::string& name, double multiply_adds, std::size_t repeats, int trials,
                     const std::function<void()>& work) {
  work();
  std::vector<double> times;
  for (int i = 0; i < trials; ++i) times.push_back(milliseconds_of(work) / double(repeats));
  std::sort(times.begin(), times.end());
  return {name, times[times.size() / 2], times.front(), multiply_adds / double(repeats) / giga};
}

template <class Network>
std::shared_ptr<Network> load_network(const ModelFolder& model, const std::string& name) {
  auto network = std::make_shared<Network>(model.widths);
  load_strictly(*network, read_tensors(model, name), model.network(name).prefix, model.source.string());
  network->eval();
  return network;
}

torch::Tensor grid_of(const PointCloud& cloud, const Widths& widths) {
  BevGrid grid;
  grid.cells.z() = widths.height_layers;
  std::vector<std::uint8_t> cells;
  occupancy(cloud, grid, cells);
  return torch::from_blob(cells.data(), {1, grid.cells.x(), grid.cells.y(), grid.cells.z()}, torch::kByte).clone();
}

}  // namespace

std::vector<StageTime> bench_networks(std::span<const PointCloud> clouds, const std::filesystem::path& weights,
                                      int threads, int trials) {
  if (trials < 1) throw Error("a measurement needs at least one trial, not {}", trials);
  if (clouds.empty()) throw Error("there is no scan to measure with");
  const torch::NoGradGuard no_gradient;
  set_torch_threads(threads);
  const ModelFolder model = open_model(weights, "overlap_netvlad");
  const auto backbone = load_network<BevBackbone>(model, "backbone");
  std::vector<StageTime> stages;

  std::vector<torch::Tensor> grids;
  std::vector<SparseMap> scans;
  double backbone_work = 0;
  for (const PointCloud& cloud : clouds) {
    grids.push_back(grid_of(cloud, model.widths));
    backbone_work += backbone->multiply_adds(sparsify(grids.back()).cells);
  }
  stages.push_back(time_stage("backbone", backbone_work, grids.size(), trials, [&] {
    scans.clear();
    for (const torch::Tensor& grid : grids) scans.push_back(backbone->forward(grid));
  }));

  // The way back multiplies twice as much: for the weights and for the input.
  stages.push_back(time_stage("training step", 3 * backbone_work, grids.size(), trials, [&] {
    const torch::AutoGradMode with_gradients(true);
    for (const torch::Tensor& grid : grids) {
      backbone->zero_grad();
      backbone->forward(grid).features.square().mean().backward();
    }
  }));

  const auto time_head = [&](const char* stage, GlobalHead& head) {
    stages.push_back(time_stage(stage, head.multiply_adds() * double(scans.size()), scans.size(), trials, [&] {
      for (const SparseMap& scan : scans) head.describe(scan);
    }));
  };
  if (model.networks.contains("attnvlad")) time_head("head v2", *load_network<AttentionHead>(model, "attnvlad"));
  if (model.networks.contains("vlad")) time_head("head v1", *load_network<ConvolutionalHead>(model, "vlad"));

  const auto overlap = load_network<OverlapHead>(model, "overlap");
  std::vector<OverlapHead::Prepared> prepared;
  double prepare_work = 0, overlap_work = 0;
  for (const SparseMap& scan : scans) prepare_work += overlap->prepare_multiply_adds(*scan.cells);
  stages.push_back(time_stage("prepare", prepare_work, scans.size(), trials, [&] {
    prepared.clear();
    for (const SparseMap& scan : scans) prepared.push_back(overlap->prepare(scan));
  }));
  std::vector<const OverlapHead::Prepared*> candidates;
  for (std::size_t i = 0; i < num_candidates; ++i) {
    candidates.push_back(&prepared[(i + 1) % prepared.size()]);
    overlap_work += overlap->multiply_adds(*prepared[0].cells, *candidates.back()->cells);
  }
  stages.push_back(time_stage("overlap of 25 candidates", overlap_work, 1, trials,
                              [&] { overlap->compare(prepared[0], candidates); }));
  return stages;
}

double matrix_multiply_rate(int threads) {
  const torch::NoGradGuard no_gradient;
  set_torch_threads(threads);
  constexpr std::array<std::array<std::int64_t, 3>, 3> shapes{{{1024, 1024, 1024}, {512, 512, 2048}, {1024, 512, 512}}};
  double best = 0;
  for (const auto& [m, k, n] : shapes) {
    const torch::Tensor a = torch::ones({m, k}), b = torch::ones({k, n});
    torch::Tensor c = torch::empty({m, n});
    for (int i = 0; i < rate_trials; ++i) {
      const double ms = milliseconds_of([&] { torch::mm_out(c, a, b); });
      best = std::max(best, double(m * k * n) / giga / (ms * 1e-3));
    }
  }
  return best;
}

}  // namespace relocus
