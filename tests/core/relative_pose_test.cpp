#include "core/relative_pose.h"

#include <Eigen/Eigenvalues>
#include <cmath>
#include <fstream>
#include <random>

#include "core/datasets/registry.h"
#include "core/registration.h"
#include "core/simulator/simulator.h"
#include "tests/support.h"

using namespace relocus;

namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr double kDegree = M_PI / 180;

Eigen::Isometry3d pose(double x, double y, double z, double yaw, double pitch = 0) {
  Eigen::Isometry3d result = Eigen::Isometry3d::Identity();
  result.translate(Eigen::Vector3d(x, y, z));
  result.rotate(Eigen::AngleAxisd(yaw, Eigen::Vector3d::UnitZ()) * Eigen::AngleAxisd(pitch, Eigen::Vector3d::UnitY()));
  return result;
}

PointCloud moved(const PointCloud& cloud, const Eigen::Isometry3d& a_from_b) {
  PointCloud result = cloud;
  const Eigen::Isometry3f b_from_a = a_from_b.inverse().cast<float>();
  for (auto& point : result.points) point = b_from_a * point;
  return result;
}

std::filesystem::path kitti() { return test::shared_folder() / "data/kitti_odometry"; }

/// The LiDAR's pose by SemanticKITTI's poses, which agree where the drive comes by again.
Eigen::Isometry3d world_from_lidar(const std::string& name, int frame) {
  const auto matrix = [](std::istream& in) {
    Eigen::Isometry3d result = Eigen::Isometry3d::Identity();
    for (int i = 0; i < 12; ++i) in >> result.matrix()(i / 4, i % 4);
    return result;
  };
  std::ifstream calib(kitti() / "sequences" / name / "calib.txt");
  Eigen::Isometry3d camera_from_lidar = Eigen::Isometry3d::Identity();
  for (std::string word; calib >> word;)
    if (word == "Tr:") camera_from_lidar = matrix(calib);
  std::ifstream poses(kitti() / "semantickitti_poses" / (name + ".txt"));
  std::string line;
  for (int i = 0; i < frame; ++i) std::getline(poses, line);
  return matrix(poses) * camera_from_lidar;
}

std::shared_ptr<const PoseScan> kitti_scan(const std::string& name, int frame) {
  static std::map<std::pair<std::string, int>, std::shared_ptr<const PoseScan>> scans;
  auto& scan = scans[{name, frame}];
  if (!scan) {
    const Sequence sequence = open_sequence(kitti() / "sequences" / name);
    for (const Frame& each : sequence.frames)
      if (each.number == frame) scan = pose_scan(read_cloud(sequence, each.id));
  }
  return scan;
}

std::string words(const PoseError& error, const RelativePose& found) {
  return fmt::format("{:.3f} m, {:.3f} deg off; fitness {:.2f}, rmse {:.2f} m, structure {:.2f}, {:.0f} ms",
                     error.translation, error.rotation / kDegree, found.fitness, found.rmse, found.structure,
                     found.milliseconds.total());
}

}  // namespace

class RelativePoseTest : public QObject {
  Q_OBJECT
  QTemporaryDir folder_;
  Sequence city_;

 private Q_SLOTS:
  void initTestCase() {
    SimulatorOptions options;
    options.frames = 120, options.seed = 7;
    simulate(folder_.path().toStdString(), options);
    city_ = open_sequence(folder_.path().toStdString());
  }

  void a_moved_copy_is_found_wherever_it_was_moved() {
    const PointCloud cloud = read_cloud(city_, 20);
    const auto a = pose_scan(cloud);
    for (const Eigen::Isometry3d& truth :
         {pose(0, 0, 0, 0), pose(3, -2, 0.3, 0.4), pose(-6, 4, 0, M_PI - 0.2, 0.02), pose(0, 8, 0.5, -1.6)}) {
      const RelativePose found = estimate_pose(*a, *pose_scan(moved(cloud, truth)));
      const PoseError error = pose_error(found.a_from_b, truth);
      QVERIFY2(error.translation < 0.05 && error.rotation < 0.003, words(error, found).c_str());
      QVERIFY(found.verified);
      QVERIFY(found.fitness > 0.95);
      QVERIFY(found.source == PoseSource::Correlation);
    }
  }

