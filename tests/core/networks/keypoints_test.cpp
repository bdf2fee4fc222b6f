// Keypoints of BEVNet, from a folder of weights to the pose of a pair. The weights are made by a rule and know nothing.

#include "core/keypoints.h"

#include <torch/torch.h>

#include <nlohmann/json.hpp>

#include "core/datasets/registry.h"
#include "core/files.h"
#include "core/networks/bevnet.h"
#include "core/networks/keypoints.h"
#include "core/relative_pose.h"
#include "core/simulator/simulator.h"
#include "core/weights/golden_rule.h"
#include "core/weights/load.h"
#include "tests/support.h"

using namespace relocus;

namespace {

/// A folder of weights as the import makes it of a checkpoint of BEVNet.
void write_bevnet(const std::filesystem::path& folder, bool with_decoder) {
  BevNet network;
  fill_by_golden_rule(network, "");
  Tensors tensors;
  for (const auto& [name, tensor] : state_of(network, "")) {
    const bool backbone = name.starts_with("dconv_down"),
               overlap = name.starts_with("fusenet16") || name.starts_with("last_conv16");
    if (with_decoder || backbone || overlap)
      tensors.emplace((backbone ? "backbone." : overlap ? "overlap." : "bevnet.") + name, tensor);
  }
  write_model_folder(folder, "overlap_netvlad", tensors);
}

}  // namespace

class KeypointsTest : public QObject {
  Q_OBJECT
  QTemporaryDir folder_;
  PointCloud cloud_;

  std::filesystem::path at(const char* name) const { return folder_.filePath(name).toStdString(); }

 private Q_SLOTS:
  void initTestCase() {
    SimulatorOptions options;
    options.frames = 50;
    simulate(at("city"), options);
    cloud_ = read_cloud(open_sequence(at("city")), 5);
    write_bevnet(at("whole"), true);
    write_bevnet(at("encoder"), false);
  }

  void a_folder_without_the_decoder_has_none() {
    QVERIFY(!make_bevnet_keypoints({.weights = at("encoder")}));
    QVERIFY(!keypoint_network({.weights = at("encoder")}));  // without a look at LibTorch
    QVERIFY(!keypoint_network({.weights = at("nowhere")}));
  }

  void damaged_weights_are_named() {
    write_bevnet(at("damaged"), true);
    auto description = nlohmann::json::parse(read_text(at("damaged") / "model.json"));
    description["networks"]["bevnet"]["sha256"] = std::string(64, '0');
    write_atomically(at("damaged") / "model.json", description.dump());
    QVERIFY(test::error_of([&] { make_bevnet_keypoints({.weights = at("damaged")}); }).find("weights.safetensors") !=
            std::string::npos);
  }

  void keypoints_lie_on_the_scan_and_have_unit_descriptors() {
    const auto network = make_bevnet_keypoints({.weights = at("whole"), .device = "cpu"});
    QVERIFY(network != nullptr);
    const auto scan = network->prepare(cloud_);
    QVERIFY(scan->bytes > 100000);
    const auto [a, b] = network->keypoints(*scan, *scan, 250);
    QVERIFY(a.points.size() > 100 && a.points.size() <= 250);
    QCOMPARE(std::size_t(a.descriptors.cols()), a.points.size());
    QCOMPARE(a.descriptors.rows(), Eigen::Index(32));
    QCOMPARE(a.points.size(), b.points.size());
    for (std::size_t i = 0; i < a.points.size(); ++i) {
      QVERIFY(std::ranges::find(cloud_.points, a.points[i]) != cloud_.points.end());
      QVERIFY(std::abs(a.descriptors.col(Eigen::Index(i)).norm() - 1) < 1e-4f);
    }
  }

  /// Moved by whole cells its descriptors are the same but at the border: even a network that knows nothing finds it.
  void a_moved_copy_is_found_by_its_keypoints() {
    const auto network = make_bevnet_keypoints({.weights = at("whole"), .device = "cpu"});
    const float coarse = 8 * BevGrid().cell_size().x();  // cells of all grids of the network lie as before
    const Eigen::Isometry3d truth(Eigen::Translation3d(2 * coarse, -coarse, 0));
    PointCloud moved = cloud_;
    for (auto& point : moved.points) point -= truth.translation().cast<float>();
    const auto keypoints = network->keypoints(*network->prepare(cloud_), *network->prepare(moved), 250);
    const RelativePose found = estimate_pose(*pose_scan(cloud_), *pose_scan(moved), {.keypoints = &keypoints});
    QVERIFY(found.verified);
    QVERIFY(is_success(pose_error(found.a_from_b, truth)));
    QVERIFY(found.source == PoseSource::Keypoints);
    QVERIFY(found.milliseconds.keypoints > 0);
  }

  void an_empty_scan_is_an_error() {
    const auto network = make_bevnet_keypoints({.weights = at("whole"), .device = "cpu"});
    QVERIFY(test::error_of([&] { network->prepare({}); }).find("without a point") != std::string::npos);
  }
};

QTEST_APPLESS_MAIN(KeypointsTest)
#include "keypoints_test.moc"
