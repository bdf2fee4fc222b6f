#include "core/networks/overlap_netvlad.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/bev_map.h"
#include "core/environment.h"
#include "core/error.h"
#include "core/methods/overlap_netvlad.h"
#include "core/networks/arrays.h"
#include "core/networks/bev_backbone.h"
#include "core/networks/device.h"
#include "core/networks/netvlad.h"
#include "core/networks/overlap_head.h"
#include "core/weights/load.h"
#include "core/weights/model_folder.h"

namespace relocus {
namespace {

constexpr const char* method_name = "overlap_netvlad";

Statistics statistics_of(const std::string& name) {
  if (name == "running") return Statistics::Running;
  return name == "reference" ? Statistics::Pooled : Statistics::PerScan;
}

std::filesystem::path weights_of(const Resources& resources) {
  return resources.weights.empty() ? models_folder() / method_name : resources.weights;
}

/// Values of the active cells on their grid, NaN elsewhere: [H, W].
Array heat_map(const ActiveSet& cells, const torch::Tensor& values) {
  torch::Tensor map = torch::full({cells.height(), cells.width()}, std::nan(""), torch::kFloat);
  if (values.defined() && cells.size() > 0) {
    const torch::Tensor places = cells.cells().to(torch::kCPU);
    map.index_put_({places.select(1, 1), places.select(1, 2)}, values.to(torch::kCPU));
  }
  return array_of(map);
}

TraceLabel overlap_label(const BevGrid& grid, Side side) {
  return {.name = "overlap",
          .title = "Predicted overlap",
          .grid = square_of(grid),
          .range = std::pair(0.f, 1.f),
          .is_evidence = true,
          .side = side};
}

struct PreparedScan : Prepared {
  OverlapHead::Prepared scan;
};

const PreparedScan& as_scan(const Prepared& prepared) {
  const auto* scan = dynamic_cast<const PreparedScan*>(&prepared);
  if (!scan) throw Error("what was prepared by another method cannot be compared by OverlapNetVLAD");
  return *scan;
}

/// Fu, Li, Wang et al.: OverlapNetVLAD, arXiv 2303.06881 (v1) and "A Coarse-to-Fine Place Recognition Approach using
/// Attention-guided Descriptors and Overlap Estimation", ICRA 2024 (v2, CFPR).
///
/// encode: `global` is the head's descriptor; `local` holds the active cells of the 32 x 32 grid, [N, 2] (row along x,
/// column along y), and their features [N, C]. A scan without a point in the grid has N = 0, a descriptor like any
/// other, and overlaps with nothing: its similarity is 0. Traces of encode, scan after scan: "bev" [256, 256, 32],
/// "features" [32, 32, C], "assignment" [32, 32, K]. Traces of rerank, candidate after candidate: "overlap" [32, 32] of
/// the query and of the candidate, NaN where a scan has nothing. Trace of attend: "attention" [32, 32], sums to 1.
class OverlapNetvlad : public Method {
 public:
  OverlapNetvlad(const OverlapNetvladOptions& options, const Resources& resources)
      : options_(options), device_(torch_device(resources.device)) {
    set_torch_threads(resources.threads);
    const ModelFolder model = open_model(weights_of(resources), method_name);
    grid_.cells.z() = model.widths.height_layers;
    backbone_ = std::make_shared<BevBackbone>(model.widths);
    overlap_ = std::make_shared<OverlapHead>(model.widths);
    if (options.head == "v1")
      head_ = std::make_shared<ConvolutionalHead>(model.widths);
    else
      head_ = std::make_shared<AttentionHead>(model.widths);
    feature_width_ = model.widths.features;
    if (options.overlap_statistics == "model") options_.overlap_statistics = model.option("overlap_statistics", "pair");
    load(model, {{"backbone", backbone_}, {"overlap", overlap_}, {options.head == "v1" ? "vlad" : "attnvlad", head_}});
  }

