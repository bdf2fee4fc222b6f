#include "core/simulator/simulator.h"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/files.h"
#include "core/simulator/camera.h"
#include "core/simulator/city.h"
#include "core/simulator/drive.h"
#include "core/simulator/lidar.h"
#include "core/simulator/scene.h"
#include "core/simulator/traffic.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int format_version = 1;  ///< counts up whenever the same options make other files
constexpr const char* label_name = "simulator.json";
constexpr double bytes_per_scan = 2.1e6;
constexpr double bytes_per_pixel = 2.4;

/// What says in the folder which options made it.
Json label_of(const SimulatorOptions& options, bool finished) {
  return {{"made_by", "relocus simulate"},
          {"version", format_version},
          {"options", to_json(options)},
          {"finished", finished}};
}

void check_options(SimulatorOptions options) {
  set_options(options, to_json(options));
  if (!options.scans && !options.images) throw Error("nothing is to be made: set scans or images");
}

/// Whether a label's options are these; one written before an option was there means its default.
bool are_options(const Json& written, const SimulatorOptions& options) {
  try {
    SimulatorOptions earlier;
    set_options(earlier, written);
    return to_json(earlier) == to_json(options);
  } catch (const Error&) {
    return false;
  }
}

enum class Folder { New, Unfinished, Finished };

Folder look_into(const fs::path& folder, const SimulatorOptions& options) {
  std::error_code error;
  if (!fs::exists(folder, error)) return Folder::New;
  if (!fs::is_directory(folder, error)) throw Error("{} is a file; name a folder for the sequence", folder.string());
  if (fs::is_empty(folder, error)) return Folder::New;
  if (error) throw Error("cannot look into {}: {}", folder.string(), error.message());
  if (!fs::exists(folder / label_name))
    throw Error("{} holds other things; name a new or empty folder for the sequence", folder.string());
  const Json label = Json::parse(read_text(folder / label_name, 1 << 20), nullptr, false);
  if (label.is_discarded() || !label.is_object() || !label.contains("options"))
    throw Error("{} is damaged; delete the folder {} or name another", (folder / label_name).string(), folder.string());
  if (label.value("version", 0) != format_version || !are_options(label["options"], options))
    throw Error("{} holds a sequence made with other options ({}); delete it or name another folder", folder.string(),
                label["options"].dump());
  return label.value("finished", false) ? Folder::Finished : Folder::Unfinished;
}

void make_folders(const fs::path& folder, const SimulatorOptions& options) {
  std::error_code error;
  fs::create_directories(options.scans ? folder / "velodyne" : folder, error);
  if (!error && options.images) fs::create_directories(folder / "image_2", error);
  if (error) throw Error("cannot make {}: {}; choose a folder that you may write to", folder.string(), error.message());
  const fs::space_info space = fs::space(folder, error);
  const CameraRig rig(options.image_width);
  const double needed = options.frames * ((options.scans ? bytes_per_scan : 0) +
                                          (options.images ? bytes_per_pixel * rig.width * rig.height : 0));
  if (!error && double(space.available) < needed)
    throw Error("{} frames need {:.1f} GB, but {} has {:.1f} GB left; ask for fewer frames or another disk",
                options.frames, needed / 1e9, folder.string(), double(space.available) / 1e9);
}

template <class Rows>
std::string twelve(const Rows& matrix, const char* format) {
  std::vector<std::string> numbers;
  for (int row = 0; row < 3; ++row)
    for (int column = 0; column < 4; ++column)
      numbers.push_back(fmt::format(fmt::runtime(format), matrix(row, column)));
  return fmt::format("{}", fmt::join(numbers, " "));
}

std::string calibration_text(const CameraRig& rig) {
  std::string text;
  for (int i = 0; i < 4; ++i) text += fmt::format("P{}: {}\n", i, twelve(rig.projection(i), "{:.12e}"));
  return text + fmt::format("Tr: {}\n", twelve(rig.camera0_from_sensor.matrix(), "{:.12e}"));
}

std::string poses_text(const Drive& drive, const CameraRig& rig) {
  const Eigen::Isometry3d& camera = rig.camera0_from_sensor;
  const Eigen::Isometry3d start_from_world = drive.world_from_sensor.front().inverse();
  std::string text;
  for (const Eigen::Isometry3d& world_from_sensor : drive.world_from_sensor)
    text += twelve((camera * start_from_world * world_from_sensor * camera.inverse()).matrix(), "{:.9e}") + "\n";
  return text;
}

std::string times_text(const Drive& drive) {
  std::string text;
  for (const double stamp : drive.stamps) text += fmt::format("{:.6e}\n", stamp);
  return text;
}

/// What each frame is taken under.
std::vector<Light> lights_of(const Drive& drive, const SimulatorOptions& options) {
  const auto seed = std::uint64_t(options.seed);
  const auto share = [&](int i) { return double(i) / options.frames; };
  std::vector<Light> lights;
  if (options.lights == 1) {
    for (int i = 0; i < options.frames; ++i) lights.push_back(light_at(share(i), seed));
  } else {
    const std::vector<int> numbers = lights_along(drive, options.lights, seed);
    for (int i = 0; i < options.frames; ++i) lights.push_back(changing_light(numbers[std::size_t(i)], share(i), seed));
  }
  return lights;
}

std::string lights_text(const std::vector<Light>& lights) {
  std::string text;
  for (const Light& light : lights) text += fmt::format("{}\n", light.name);
  return text;
}

