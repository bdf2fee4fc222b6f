#include "core/simulator/simulator.h"

#include <omp.h>

#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/files.h"
#include "core/image.h"
#include "tests/support.h"

using namespace relocus;
using relocus::test::error_of;
namespace fs = std::filesystem;

namespace {

SimulatorOptions short_drive(int seed = 1) {
  SimulatorOptions options;
  options.frames = 50;
  options.seed = seed;
  return options;
}

struct Point {
  float x, y, z, intensity;
};

std::vector<Point> read_scan(const fs::path& folder, int i) {
  const std::string bytes = read_text(folder / "velodyne" / fmt::format("{:06d}.bin", i));
  std::vector<Point> points(bytes.size() / sizeof(Point));
  std::memcpy(points.data(), bytes.data(), points.size() * sizeof(Point));
  return points;
}

Eigen::Isometry3d read_transform(std::istream& stream) {
  Eigen::Isometry3d transform = Eigen::Isometry3d::Identity();
  for (int row = 0; row < 3; ++row)
    for (int column = 0; column < 4; ++column) stream >> transform.matrix()(row, column);
  return transform;
}

/// Sensor poses in the frame of the first one, from poses.txt and calib.txt as a reader of KITTI would.
std::vector<Eigen::Isometry3d> read_sensor_poses(const fs::path& folder) {
  Eigen::Isometry3d camera_from_sensor = Eigen::Isometry3d::Identity();
  std::ifstream calibration(folder / "calib.txt");
  for (std::string name; calibration >> name;) {
    const Eigen::Isometry3d transform = read_transform(calibration);
    if (name == "Tr:") camera_from_sensor = transform;
  }
  std::vector<Eigen::Isometry3d> poses;
  std::ifstream lines(folder / "poses.txt");
  for (Eigen::Isometry3d pose = read_transform(lines); lines; pose = read_transform(lines))
    poses.push_back(camera_from_sensor.inverse() * pose * camera_from_sensor);
  return poses;
}

}  // namespace

class SimulatorTest : public QObject {
  Q_OBJECT
  QTemporaryDir folder_;
  fs::path made_;  ///< a short drive of seed 1, made by one thread

  fs::path in(const char* name) const { return fs::path(folder_.path().toStdString()) / name; }

 private Q_SLOTS:
  void initTestCase() {
    made_ = in("made");
    const int threads = omp_get_max_threads();
    omp_set_num_threads(1);
    simulate(made_, short_drive());
    omp_set_num_threads(threads);
  }

  void the_folder_is_a_kitti_sequence() {
    int scans = 0;
    for (const auto& entry : fs::directory_iterator(made_ / "velodyne")) {
      QCOMPARE(entry.path().extension().string(), ".bin");
      QCOMPARE(fs::file_size(entry.path()) % 16, 0u);
      ++scans;
    }
    QCOMPARE(scans, 50);
    QVERIFY(fs::exists(made_ / "velodyne" / "000000.bin") && fs::exists(made_ / "velodyne" / "000049.bin"));
    const std::string poses = read_text(made_ / "poses.txt");
    QCOMPARE(std::count(poses.begin(), poses.end(), '\n'), 50);
    QCOMPARE(std::count(poses.begin(), poses.end(), ' '), 50 * 11);
    const std::string times = read_text(made_ / "times.txt");
    QCOMPARE(std::count(times.begin(), times.end(), '\n'), 50);
    const std::string calibration = read_text(made_ / "calib.txt");
    for (const char* name : {"P0:", "P1:", "P2:", "P3:", "Tr:"}) QVERIFY(calibration.find(name) != std::string::npos);
    QCOMPARE(std::count(calibration.begin(), calibration.end(), ' '), 60);
    QVERIFY(read_sensor_poses(made_).front().isApprox(Eigen::Isometry3d::Identity(), 1e-6));
  }

  void scans_have_the_geometry_of_the_sensor() {
    for (const int i : {0, 20, 49}) {
      const std::vector<Point> points = read_scan(made_, i);
      QVERIFY2(points.size() > 95000 && points.size() < 132000, qPrintable(QString::number(points.size())));
      int ground = 0, turns = 0;
      double last = 0;
      for (const Point& p : points) {
        const double range = std::sqrt(double(p.x) * p.x + double(p.y) * p.y + double(p.z) * p.z);
        const double elevation = std::asin(p.z / range) * 180 / M_PI;
        QVERIFY(elevation > -24.9 && elevation < 2.1);
        QVERIFY(range > 1 && range < 90);
        QVERIFY(p.intensity >= 0 && p.intensity <= 1);
        ground += p.z > -2.2 && p.z < -1.4 && std::hypot(p.x, p.y) < 12;
        double azimuth = std::atan2(p.y, p.x);
        if (azimuth < 0) azimuth += 2 * M_PI;
        turns += azimuth < last - 3;
        last = azimuth;
      }
      QCOMPARE(turns, 63);  // ring by ring, each from ahead to the left and around
      QVERIFY(ground > 0.25 * double(points.size()));
    }
  }