  void the_same_scan_lies_exactly_on_itself() {
    const auto scan = pose_scan(read_cloud(city_, 20));
    const RelativePose found = estimate_pose(*scan, *scan);
    const PoseError error = pose_error(found.a_from_b, Eigen::Isometry3d::Identity());
    QVERIFY2(error.translation < 1e-3 && error.rotation < 1e-4, words(error, found).c_str());
    QCOMPARE(found.fitness, 1.);
    QVERIFY(found.structure > 0.99);
  }

  void a_yaw_that_is_known_begins() {
    const PointCloud cloud = read_cloud(city_, 20);
    const Eigen::Isometry3d truth = pose(2, 1, 0, 2.0);
    const auto a = pose_scan(cloud), b = pose_scan(moved(cloud, truth));
    const RelativePose found = estimate_pose(*a, *b, {.yaw = 2.05});
    QVERIFY(found.verified && found.source == PoseSource::Yaw);
    QVERIFY(is_success(pose_error(found.a_from_b, truth)));
    const RelativePose misled = estimate_pose(*a, *b, {.yaw = -0.5});  // a wrong one does no harm
    QVERIFY(misled.verified && misled.source == PoseSource::Correlation);
    QVERIFY(is_success(pose_error(misled.a_from_b, truth)));
    QVERIFY(estimate_pose(*a, *b, {.yaw = NAN}).verified);
  }

  void keypoints_begin_where_there_are_some() {
    const PointCloud cloud = read_cloud(city_, 20);
    const Eigen::Isometry3d truth = pose(4, -3, 0.2, 1.1);
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    std::pair<Keypoints, Keypoints> keypoints;
    auto& [a, b] = keypoints;
    a.descriptors.resize(8, 60);
    for (int i = 0; i < 60; ++i) {
      a.points.push_back(cloud.points[std::size_t(i * 200)]);
      for (int k = 0; k < 8; ++k) a.descriptors(k, i) = normal(random);
    }
    b.descriptors = a.descriptors;
    for (const auto& point : a.points) b.points.push_back(truth.inverse().cast<float>() * point);
    for (int i = 0; i < 20; ++i) b.points[std::size_t(i)] *= 0.5f;  // a third are wrong
    const auto scan_a = pose_scan(cloud), scan_b = pose_scan(moved(cloud, truth));
    const RelativePose found = estimate_pose(*scan_a, *scan_b, {.keypoints = &keypoints});
    QVERIFY(found.verified && found.source == PoseSource::Keypoints);
    QVERIFY(is_success(pose_error(found.a_from_b, truth)));
    b = {};  // none at all: the correlation takes over
    b.descriptors.resize(8, 0);
    QVERIFY(estimate_pose(*scan_a, *scan_b, {.keypoints = &keypoints}).source == PoseSource::Correlation);
  }

  void real_pairs_lie_as_their_poses_say_data() {
    QTest::addColumn<QString>("sequence");
    QTest::addColumn<int>("a");
    QTest::addColumn<int>("b");
    QTest::newRow("4 m on") << "00" << 0 << 5;
    QTest::newRow("9 m on") << "00" << 5 << 15;
    QTest::newRow("13 m on") << "00" << 0 << 15;
    QTest::newRow("the other way") << "08" << 720 << 1500;
    QTest::newRow("and back") << "08" << 1500 << 720;
  }
  void real_pairs_lie_as_their_poses_say() {
    QFETCH(QString, sequence);
    QFETCH(int, a);
    QFETCH(int, b);
    RELOCUS_NEED(kitti() / "sequences/08/velodyne/001500.bin");
    const std::string name = sequence.toStdString();
    const Eigen::Isometry3d truth = world_from_lidar(name, a).inverse() * world_from_lidar(name, b);
    const RelativePose found = estimate_pose(*kitti_scan(name, a), *kitti_scan(name, b));
    const PoseError error = pose_error(found.a_from_b, truth);
    qInfo("%s", words(error, found).c_str());
    QVERIFY2(is_success(error), words(error, found).c_str());
    QVERIFY2(error.translation < 0.3 && error.rotation < 1 * kDegree, words(error, found).c_str());
    QVERIFY(found.verified);
  }