  std::vector<Encoding> encode(std::span<const Reading> readings, const Trace& trace) override {
    const torch::NoGradGuard no_gradient;
    const bool together = !device_.is_cpu() || options_.backbone_statistics == "reference";
    const std::size_t step = together ? std::size_t(options_.batch_size) : 1;
    std::vector<Encoding> encodings;
    for (std::size_t first = 0; first < readings.size(); first += step)
      encode_batch(readings.subspan(first, std::min(step, readings.size() - first)), trace, encodings);
    return encodings;
  }

  std::shared_ptr<const Prepared> prepare(const Encoding& encoding) override {
    const torch::NoGradGuard no_gradient;
    auto prepared = std::make_shared<PreparedScan>();
    prepared->scan = overlap_->prepare(local_map(encoding));
    prepared->bytes = prepared->scan.bytes();
    return prepared;
  }

  std::vector<Score> rerank(const Prepared& query, std::span<const std::shared_ptr<const Prepared>> candidates,
                            const Trace& trace) override {
    const torch::NoGradGuard no_gradient;
    std::vector<const OverlapHead::Prepared*> scans;
    for (const auto& candidate : candidates) scans.push_back(&as_scan(*candidate).scan);
    const OverlapHead::Prepared& asked = as_scan(query).scan;
    const auto overlaps = overlap_->compare(asked, scans, statistics_of(options_.overlap_statistics));

    std::vector<Score> scores;
    for (std::size_t i = 0; i < overlaps.size(); ++i) {
      scores.push_back({overlaps[i].score});
      if (!trace) continue;
      trace(overlap_label(grid_, Side::Query), heat_map(*asked.cells, overlaps[i].query));
      trace(overlap_label(grid_, Side::Candidate), heat_map(*scans[i]->cells, overlaps[i].candidate));
    }
    return scores;
  }

  void attend(const Prepared& query, const Prepared& candidate, int row, int column, const Trace& trace) override {
    const torch::NoGradGuard no_gradient;
    const OverlapHead::Prepared &asked = as_scan(query).scan, &other = as_scan(candidate).scan;
    const torch::Tensor cells = asked.cells->cells().to(torch::kCPU);
    const torch::Tensor here = ((cells.select(1, 1) == row) & (cells.select(1, 2) == column)).nonzero();
    if (here.numel() == 0 || other.cells->size() == 0) return;
    trace({.name = "attention", .title = "Attention", .grid = square_of(grid_), .side = Side::Candidate},
          heat_map(*other.cells, overlap_->attention(asked, here[0][0].item<std::int64_t>(), other)));
  }

 private:
  using Module = std::shared_ptr<torch::nn::Module>;

  void load(const ModelFolder& model, const std::vector<std::pair<std::string, Module>>& networks) {
    std::filesystem::path file;
    Tensors tensors;
    for (const auto& [name, network] : networks) {
      const ModelFolder::Network& part = model.network(name);
      if (part.file != file) tensors = read_tensors(model, name);  // networks of one file are read at once
      file = part.file;
      load_strictly(*network, tensors, part.prefix, file.string());
      network->eval();
      network->to(device_);
    }
  }

  void encode_batch(std::span<const Reading> readings, const Trace& trace, std::vector<Encoding>& encodings) {
    const SparseMap batch =
        backbone_->forward(occupancy_of(readings, trace), statistics_of(options_.backbone_statistics));
    for (std::int64_t b = 0; b < batch.cells->scans(); ++b) {
      const SparseMap scan = scan_of(batch, b);
      const GlobalHead::Result head = head_->describe(scan);
      if (trace) {
        trace({.name = "features",
               .title = "Backbone features",
               .grid = square_of(grid_),
               .channel = "channel",
               .zero_is_nothing = true},
              array_of(scan.cells->dense(scan.features).squeeze(0).permute({1, 2, 0})));
        trace({.name = "assignment",
               .title = "NetVLAD assignment",
               .grid = square_of(grid_),
               .channel = "cluster",
               .range = std::pair(0.f, 1.f),
               .is_share = true},
              array_of(head.assignment));
      }
      const Array descriptor = array_of(head.descriptor);
      Encoding encoding{
          Eigen::Map<const Eigen::VectorXf>(descriptor.values.data(), Eigen::Index(descriptor.values.size())), {}};
      encoding.local.push_back(array_of(scan.cells->cells().slice(1, 1)));
      encoding.local.push_back(array_of(scan.features));
      encodings.push_back(std::move(encoding));
    }
  }