  void poses_align_scans_of_a_place_seen_twice() {
    const std::vector<Eigen::Isometry3d> poses = read_sensor_poses(made_);
    int best_i = 0, best_j = 0;
    double nearest = 1e9;
    for (int i = 20; i < int(poses.size()); ++i)
      for (int j = 0; j < i - 15; ++j) {
        const double distance = (poses[std::size_t(i)].translation() - poses[std::size_t(j)].translation()).norm();
        if (distance < nearest) nearest = distance, best_i = i, best_j = j;
      }
    QVERIFY(nearest < 6);
    const Eigen::Isometry3d j_from_i = poses[std::size_t(best_j)].inverse() * poses[std::size_t(best_i)];
    const std::vector<Point> there = read_scan(made_, best_j);
    std::vector<float> distances;
    const std::vector<Point> here = read_scan(made_, best_i);
    for (std::size_t k = 0; k < here.size(); k += 500) {
      if (here[k].z < -1.2) continue;  // the ground would fit anywhere
      const Eigen::Vector3f p = (j_from_i * Eigen::Vector3d(here[k].x, here[k].y, here[k].z)).cast<float>();
      float best = 1e9f;
      for (const Point& q : there) best = std::min(best, (Eigen::Vector3f(q.x, q.y, q.z) - p).squaredNorm());
      distances.push_back(std::sqrt(best));
    }
    QVERIFY(distances.size() > 30);
    std::nth_element(distances.begin(), distances.begin() + std::ptrdiff_t(distances.size() / 2), distances.end());
    QVERIFY2(distances[distances.size() / 2] < 0.2f,
             qPrintable(QString::number(double(distances[distances.size() / 2]))));
  }

  void several_threads_and_an_interruption_change_nothing() {
    const fs::path folder = in("interrupted");
    std::stop_source stop;
    const Progress stopping(
        [&](std::string_view, std::size_t done, std::size_t) {
          if (done >= 10) stop.request_stop();
        },
        stop.get_token());
    bool cancelled = false;
    try {
      simulate(folder, short_drive(), stopping);
    } catch (const Cancelled&) {
      cancelled = true;
    }
    QVERIFY(cancelled);
    QVERIFY(!fs::exists(folder / "poses.txt"));
    std::ofstream(folder / "velodyne" / "000003.bin") << "half";  // what a full disk may leave
    simulate(folder, short_drive());
    for (int i = 0; i < 50; ++i) {
      const std::string name = fmt::format("{:06d}.bin", i);
      QVERIFY2(read_text(folder / "velodyne" / name) == read_text(made_ / "velodyne" / name), name.c_str());
    }
    for (const char* name : {"poses.txt", "calib.txt", "times.txt"})
      QCOMPARE(read_text(folder / name), read_text(made_ / name));
  }

  void a_finished_folder_is_kept() {
    const auto before = fs::last_write_time(made_ / "velodyne" / "000007.bin");
    simulate(made_, short_drive());
    QVERIFY(fs::last_write_time(made_ / "velodyne" / "000007.bin") == before);
  }

  void a_folder_of_other_options_or_things_is_refused() {
    QVERIFY(error_of([&] { simulate(made_, short_drive(2)); }).find("other options") != std::string::npos);
    fs::create_directories(in("mine"));
    std::ofstream(in("mine") / "thesis.txt") << "precious";
    QVERIFY(error_of([&] { simulate(in("mine"), short_drive()); }).find("new or empty folder") != std::string::npos);
    QCOMPARE(read_text(in("mine") / "thesis.txt"), std::string("precious"));
    QVERIFY(error_of([&] { simulate(in("mine") / "thesis.txt", short_drive()); }).find("is a file") !=
            std::string::npos);
    fs::create_directories(in("damaged"));
    std::ofstream(in("damaged") / "simulator.json") << "{\"opt";
    QVERIFY(error_of([&] { simulate(in("damaged"), short_drive()); }).find("damaged") != std::string::npos);
  }

  void a_folder_that_cannot_be_made_is_told() {
    const std::string error = error_of([&] { simulate("/proc/nowhere/city", short_drive()); });
    QVERIFY2(error.find("/proc/nowhere") != std::string::npos, error.c_str());
  }

  void options_outside_their_range_are_refused() {
    for (const char* name : {"frames", "spacing", "noise", "traffic", "image_width", "lights"}) {
      SimulatorOptions options = short_drive();
      if (name == std::string("frames")) options.frames = 5;
      if (name == std::string("spacing")) options.spacing = 0;
      if (name == std::string("noise")) options.noise = -1;
      if (name == std::string("traffic")) options.traffic = std::numeric_limits<double>::quiet_NaN();
      if (name == std::string("image_width")) options.image_width = 159;
      if (name == std::string("lights")) options.lights = 0;
      const std::string error = error_of([&] { simulate(in("never"), options); });
      QVERIFY2(error.find(name) != std::string::npos, error.c_str());
    }
    QVERIFY(!fs::exists(in("never")));
  }

