#include "core/training/scan_pairs.h"

#include <algorithm>
#include <numbers>

#include "core/datasets/registry.h"
#include "core/error.h"

namespace relocus {
namespace {

constexpr double pi = std::numbers::pi;
constexpr double distance_steps = 12;                                         // rings that are chosen alike often
constexpr double max_tilt = 2 * pi / 180, max_rise = 0.3, max_dropped = 0.7;  // [rad], [m], share

void move(PointCloud& cloud, const Eigen::Isometry3d& by, Eigen::Isometry3d& to) {
  const Eigen::Isometry3f single = by.cast<float>();
  for (Eigen::Vector3f& point : cloud.points) point = single * point;
  to = by * to;
}

template <class Keeps>
void keep_points(PointCloud& cloud, Keeps keeps) {
  std::size_t kept = 0;
  const bool has_intensities = cloud.intensities.size() == cloud.points.size();
  for (std::size_t i = 0; i < cloud.points.size(); ++i) {
    if (!keeps(cloud.points[i])) continue;
    cloud.points[kept] = cloud.points[i];
    if (has_intensities) cloud.intensities[kept] = cloud.intensities[i];
    ++kept;
  }
  cloud.points.resize(kept);
  if (has_intensities) cloud.intensities.resize(kept);
}

struct Place {
  std::size_t sequence;
  FrameId frame;
};

Place any_place(const TrainingSequences& from, Random& random) {
  int k = random.below(int(from.num_frames()));
  for (std::size_t s = 0;; ++s) {
    const int count = int(from.trajectories[s].size());
    if (k < count) return {s, FrameId(k)};
    k -= count;
  }
}

/// A frame of the same sequence: first a ring of distances is chosen, so that near ones, which are few, come as often.
std::optional<FrameId> partner(const Trajectory& trajectory, FrameId frame, double max_distance, Random& random) {
  const double ring = max_distance / distance_steps, inner = ring * random.below(int(distance_steps));
  std::vector<FrameId> inside, any;
  for (FrameId other = 0; other < FrameId(trajectory.size()); ++other) {
    const double d = distance(trajectory, frame, other, true);
    if (other == frame || !(d < max_distance)) continue;
    any.push_back(other);
    if (d >= inner && d < inner + ring) inside.push_back(other);
  }
  const std::vector<FrameId>& choice = inside.empty() ? any : inside;
  if (choice.empty()) return std::nullopt;
  return choice[std::size_t(random.below(int(choice.size())))];
}

/// Whether some frame of the only sequence lies so far from its first one; those of two are always apart.
bool has_different_places(const TrainingSequences& from, double apart) {
  if (from.trajectories.size() > 1) return true;
  const Trajectory& only = from.trajectories.front();
  for (FrameId frame = 1; frame < FrameId(only.size()); ++frame)
    if (distance(only, 0, frame, true) > apart) return true;
  return false;
}

std::string name_of(const Sequence& sequence, FrameId frame) {
  return sequence.name + "/" + std::to_string(sequence.frames[std::size_t(frame)].number);
}

Eigen::Isometry3d pose_of(const TrainingSequences& from, const Place& place) {
  return *from.sequences[place.sequence].frames[std::size_t(place.frame)].world_from_sensor;
}

std::string file_name(std::string text) {
  std::ranges::replace(text, '/', '_');
  return text;
}

}  // namespace

std::size_t TrainingSequences::num_frames() const {
  std::size_t sum = 0;
  for (const Trajectory& trajectory : trajectories) sum += trajectory.size();
  return sum;
}

TrainingSequences open_training_sequences(const std::vector<std::filesystem::path>& folders) {
  TrainingSequences result;
  for (const auto& folder : folders) {
    Sequence sequence = open_sequence(folder);
    std::erase_if(sequence.frames, [](const Frame& frame) { return !frame.world_from_sensor || frame.cloud.empty(); });
    for (std::size_t i = 0; i < sequence.frames.size(); ++i) sequence.frames[i].id = FrameId(i);
    if (sequence.frames.size() < 2)
      throw Error("{} cannot be learned from: fewer than two of its frames have a scan and a pose", folder.string());
    result.trajectories.push_back(trajectory(sequence));
    result.sequences.push_back(std::move(sequence));
  }
  return result;
}

ScanPair scan_pair(const TrainingSequences& from, const ScanPairOptions& options, std::uint64_t seed,
                   std::int64_t number, const RefinedPoses* refined) {
  constexpr int attempts = 1000;
  Random random{seed, std::uint64_t(number)};
  ScanPair pair;
  pair.is_negative = random.chance(options.negative_share) && has_different_places(from, 2 * options.max_distance);
  Place first{}, second{};
  bool found = false;
  for (int i = 0; i < attempts && !found; ++i) {
    first = any_place(from, random);
    if (pair.is_negative) {
      second = any_place(from, random);
      found = first.sequence != second.sequence ||
              distance(from.trajectories[first.sequence], first.frame, second.frame, true) > 2 * options.max_distance;
    } else if (const auto other =
                   partner(from.trajectories[first.sequence], first.frame, options.max_distance, random)) {
      second = {first.sequence, *other};
      found = true;
    }
  }
  if (!found)
    throw Error("no two frames of {} are nearer than {} m", from.sequences.front().name, options.max_distance);

  const Sequence &sequence = from.sequences[first.sequence], &other = from.sequences[second.sequence];
  pair.first = read_cloud(sequence, first.frame), pair.second = read_cloud(other, second.frame);
  pair.name = name_of(sequence, first.frame) + " and " + name_of(other, second.frame);
  if (first.sequence != second.sequence) {
    pair.second_from_first.translation().x() = 1e4;
  } else {
    pair.second_from_first = pose_of(from, second).inverse() * pose_of(from, first);
    if (refined && !pair.is_negative)
      pair.second_from_first = (*refined)(file_name(fmt::format("{}_{}_{}", sequence.name, second.frame, first.frame)),
                                          pair.second, pair.first, pair.second_from_first);
  }

  for (const bool is_first : {true, false}) {
    PointCloud& cloud = is_first ? pair.first : pair.second;
    Eigen::Isometry3d to = Eigen::Isometry3d::Identity();
    if (options.disturbance > 0) disturb(cloud, options.disturbance, random, to);
    if (options.max_turn > 0) turn(cloud, random.uniform(-1, 1) * options.max_turn * pi / 180, to);
    if (random.chance(options.sector_share)) remove_sector(cloud, random);
    pair.second_from_first = is_first ? pair.second_from_first * to.inverse() : to * pair.second_from_first;
  }
  return pair;
}

void turn(PointCloud& cloud, double yaw, Eigen::Isometry3d& to) {
  move(cloud, Eigen::Isometry3d(Eigen::AngleAxisd(yaw, Eigen::Vector3d::UnitZ())), to);
}

void remove_sector(PointCloud& cloud, Random& random) {
  const double start = random.uniform(-pi, pi), end = random.uniform(start, std::min(pi, start + pi));
  keep_points(cloud, [&](const Eigen::Vector3f& point) {
    const double angle = std::atan2(double(point.y()), double(point.x()));
    return angle < start || angle > end;
  });
}

void disturb(PointCloud& cloud, double strength, Random& random, Eigen::Isometry3d& to) {
  const double direction = random.uniform(0, 2 * pi), tilt = strength * random.uniform(0, max_tilt);
  Eigen::Isometry3d by(Eigen::AngleAxisd(tilt, Eigen::Vector3d(std::cos(direction), std::sin(direction), 0)));
  by.translation().z() = strength * random.uniform(-max_rise, max_rise);
  move(cloud, by, to);
  const double dropped = strength * random.uniform(0, max_dropped) * (random.chance(0.5) ? 1 : 0);
  if (dropped > 0) keep_points(cloud, [&](const Eigen::Vector3f&) { return !random.chance(dropped); });
}

}  // namespace relocus