  /// [B, 256, 256, layers] bytes on the device.
  torch::Tensor occupancy_of(std::span<const Reading> readings, const Trace& trace) {
    const std::int64_t x = grid_.cells.x(), y = grid_.cells.y(), z = grid_.cells.z();
    torch::Tensor grids = torch::empty({std::int64_t(readings.size()), x, y, z}, torch::kByte);
    for (std::size_t i = 0; i < readings.size(); ++i) {
      occupancy(readings[i].cloud, grid_, cells_);
      std::copy(cells_.begin(), cells_.end(), grids[std::int64_t(i)].data_ptr<std::uint8_t>());
      if (!trace) continue;
      trace({.name = "bev",
             .title = "Occupancy",
             .grid = square_of(grid_),
             .channel = "layer",
             .range = std::pair(0.f, 1.f),
             .zero_is_nothing = true},
            array_of(grids[std::int64_t(i)]));
    }
    return grids.to(device_);
  }

  /// The features of an encoding on the device; throws unless it is one of ours.
  SparseMap local_map(const Encoding& encoding) const {
    constexpr int coarser = 8;  // the backbone halves the grid three times
    const std::int64_t height = grid_.cells.x() / coarser, width = grid_.cells.y() / coarser;
    const auto misfit = [](const char* what) { return Error("an encoding does not fit OverlapNetVLAD: {}", what); };
    if (encoding.local.size() != 2) throw misfit("it has no cells and features");
    const Array &places = encoding.local[0], &features = encoding.local[1];
    if (places.shape.size() != 2 || places.shape[1] != 2 || features.shape.size() != 2 ||
        features.shape[0] != places.shape[0] || features.shape[1] != feature_width_)
      throw misfit("its features are of another width");
    std::vector<bool> taken(height * width);
    torch::Tensor cells = torch::zeros({places.shape[0], 3}, torch::kLong);
    auto rows = cells.accessor<std::int64_t, 2>();
    for (std::int64_t i = 0; i < places.shape[0]; ++i) {
      const float row = places.values[2 * i], column = places.values[2 * i + 1];
      if (!(row >= 0 && row < float(height) && column >= 0 && column < float(width)) ||
          taken[std::int64_t(row) * width + std::int64_t(column)])
        throw misfit("a cell lies outside of the grid or stands there twice");
      taken[std::int64_t(row) * width + std::int64_t(column)] = true;
      rows[i][1] = std::int64_t(row), rows[i][2] = std::int64_t(column);
    }
    return {tensor_of(features).to(device_, torch::kFloat, /*non_blocking=*/false, /*copy=*/true),
            std::make_shared<ActiveSet>(cells.to(device_), 1, height, width)};
  }

  OverlapNetvladOptions options_;
  torch::Device device_;
  BevGrid grid_;
  std::int64_t feature_width_ = 0;
  std::shared_ptr<BevBackbone> backbone_;
  std::shared_ptr<GlobalHead> head_;
  std::shared_ptr<OverlapHead> overlap_;
  std::vector<std::uint8_t> cells_;  ///< of one scan, kept between scans
};

}  // namespace

NetworkMethod overlap_netvlad_network() {
  return {method_name,
          [](const Options& options, const Resources& resources) -> std::unique_ptr<Method> {
            return std::make_unique<OverlapNetvlad>(dynamic_cast<const OverlapNetvladOptions&>(options), resources);
          },
          [](const Resources& resources) { return open_model(weights_of(resources), method_name).hash(); }};
}

}  // namespace relocus