  void scans_of_different_places_are_not_verified() {
    RELOCUS_NEED(kitti() / "sequences/08/velodyne/001500.bin");
    for (const auto& [a, b] : {std::pair(0, 94), std::pair(15, 199), std::pair(40, 94), std::pair(0, 40)}) {
      const RelativePose found = estimate_pose(*kitti_scan("00", a), *kitti_scan("00", b));
      QVERIFY2(!found.verified, fmt::format("{} and {}: {}", a, b, words({}, found)).c_str());
    }
    for (const int b : {720, 1500}) QVERIFY(!estimate_pose(*kitti_scan("08", 0), *kitti_scan("08", b)).verified);
    QVERIFY(!estimate_pose(*kitti_scan("08", 720), *kitti_scan("00", 15)).verified);
  }

  void the_information_is_symmetric_and_positive_and_in_the_frame_of_b() {
    const PointCloud cloud = read_cloud(city_, 20);
    const RelativePose found = estimate_pose(*pose_scan(cloud), *pose_scan(moved(cloud, pose(3, -2, 0, M_PI / 2))));
    QVERIFY((found.information - found.information.transpose()).norm() == 0);
    const Eigen::SelfAdjointEigenSolver<Information> solver(found.information);
    QVERIFY(solver.eigenvalues().minCoeff() > 1);
    // Points lie metres from the sensor: turns are better known than shifts.
    QVERIFY(found.information(5, 5) > 10 * found.information(0, 0));
    QVERIFY(found.information(0, 0) > 100);
  }

  void scans_without_enough_points_are_named() {
    const PointCloud cloud = read_cloud(city_, 20);
    PointCloud broken = cloud, few = cloud, far = cloud;
    for (auto& point : broken.points) point.x() = kNan;
    few.points.resize(40);
    for (auto& point : far.points) point *= 1e6f;
    for (const PointCloud& bad : {PointCloud(), broken, few, far}) {
      const std::string error = test::error_of([&] { pose_scan(bad, "scan B"); });
      QVERIFY2(error.starts_with("scan B has ") && error.find("at least 50") != std::string::npos, error.c_str());
    }
  }

  void points_that_are_not_finite_do_no_harm() {
    PointCloud dirty = read_cloud(city_, 20);
    const auto clean = pose_scan(dirty);
    dirty.points[7] = {kNan, 0, 0};
    dirty.points[8] = {1e30f, 0, std::numeric_limits<float>::infinity()};
    dirty.points[9] = {1e20f, 0, 0};
    const RelativePose found = estimate_pose(*clean, *pose_scan(dirty));
    QVERIFY(found.verified);
    QVERIFY(pose_error(found.a_from_b, Eigen::Isometry3d::Identity()).translation < 0.05);
  }

  void a_plain_without_anything_upright_is_not_verified() {
    PointCloud plain;
    for (int x = -40; x < 40; ++x)
      for (int y = -40; y < 40; ++y) plain.points.emplace_back(0.7f * float(x), 0.7f * float(y), -1.7f);
    const auto scan = pose_scan(plain);
    const RelativePose found = estimate_pose(*scan, *scan);
    QVERIFY(!found.verified);
    QVERIFY(found.a_from_b.matrix().allFinite() && found.information.allFinite());
  }

  void it_can_be_cancelled() {
    const auto scan = pose_scan(read_cloud(city_, 20));
    std::stop_source stop;
    stop.request_stop();
    QVERIFY_THROWS_EXCEPTION(Cancelled, estimate_pose(*scan, *scan, {}, {}, Progress({}, stop.get_token())));
  }

  void errors_of_rotation_are_exact_however_small() {
    for (const double angle : {0., 1e-9, 1e-4, 0.3, 3.0, M_PI}) {
      const PoseError error = pose_error(pose(1, 0, 0, 0.2 + angle), pose(0, 0, 0, 0.2));
      QVERIFY2(std::abs(error.rotation - angle) < 1e-12, qPrintable(QString::number(error.rotation)));
      QVERIFY(std::abs(error.translation - 1) < 1e-12);
    }
    Eigen::Isometry3d rounded = Eigen::Isometry3d::Identity();
    rounded.linear() *= 1 + 1e-15;  // the trace is larger than 3
    QCOMPARE(pose_error(rounded, Eigen::Isometry3d::Identity()).rotation, 0.);
    QVERIFY(is_success({1.9, 4.9 * kDegree}) && !is_success({2.1, 0}) && !is_success({0, 5.1 * kDegree}));
  }
};

QTEST_APPLESS_MAIN(RelativePoseTest)
#include "relative_pose_test.moc"