/// Makes the frames that are not there yet, several at a time.
class FrameMaker {
 public:
  FrameMaker(const fs::path& folder, const SimulatorOptions& options, const Outing& outing, const StaticScene& scene,
             const CameraRig& rig, const std::vector<Light>& lights)
      : folder_(folder), options_(options), outing_(outing), scene_(scene), rig_(rig), lights_(lights) {}

  void make_all(const Progress& progress) {
    const int frames = options_.frames;
    std::atomic<int> next = 0, done = 0;
    std::exception_ptr failure;
    std::mutex failing;
#pragma omp parallel
    {
      try {
        Moment moment(scene_);
        for (int i; (i = next++) < frames;) {
          make(i, moment);
          ++done;
          if (omp_get_thread_num() == 0) progress("Simulating", std::size_t(done.load()), std::size_t(frames));
        }
      } catch (...) {
        next = frames;
        const std::lock_guard lock(failing);
        if (!failure) failure = std::current_exception();
      }
    }
    if (failure) std::rethrow_exception(failure);
    progress("Simulating", std::size_t(frames), std::size_t(frames));
  }

 private:
  fs::path scan_path(int i) const { return folder_ / "velodyne" / fmt::format("{:06d}.bin", i); }

  fs::path image_path(int i) const { return folder_ / "image_2" / fmt::format("{:06d}.png", i); }

  /// What an earlier run left whole; files are renamed into place when they are complete.
  static bool is_there(const fs::path& path, std::uintmax_t record) {
    std::error_code error;
    const auto size = fs::file_size(path, error);
    return !error && size > 0 && size % record == 0;
  }

  void make(int i, Moment& moment) const {
    const bool scan_wanted = options_.scans && !is_there(scan_path(i), sizeof(Return));
    const bool image_wanted = options_.images && !is_there(image_path(i), 1);
    if (!scan_wanted && !image_wanted) return;
    const Drive& drive = outing_.drive;
    const Eigen::Isometry3d& pose = drive.world_from_sensor[std::size_t(i)];
    const auto seed = std::uint64_t(options_.seed);
    const auto frame = std::uint64_t(i);
    moment.set_moving(traffic_at(scene_.city(), outing_.streets, pose, drive.stamps[std::size_t(i)],
                                 drive.stamps.back(), options_.traffic, seed));
    if (scan_wanted) {
      const std::vector<Return> returns = scan(moment, pose, options_.noise, Random{seed, 0x5ca4, frame});
      write_atomically(scan_path(i), {reinterpret_cast<const char*>(returns.data()), returns.size() * sizeof(Return)});
    }
    if (image_wanted) {
      const Light& light = lights_[std::size_t(i)];
      write_atomically(image_path(i), photograph(moment, pose, rig_, light, Random{seed, 0x1a6e, frame}));
    }
  }

  const fs::path& folder_;
  const SimulatorOptions& options_;
  const Outing& outing_;
  const StaticScene& scene_;
  const CameraRig& rig_;
  const std::vector<Light>& lights_;  ///< N, if there are images
};

}  // namespace

void SimulatorOptions::visit(OptionVisitor& option) {
  option("frames", frames, {50, 20000}, {"frames", "Length of the drive."});
  option("seed", seed, {0, 1000000000}, {"", "Each seed is another city and another drive."});
  option("images", images, {"", "Also the pictures of the left colour camera (image_2); takes several times as long."});
  option("scans", scans, {"", "The LiDAR's scans; without them images alone, with poses."});
  option("image_width", image_width, {160, CameraRig::full_width},
         {"px", "Width of the images; their height and the calibration go with it."});
  option(
      "lights", lights, {1, 100},
      {"",
       "Lights that the images are taken under: noon, low sun, overcast, dusk, night, fog, rain, snow, autumn; places "
       "are seen again under another one. 1: one day's light throughout."});
  option("spacing", spacing, {0.2, 5.0}, {"m", "Distance between frames on free road."});
  option("noise", noise, {0.0, 0.5}, {"m", "Standard deviation of the measured ranges."});
  option("traffic", traffic, {0.0, 5.0}, {"", "How much moves in the streets; 1 is a quiet city, 0 nothing."});
}

void simulate(const fs::path& folder, const SimulatorOptions& options, const Progress& progress) {
  check_options(options);
  if (look_into(folder, options) == Folder::Finished) return;
  make_folders(folder, options);
  write_atomically(folder / label_name, label_of(options, false).dump(2) + "\n");

  progress("Simulating", 0, std::size_t(options.frames));
  const auto seed = std::uint64_t(options.seed);
  const Outing outing = plan_outing(options.frames, options.spacing, seed);
  const City city = build_city(outing.streets, seed);
  const StaticScene scene(city);
  const CameraRig rig(options.image_width);
  const std::vector<Light> lights = options.images ? lights_of(outing.drive, options) : std::vector<Light>();
  FrameMaker(folder, options, outing, scene, rig, lights).make_all(progress);

  write_atomically(folder / "calib.txt", calibration_text(rig));
  write_atomically(folder / "times.txt", times_text(outing.drive));
  write_atomically(folder / "poses.txt", poses_text(outing.drive, rig));
  if (options.lights > 1 && options.images) write_atomically(folder / "lights.txt", lights_text(lights));
  write_atomically(folder / label_name, label_of(options, true).dump(2) + "\n");
}

}  // namespace relocus