  void images_are_made_beside_finished_scans() {
    // The first frames alone: pictures take their time.
    SimulatorOptions options = short_drive();
    options.images = true;
    const fs::path folder = in("pictures");
    std::stop_source stop;
    const Progress stopping(
        [&](std::string_view, std::size_t done, std::size_t) {
          if (done >= 1) stop.request_stop();
        },
        stop.get_token());
    try {
      simulate(folder, options, stopping);
    } catch (const Cancelled&) {
    }
    const std::string picture = read_text(folder / "image_2" / "000000.png");
    QCOMPARE(picture.substr(1, 3), std::string("PNG"));
    const auto big_endian = [&](std::size_t at) {
      return (std::uint8_t(picture[at]) << 8) + std::uint8_t(picture[at + 1]);
    };
    QCOMPARE(big_endian(18), 1241);
    QCOMPARE(big_endian(22), 376);
    QVERIFY(picture.size() > 200000);  // as much to see as in a photograph
    QVERIFY(read_text(folder / "velodyne" / "000000.bin") == read_text(made_ / "velodyne" / "000000.bin"));
  }

  void images_can_be_smaller_and_the_calibration_goes_with_them() {
    SimulatorOptions options = short_drive();
    options.images = true;
    options.scans = false;
    options.image_width = 160;
    simulate(in("small"), options);
    QVERIFY(!fs::exists(in("small") / "velodyne"));
    const Picture picture = read_picture(in("small") / "image_2" / "000049.png");
    QCOMPARE(picture.width, 160);
    QCOMPARE(picture.height, 48);
    std::string name;
    double focal = 0, zero = 0, centre = 0;
    std::ifstream(in("small") / "calib.txt") >> name >> focal >> zero >> centre;
    QVERIFY(std::abs(focal - 718.0 * 160 / 1241) < 1e-6);
    QVERIFY(std::abs(centre - (610.0 * 160 / 1241 - 0.5)) < 1e-6);
    // The same drive as that of the scans, the same place between camera and scanner.
    QCOMPARE(read_text(in("small") / "poses.txt"), read_text(made_ / "poses.txt"));
    const auto last_line = [](const std::string& text) { return text.substr(text.find("Tr:")); };
    QCOMPARE(last_line(read_text(in("small") / "calib.txt")), last_line(read_text(made_ / "calib.txt")));
  }

  void scans_are_the_same_whatever_the_images_are_and_an_interruption_changes_no_image() {
    SimulatorOptions options = short_drive();
    options.images = true;
    options.image_width = 160;
    options.lights = 8;
    simulate(in("lit"), options);
    for (int i = 0; i < 50; ++i) {
      const std::string name = fmt::format("{:06d}.bin", i);
      QVERIFY2(read_text(in("lit") / "velodyne" / name) == read_text(made_ / "velodyne" / name), name.c_str());
    }
    QCOMPARE(read_text(in("lit") / "poses.txt"), read_text(made_ / "poses.txt"));
    const std::string lights = read_text(in("lit") / "lights.txt");
    QCOMPARE(std::count(lights.begin(), lights.end(), '\n'), 50);

    // As an interruption leaves it: unfinished, some pictures missing.
    fs::copy(in("lit"), in("half"), fs::copy_options::recursive);
    std::string label = read_text(in("half") / "simulator.json");
    label.replace(label.find("\"finished\": true"), 16, "\"finished\": false");
    std::ofstream(in("half") / "simulator.json") << label;
    for (const int i : {0, 7, 21, 49}) fs::remove(in("half") / "image_2" / fmt::format("{:06d}.png", i));
    simulate(in("half"), options);
    for (int i = 0; i < 50; ++i) {
      const std::string name = fmt::format("{:06d}.png", i);
      QVERIFY2(read_text(in("half") / "image_2" / name) == read_text(in("lit") / "image_2" / name), name.c_str());
    }
  }

  void a_folder_from_before_there_were_lights_is_kept() {
    fs::copy(made_, in("earlier"), fs::copy_options::recursive);
    nlohmann::ordered_json label = nlohmann::ordered_json::parse(read_text(made_ / "simulator.json"));
    for (const char* name : {"scans", "image_width", "lights"}) QCOMPARE(label["options"].erase(name), 1u);
    std::ofstream(in("earlier") / "simulator.json") << label.dump();
    simulate(in("earlier"), short_drive());
    QCOMPARE(read_text(in("earlier") / "simulator.json"), label.dump());
    SimulatorOptions lit = short_drive();
    lit.lights = 2;
    QVERIFY(error_of([&] { simulate(in("earlier"), lit); }).find("other options") != std::string::npos);
  }

  void nothing_to_make_is_told() {
    SimulatorOptions options = short_drive();
    options.scans = false;
    QVERIFY(error_of([&] { simulate(in("nothing"), options); }).find("set scans or images") != std::string::npos);
    QVERIFY(!fs::exists(in("nothing")));
  }

  void another_seed_is_another_city() {
    simulate(in("other"), short_drive(2));
    QVERIFY(read_text(in("other") / "poses.txt") != read_text(made_ / "poses.txt"));
    const auto a = read_scan(in("other"), 0), b = read_scan(made_, 0);
    QVERIFY(a.size() != b.size());
  }
};

QTEST_APPLESS_MAIN(SimulatorTest)
#include "simulator_test.moc"
