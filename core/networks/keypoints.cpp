#include "core/networks/keypoints.h"

#include "core/bev.h"
#include "core/environment.h"
#include "core/error.h"
#include "core/networks/bevnet.h"
#include "core/networks/device.h"
#include "core/weights/load.h"

namespace relocus {
namespace {

/// The cells' features of one scan, and of each cell the point that is nearest to the predicted height.
struct LocalScan : Prepared {
  BevNet::Local local;
  std::shared_ptr<const ActiveSet> coarse;
  OverlapHead::Prepared overlap;
  std::vector<Eigen::Vector3f> points;  ///< of each fine cell
};

const LocalScan& as_local(const Prepared& prepared) {
  const auto* scan = dynamic_cast<const LocalScan*>(&prepared);
  if (!scan) throw Error("what was prepared by something else holds no keypoints of BEVNet");
  return *scan;
}

/// Of each fine cell the point nearest to the predicted height: heights are learnt in metres, pillars are 0.4 m wide.
std::vector<Eigen::Vector3f> points_at(const torch::Tensor& heights, const ActiveSet& cells, const PointCloud& cloud,
                                       const BevGrid& grid) {
  std::vector<int> row_of(std::size_t(grid.cells.x() * grid.cells.y()), -1);
  const torch::Tensor where = cells.cells().to(torch::kCPU), predicted = heights.to(torch::kCPU).contiguous();
  const auto places = where.accessor<std::int64_t, 2>();
  const float* const height = predicted.data_ptr<float>();
  for (std::int64_t i = 0; i < cells.size(); ++i)
    row_of[std::size_t(places[i][1] * grid.cells.y() + places[i][2])] = int(i);
  std::vector<Eigen::Vector3f> points(std::size_t(cells.size()), Eigen::Vector3f::Constant(NAN));
  for (const Eigen::Vector3f& point : cloud.points) {
    const std::int64_t cell = cell_of(point, grid);
    if (cell < 0) continue;
    const int row = row_of[std::size_t(cell / grid.cells.z())];
    if (row < 0) continue;
    Eigen::Vector3f& nearest = points[std::size_t(row)];
    if (!nearest.allFinite() || std::abs(point.z() - height[row]) < std::abs(nearest.z() - height[row]))
      nearest = point;
  }
  return points;
}

class BevnetKeypoints : public KeypointNetwork {
 public:
  BevnetKeypoints(const ModelFolder& model, const Resources& resources)
      : device_(torch_device(resources.device)), network_(std::make_shared<BevNet>(model.widths)) {
    set_torch_threads(resources.threads);
    grid_.cells.z() = model.widths.height_layers;
    load_bevnet(*network_, model);
    network_->eval();
    network_->to(device_);
  }

  std::shared_ptr<const Prepared> prepare(const PointCloud& cloud) override {
    const torch::NoGradGuard no_gradient;
    occupancy(cloud, grid_, cells_);
    const torch::Tensor grid =
        torch::from_blob(cells_.data(), {1, grid_.cells.x(), grid_.cells.y(), grid_.cells.z()}, torch::kByte);
    const BevNet::Result result = network_->forward(grid.to(device_));
    auto scan = std::make_shared<LocalScan>();
    scan->local = result.local;
    scan->coarse = result.coarse.cells;
    scan->overlap = network_->overlap_head()->prepare(result.coarse);
    scan->points = points_at(height_of(result.local.heights, grid_), *result.local.cells, cloud, grid_);
    const auto size = [](const torch::Tensor& tensor) { return std::size_t(tensor.numel()) * 4; };
    scan->bytes = size(scan->local.descriptors) + size(scan->local.heights) + scan->overlap.bytes() +
                  scan->points.size() * sizeof(Eigen::Vector3f);
    return scan;
  }

  std::pair<Keypoints, Keypoints> keypoints(const Prepared& a, const Prepared& b, int most) override {
    const torch::NoGradGuard no_gradient;
    const LocalScan &first = as_local(a), &second = as_local(b);
    const OverlapHead::Prepared* const others[] = {&second.overlap};
    const OverlapHead::Overlap overlap = network_->overlap_head()->compare(first.overlap, others).at(0);
    return {best_of(first, overlap.query, most), best_of(second, overlap.candidate, most)};
  }

 private:
  static Keypoints best_of(const LocalScan& scan, const torch::Tensor& overlap, int most) {
    Keypoints keypoints;
    const torch::Tensor scores = keypoint_scores(scan.local, *scan.coarse, overlap);
    const auto [values, rows] = scores.topk(std::min<std::int64_t>(most, scores.size(0)));
    const torch::Tensor descriptors =
        scan.local.descriptors.index_select(0, rows).to(torch::kCPU, torch::kFloat).contiguous();  // [K, D]
    const torch::Tensor score = values.to(torch::kCPU).contiguous(), row = rows.to(torch::kCPU).contiguous();
    keypoints.descriptors.resize(descriptors.size(1), descriptors.size(0));
    Eigen::Index kept = 0;
    for (std::int64_t i = 0; i < row.size(0); ++i) {
      const Eigen::Vector3f& point = scan.points[std::size_t(row.data_ptr<std::int64_t>()[i])];
      if (!(score.data_ptr<float>()[i] > 0) || !point.allFinite()) continue;
      keypoints.points.push_back(point);
      keypoints.descriptors.col(kept++) = Eigen::Map<const Eigen::VectorXf>(
          descriptors.data_ptr<float>() + i * descriptors.size(1), descriptors.size(1));
    }
    keypoints.descriptors.conservativeResize(Eigen::NoChange, kept);
    return keypoints;
  }

  torch::Device device_;
  BevGrid grid_;
  std::shared_ptr<BevNet> network_;
  std::vector<std::uint8_t> cells_;  ///< of one scan, kept between scans
};

}  // namespace

std::unique_ptr<KeypointNetwork> make_bevnet_keypoints(const Resources& resources) {
  const ModelFolder model = open_model(
      resources.weights.empty() ? models_folder() / "overlap_netvlad" : resources.weights, "overlap_netvlad");
  for (const char* part : {"backbone", "overlap", "bevnet"})
    if (!model.networks.contains(part)) return nullptr;
  return std::make_unique<BevnetKeypoints>(model, resources);
}

}  // namespace relocus
