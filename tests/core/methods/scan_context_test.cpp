#include <cmath>
#include <numbers>
#include <random>

#include "core/methods/registry.h"
#include "core/numpy.h"
#include "core/point_files.h"
#include "tests/made_files.h"
#include "tests/support.h"

using namespace relocus;
using test::error_of;
using test::shared_folder;

namespace {

constexpr float kDegrees = 180 / std::numbers::pi_v<float>;

std::unique_ptr<Method> scan_context(std::initializer_list<std::string_view> settings = {}) {
  const MethodInfo& info = method("scan_context");
  const auto options = info.options();
  for (const std::string_view setting : settings) set_option(*options, setting);
  return info.create(*options, {});
}

/// A street with poles and walls of random heights.
PointCloud street(unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> place(-70, 70), height(0, 6);
  PointCloud cloud;
  for (int pole = 0; pole < 120; ++pole) {
    const float x = place(random), y = place(random), top = height(random);
    for (float z = -1.7f; z < top; z += 0.1f) cloud.points.emplace_back(x, y, z);
  }
  return cloud;
}

/// The scan that a sensor sees which stands at `offset` and is turned by `yaw`: p_old = R(yaw) p_new + offset.
PointCloud seen_from(const PointCloud& cloud, float yaw, const Eigen::Vector3f& offset = Eigen::Vector3f::Zero()) {
  const Eigen::Matrix3f turn = Eigen::AngleAxisf(-yaw, Eigen::Vector3f::UnitZ()).toRotationMatrix();
  PointCloud seen;
  for (const Eigen::Vector3f& point : cloud.points) seen.points.push_back(turn * (point - offset));
  return seen;
}

Encoding encoded(Method& method, const PointCloud& cloud) {
  const Reading reading{cloud, {}};
  return method.encode(std::span(&reading, 1)).at(0);
}

Method::Score compared(Method& method, const PointCloud& query, const PointCloud& candidate) {
  return method.rerank(*method.prepare(encoded(method, query)), std::vector{method.prepare(encoded(method, candidate))})
      .at(0);
}

float apart(float a, float b) { return std::abs(std::remainder(a - b, 2 * std::numbers::pi_v<float>)) * kDegrees; }

}  // namespace

class ScanContextTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void a_cell_holds_its_highest_point_and_an_empty_one_0() {
    const auto method = scan_context({"rings=2", "sectors=4", "max_range=10", "lidar_height=2"});
    const PointCloud cloud{{{1, 1, 0}, {1, 2, 1.5f}, {-6, 3, -1}, {50, 0, 9}, {2, -2, std::nanf("")}}, {}};
    const Encoding encoding = encoded(*method, cloud);
    QCOMPARE(encoding.local.at(0).shape, (std::vector<std::int64_t>{2, 4}));
    QCOMPARE(encoding.local[0].values, (std::vector<float>{3.5f, 0, 0, 0, 0, 1, 0, 0}));
    QCOMPARE(encoding.global, Eigen::Vector2f(3.5f / 4, 0.25f));
  }

  /// Published row means of Scan Context (shared data's README): 20 rings, 60 sectors, 0.5 m voxels, no sensor height.
  void ring_keys_are_the_published_ones() {
    const auto kitti = shared_folder() / "data/kitti_odometry";
    RELOCUS_NEED(kitti / "sc_row_descriptors/00.npz");
    const auto method = scan_context({"lidar_height=0", "voxel=0.5"});
    const Array rows = read_npz(kitti / "sc_row_descriptors/00.npz", "row_avg");
    int compared = 0;
    for (const auto& entry : std::filesystem::directory_iterator(kitti / "sequences/00/velodyne")) {
      const int frame = std::stoi(entry.path().stem().string());
      const Encoding encoding = encoded(*method, read_points(entry.path()));
      float worst = 0;
      for (int ring = 0; ring < 20; ++ring)
        worst = std::max(worst, std::abs(encoding.global[ring] - rows.values[std::size_t(frame * 20 + ring)]));
      QVERIFY2(worst < 1e-6f, fmt::format("frame {}: {}", frame, worst).c_str());
      ++compared;
    }
    QVERIFY(compared >= 9);
  }

  void the_reverse_pair_of_kitti_08_is_found_with_its_yaw() {
    const auto scans = shared_folder() / "data/kitti_odometry/sequences/08/velodyne";
    RELOCUS_NEED(scans / "001500.bin");
    const auto method = scan_context();
    const PointCloud a = read_points(scans / "000720.bin"), b = read_points(scans / "001500.bin");
    const Method::Score forth = compared(*method, a, b), back = compared(*method, b, a);
    QVERIFY2(apart(forth.yaw, -148.5f / kDegrees) < 3, std::to_string(forth.yaw * kDegrees).c_str());
    QVERIFY(apart(back.yaw, 148.5f / kDegrees) < 3);
    const Method::Score elsewhere = compared(*method, a, read_points(scans / "000000.bin"));
    QVERIFY(forth.similarity > 0.7f && elsewhere.similarity < 0.5f);
  }

  void the_yaw_is_that_of_the_candidate_seen_from_the_query_data() {
    QTest::addColumn<float>("degrees");
    for (const float degrees : {0.f, 30.f, 90.f, -77.f, 179.f, 3.f, -133.3f})
      QTest::addRow("%.1f", double(degrees)) << degrees;
  }
  void the_yaw_is_that_of_the_candidate_seen_from_the_query() {
    QFETCH(float, degrees);
    const auto method = scan_context();
    const PointCloud query = street(1), candidate = seen_from(query, degrees / kDegrees);
    const Method::Score score = compared(*method, query, candidate);
    QVERIFY2(apart(score.yaw, degrees / kDegrees) < 3, std::to_string(score.yaw * kDegrees).c_str());
    QVERIFY(score.similarity > 0.6f);
    const auto aligned = scan_context({"prealign=on"});
    QVERIFY(apart(compared(*aligned, query, candidate).yaw, degrees / kDegrees) < 4);
  }

  void a_turn_by_whole_sectors_changes_nothing() {
    const auto method = scan_context();
    const PointCloud query = street(2), candidate = seen_from(query, 120 / kDegrees);
    QVERIFY((encoded(*method, query).global - encoded(*method, candidate).global).norm() < 0.05f);
    QVERIFY(compared(*method, query, candidate).similarity > 0.97f);
    QVERIFY(compared(*method, query, query).similarity > 0.9999f);
    QVERIFY(compared(*method, query, street(3)).similarity < 0.6f);
  }

  void virtual_lanes_help_beside_the_road() {
    const PointCloud query = street(4), candidate = seen_from(query, 0, {0, 3, 0});
    const auto plain = scan_context(), augmented = scan_context({"augment=on", "lateral_shift=3"});
    const float without = compared(*plain, query, candidate).similarity;
    const float with = compared(*augmented, query, candidate).similarity;
    QVERIFY2(with > without + 0.2f && with > 0.95f, fmt::format("{} {}", without, with).c_str());
  }

  void a_cart_context_shifts_sideways_and_turns_round() {
    const auto method = scan_context({"context=cart", "augment=on"});
    const PointCloud query = street(5);
    const Method::Score beside = compared(*method, query, seen_from(query, 0, {0, 4, 0}));
    QVERIFY2(beside.similarity > 0.95f, std::to_string(beside.similarity).c_str());
    QCOMPARE(beside.yaw, 0.f);
    const Method::Score reverse = compared(*method, query, seen_from(query, 180 / kDegrees));
    QVERIFY(reverse.similarity > 0.95f);
    QVERIFY(apart(reverse.yaw, std::numbers::pi_v<float>) < 0.01f);
    const float distance =
        (encoded(*method, query).global - encoded(*method, seen_from(query, 180 / kDegrees)).global).norm();
    QVERIFY2(distance < 0.1f, std::to_string(distance).c_str());
  }

  void results_do_not_depend_on_companions() {
    const auto method = scan_context();
    const std::vector<Reading> batch{{street(1), {}}, {street(2), {}}, {street(3), {}}};
    const auto together = method->encode(batch);
    for (int i = 0; i < 3; ++i) {
      const Encoding alone = encoded(*method, street(unsigned(1 + i)));
      QVERIFY(alone.global == together[i].global);
      QCOMPARE(alone.local[0].values, together[i].local[0].values);
    }
  }

  void empty_and_hopeless_scans_are_like_nothing() {
    const auto method = scan_context();
    const PointCloud nothing, broken{{{std::nanf(""), 0, 0}, {INFINITY, 1, 1}, {0, 0, -INFINITY}}, {}};
    for (const PointCloud& cloud : {nothing, broken}) {
      QVERIFY(encoded(*method, cloud).global.isZero());
      const Method::Score score = compared(*method, street(1), cloud);
      QCOMPARE(score.similarity, 0.f);
      QVERIFY(std::isnan(score.yaw));
      QVERIFY(encoded(*scan_context({"voxel=0.5"}), cloud).global.isZero());
    }
  }

  void every_step_can_be_watched() {
    const auto method = scan_context();
    std::vector<std::string> names;
    const Trace trace = [&](const TraceLabel& label, const Array&) { names.push_back(label.name); };
    const std::vector<Reading> readings{{street(1), {}}, {street(2), {}}};
    const auto encodings = method->encode(readings, trace);
    method->rerank(*method->prepare(encodings[0]), std::vector{method->prepare(encodings[1])}, trace);
    QCOMPARE(names,
             (std::vector<std::string>{"context", "context", "evidence", "evidence", "column_similarity",
                                       "column_similarity", "contribution", "contribution", "similarity_by_shift"}));
  }

  void contexts_of_other_options_are_refused() {
    const auto coarse = scan_context({"rings=10"}), fine = scan_context();
    const auto query = coarse->prepare(encoded(*coarse, street(1)));
    const std::vector candidates{fine->prepare(encoded(*fine, street(1)))};
    QVERIFY(test::contains(error_of([&] { fine->rerank(*query, candidates); }), "different sizes"));
    QVERIFY(test::contains(error_of([&] { fine->prepare({Eigen::VectorXf::Zero(20), {}}); }), "no scan context"));
  }

  void an_unknown_method_is_named_with_the_known() {
    const std::string error = error_of([] { method("scan_contxt"); });
    QVERIFY(test::contains(error, "scan_contxt"));
    QVERIFY(test::contains(error, "scan_context"));
  }
};

QTEST_APPLESS_MAIN(ScanContextTest)
#include "scan_context_test.moc"
