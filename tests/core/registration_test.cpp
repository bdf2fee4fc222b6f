#include "core/registration.h"

#include <QElapsedTimer>
#include <cmath>
#include <random>

#include "core/datasets/registry.h"
#include "core/simulator/simulator.h"
#include "tests/support.h"

using namespace relocus;

namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// A street: ground, two house fronts with gaps, poles. Seen from the sensor's pose in the street.
PointCloud street(const Eigen::Isometry3d& world_from_sensor = Eigen::Isometry3d::Identity()) {
  std::mt19937 random(5);
  std::uniform_real_distribution<float> one(0, 1);
  PointCloud cloud;
  const Eigen::Isometry3f sensor_from_world = world_from_sensor.inverse().cast<float>();
  const auto add = [&](float x, float y, float z) {
    cloud.points.push_back(sensor_from_world * Eigen::Vector3f(x, y, z));
  };
  for (int i = 0; i < 12000; ++i) add(80 * one(random) - 40, 16 * one(random) - 8, -1.7f);
  for (int i = 0; i < 12000; ++i) {
    const float x = 80 * one(random) - 40;
    if (std::fmod(x + 40, 17.f) < 4) continue;
    add(x, i % 2 ? 8.f : -8.f - 2 * float(x > 10), 7 * one(random) - 1.7f);
  }
  for (int pole = 0; pole < 12; ++pole)
    for (int i = 0; i < 60; ++i) add(-38 + 6.7f * float(pole), pole % 3 ? 5.f : -5.5f, 0.1f * float(i) - 1.7f);
  return cloud;
}

Eigen::Isometry3d pose(double x, double y, double z, double yaw) {
  Eigen::Isometry3d result = Eigen::Isometry3d::Identity();
  result.translate(Eigen::Vector3d(x, y, z));
  result.rotate(Eigen::AngleAxisd(yaw, Eigen::Vector3d::UnitZ()));
  return result;
}

double metres(const Eigen::Isometry3d& a, const Eigen::Isometry3d& b) { return (a.inverse() * b).translation().norm(); }
double radians(const Eigen::Isometry3d& a, const Eigen::Isometry3d& b) {
  return Eigen::AngleAxisd((a.inverse() * b).linear()).angle();
}

}  // namespace

class RegistrationTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void a_moved_scan_is_found_again() {
    const Eigen::Isometry3d a_from_b = pose(1.2, -0.7, 0.1, 0.15);
    const Eigen::Isometry3d nothing = Eigen::Isometry3d::Identity();
    const Registration found = register_scans(street(), street(a_from_b), {&nothing, 1});
    QVERIFY(found.converged);
    QVERIFY2(metres(found.a_from_b, a_from_b) < 0.05, qPrintable(QString::number(metres(found.a_from_b, a_from_b))));
    QVERIFY(radians(found.a_from_b, a_from_b) < 0.005);
    QVERIFY(found.fitness > 0.9);
    QVERIFY(found.rmse < 0.4);  // voxels of 0.4 m do not hold the same points
    QVERIFY(found.iterations > 0);
  }

  void the_best_of_several_guesses_is_taken() {
    const Eigen::Isometry3d a_from_b = pose(0.5, 0.3, 0, M_PI - 0.1);
    const std::array guesses = {pose(0, 0, 0, 0), pose(0, 0, 0, M_PI)};
    const Registration found = register_scans(street(), street(a_from_b), guesses);
    QVERIFY(found.converged);
    QVERIFY(metres(found.a_from_b, a_from_b) < 0.1);
    QVERIFY(radians(found.a_from_b, a_from_b) < 0.01);
  }

  void scans_that_have_nothing_in_common_do_not_converge() {
    PointCloud elsewhere = street();
    for (auto& point : elsewhere.points) point += Eigen::Vector3f(500, 0, 0);
    const Eigen::Isometry3d nothing = Eigen::Isometry3d::Identity();
    const Registration found = register_scans(street(), elsewhere, {&nothing, 1});
    QVERIFY(!found.converged);
    QCOMPARE(found.fitness, 0.);
  }

  void an_empty_scan_is_named() {
    const Eigen::Isometry3d nothing = Eigen::Isometry3d::Identity();
    PointCloud broken;
    broken.points.assign(1000, Eigen::Vector3f(kNan, 1, 1));
    QVERIFY(test::error_of([&] {
              register_scans({}, street(), {&nothing, 1});
            }).find("query's scan has 0") != std::string::npos);
    QVERIFY(test::error_of([&] {
              register_scans(street(), broken, {&nothing, 1});
            }).find("candidate's scan has 0") != std::string::npos);
    QVERIFY(!test::error_of([&] { register_scans(street(), street(), {}); }).empty());
  }

  void points_that_are_not_finite_do_no_harm() {
    PointCloud dirty = street();
    dirty.points[7] = {kNan, 0, 0};
    dirty.points[8] = {1e30f, 0, std::numeric_limits<float>::infinity()};
    dirty.points[9] = {1e20f, 0, 0};
    const Eigen::Isometry3d nothing = Eigen::Isometry3d::Identity();
    QVERIFY(metres(register_scans(dirty, street(), {&nothing, 1}).a_from_b, nothing) < 0.05);
    const auto distances = nearest_distances(dirty, street(), nothing);
    QVERIFY(std::isnan(distances[7]) && std::isnan(distances[8]));
    QVERIFY(distances[100] < 1e-3f);
  }

  void it_can_be_cancelled() {
    std::stop_source stop;
    const Progress progress([&](std::string_view, std::size_t, std::size_t) { stop.request_stop(); }, stop.get_token());
    const Eigen::Isometry3d nothing = Eigen::Isometry3d::Identity();
    QVERIFY_THROWS_EXCEPTION(Cancelled, register_scans(street(), street(), {&nothing, 1}, {}, progress));
    std::stop_source other;
    other.request_stop();
    QVERIFY_THROWS_EXCEPTION(Cancelled,
                             nearest_distances(street(), street(), nothing, Progress({}, other.get_token())));
  }

  void poses_come_from_the_ground_truth() {
    Sequence sequence;
    sequence.frames.resize(3);
    sequence.frames[0].world_from_sensor = pose(10, 0, 0, M_PI / 2);
    sequence.frames[1].world_from_sensor = pose(10, 5, 0, M_PI / 2 + 0.2);
    const auto a_from_b = true_a_from_b(sequence, 0, 1);
    QVERIFY(a_from_b);
    QVERIFY((a_from_b->translation() - Eigen::Vector3d(5, 0, 0)).norm() < 1e-12);  // straight ahead
    QVERIFY(std::abs(yaw_of(*a_from_b) - 0.2) < 1e-12);
    QVERIFY(!true_a_from_b(sequence, 0, 2));
    QVERIFY(!true_a_from_b(sequence, -1, 1));
    QVERIFY(!true_a_from_b(sequence, 0, 99));
  }

  void a_method_s_yaw_turns_about_the_vertical() {
    Candidate candidate;
    QVERIFY(!a_from_b_of(candidate));
    candidate.yaw = float(M_PI / 2);
    const auto a_from_b = a_from_b_of(candidate);
    QVERIFY(a_from_b && (*a_from_b * Eigen::Vector3d(1, 0, 3) - Eigen::Vector3d(0, 1, 3)).norm() < 1e-6);
  }

  void distances_to_the_nearest_point_are_those_of_a_direct_search() {
    std::mt19937 random(2);
    std::uniform_real_distribution<float> place(-5, 5);
    PointCloud a, b;
    for (int i = 0; i < 300; ++i) a.points.emplace_back(place(random), place(random), place(random));
    for (int i = 0; i < 200; ++i) b.points.emplace_back(place(random), place(random), place(random));
    const Eigen::Isometry3d a_from_b = pose(1, 2, 0.5, 0.4);
    const auto distances = nearest_distances(a, b, a_from_b);
    QCOMPARE(distances.size(), a.points.size());
    for (std::size_t i = 0; i < a.points.size(); ++i) {
      double nearest = 1e9;
      for (const auto& point : b.points)
        nearest = std::min(nearest, (a.points[i].cast<double>() - a_from_b * point.cast<double>()).norm());
      QVERIFY(std::abs(distances[i] - nearest) < 1e-4);
    }
    for (const float each : nearest_distances(a, {}, a_from_b)) QVERIFY(std::isnan(each));
    QVERIFY(nearest_distances({}, b, a_from_b).empty());
  }

  // (KITTI's poses of the very first frames are some decimetres off; these are not.)
  void real_scans_fit_as_their_poses_say() {
    const auto folder = test::shared_folder() / "data/kitti_odometry/sequences/00";
    RELOCUS_NEED(folder / "velodyne/000020.bin");
    const Sequence sequence = open_sequence(folder);
    FrameId first = -1, second = -1;
    for (const auto& frame : sequence.frames) {
      if (frame.number == 15) first = frame.id;
      if (frame.number == 20) second = frame.id;
    }
    const auto truth = true_a_from_b(sequence, first, second);
    if (!truth) QSKIP("no poses here");
    const Eigen::Isometry3d nothing = Eigen::Isometry3d::Identity();
    const PointCloud a = read_cloud(sequence, first), b = read_cloud(sequence, second);
    QElapsedTimer clock;
    clock.start();
    const Registration found = register_scans(a, b, {&nothing, 1});
    const auto registered = clock.restart();
    const auto distances = nearest_distances(a, b, found.a_from_b);
    qInfo(
        "%.2f m apart: registration %.3f m and %.2f deg from the truth, rmse %.2f m, fitness %.2f, %lld ms; "
        "distances of %zu points %lld ms",
        truth->translation().norm(), metres(found.a_from_b, *truth), radians(found.a_from_b, *truth) * 180 / M_PI,
        found.rmse, found.fitness, registered, distances.size(), clock.elapsed());
    QVERIFY(found.converged);
    QVERIFY(metres(found.a_from_b, *truth) < 0.2);
    QVERIFY(radians(found.a_from_b, *truth) < 0.01);
  }
};

QTEST_APPLESS_MAIN(RegistrationTest)
#include "registration_test.moc"
