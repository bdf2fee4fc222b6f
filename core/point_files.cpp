#include "core/point_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstring>

#include "core/error.h"
#include "core/files.h"
#include "core/frame_files.h"
#include "core/point_records.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

static_assert(std::endian::native == std::endian::little, "the files are little-endian and read as they are");

constexpr std::size_t kBytesPerPoint = 16;
constexpr std::uintmax_t kMaxBytes = 1ull << 30;  // 64 million points
constexpr float kFarthest = 10'000;               // [m] no LiDAR sees farther
constexpr std::size_t kProbes = 512;

/// A regular file, opened for reading.
class InputFile {
 public:
  explicit InputFile(const fs::path& path)
      : path_(path), file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    struct stat status {};
    if (file_ < 0 || ::fstat(file_, &status) != 0) {
      const int problem = errno;
      if (file_ >= 0) ::close(file_);
      throw Error("cannot open {}: {}; check the path and that you may read it", path.string(), std::strerror(problem));
    }
    if (!S_ISREG(status.st_mode)) {
      ::close(file_);
      throw Error("{} is not a file; name a file with readings of the sensor", path.string());
    }
    size_ = std::uintmax_t(status.st_size);
  }
  InputFile(const InputFile&) = delete;
  ~InputFile() { ::close(file_); }

  std::uintmax_t size() const { return size_; }
  void read(void* memory, std::size_t bytes) {
    for (std::size_t done = 0; done < bytes;) {
      const ssize_t got = ::read(file_, static_cast<char*>(memory) + done, bytes - done);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw Error("cannot read {}: {}; is the disk still there?", path_.string(), std::strerror(errno));
      if (got == 0) throw Error("{} ended while it was read; wait until it is written", path_.string());
      done += std::size_t(got);
    }
  }

 private:
  const fs::path& path_;
  int file_;
  std::uintmax_t size_ = 0;
};

/// Other sensors' packings have sizes that fit as well; their bytes make no coordinates.
void require_coordinates(const PointCloud& cloud, const fs::path& path) {
  const std::size_t count = cloud.points.size();
  const std::size_t step = std::max<std::size_t>(1, count / kProbes);
  std::size_t num_probes = 0, num_bad = 0;
  for (std::size_t i = 0; i < count; i += step, ++num_probes)
    num_bad += !(cloud.points[i].cwiseAbs().maxCoeff() < kFarthest);
  for (std::size_t i = 0; i < count; i += step) num_bad += cloud.points[i].hasNaN();
  if (2 * num_bad > num_probes)
    throw Error(
        "{} does not hold float32 x y z intensity: most of its numbers are no coordinates in metres; convert it to "
        "KITTI's .bin, .pcd or .ply",
        path.string());
}

}  // namespace

PointCloud read_bin(const fs::path& path) {
  InputFile file(path);
  if (file.size() == 0) throw Error("{} is empty; copy or make it again, or remove it", path.string());
  if (file.size() % kBytesPerPoint != 0)
    throw Error(
        "{} is truncated or no KITTI scan: {} bytes are no whole number of points (16 bytes each: float32 x y z "
        "intensity); copy it again",
        path.string(), file.size());
  if (file.size() > kMaxBytes)
    throw Error("{} has {} bytes, more than a scan may have; split it into scans", path.string(), file.size());

  const std::size_t count = file.size() / kBytesPerPoint;
  PointCloud cloud;
  cloud.points.resize(count);
  cloud.intensities.resize(count);
  std::array<float, 4 * 4096> block;  // stays in the cache between reading and taking apart
  for (std::size_t begin = 0; begin < count; begin += block.size() / 4) {
    const std::size_t points = std::min(block.size() / 4, count - begin);
    file.read(block.data(), points * kBytesPerPoint);
    float* const xyz = cloud.points[begin].data();
    float* const intensities = cloud.intensities.data() + begin;
    for (std::size_t i = 0; i < points; ++i) {
      xyz[3 * i] = block[4 * i];
      xyz[3 * i + 1] = block[4 * i + 1];
      xyz[3 * i + 2] = block[4 * i + 2];
      intensities[i] = block[4 * i + 3];
    }
  }
  require_coordinates(cloud, path);
  return cloud;
}

PointCloud read_xyz(const fs::path& path) {
  const std::string text = read_text(path, kMaxBytes);
  PointCloud cloud;
  std::size_t columns = 0;
  std::vector<double> numbers;
  for_each_line(text, [&](std::string_view line, std::size_t number) {
    if (line.empty() || line.starts_with('#') || line.starts_with("//")) return;
    if (!numbers_of(line, numbers) || numbers.size() < 3)
      throw Error("{} line {}: \"{}\" is not \"x y z\"; correct or remove the line", path.string(), number,
                  shown(line));
    if (columns == 0) columns = numbers.size();
    if (numbers.size() != columns)
      throw Error("{} line {}: {} numbers, the lines before have {}; the file may be truncated, copy it again",
                  path.string(), number, numbers.size(), columns);
    cloud.points.emplace_back(float(numbers[0]), float(numbers[1]), float(numbers[2]));
    if (columns == 4) cloud.intensities.push_back(float(numbers[3]));
  });
  require_points(cloud, path);
  return cloud;
}

PointCloud read_points(const fs::path& path) {
  if (has_extension(path, {".bin"})) return read_bin(path);
  if (has_extension(path, {".pcd"})) return read_pcd(path);
  if (has_extension(path, {".ply"})) return read_ply(path);
  if (has_extension(path, {".xyz"})) return read_xyz(path);
  throw Error("{} is no scan that can be read; the formats are .bin (KITTI), .pcd, .ply and .xyz", path.string());
}

std::vector<std::uint16_t> read_labels(const fs::path& path) {
  InputFile file(path);
  if (file.size() == 0) throw Error("{} is empty; copy it again, or remove it", path.string());
  if (file.size() % 4 != 0 || file.size() > kMaxBytes)
    throw Error(
        "{} is truncated or no SemanticKITTI label file: {} bytes are no whole number of labels (4 bytes each); copy "
        "it "
        "again",
        path.string(), file.size());
  std::vector<std::uint32_t> words(file.size() / 4);
  file.read(words.data(), file.size());
  return {words.begin(), words.end()};  // keeps the low 16 bits
}

}  // namespace relocus
