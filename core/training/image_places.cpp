#include "core/training/image_places.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/datasets/registry.h"
#include "core/error.h"

namespace relocus {
namespace {

constexpr double another_visit = 50;  // [m] along the path
constexpr int together = 4;           // places of one sequence in a sample
constexpr int attempts = 30;
constexpr double revisit_share = 0.75;  // of images that are chosen because the place was visited again

template <class T>
const T& drawn(const std::vector<T>& from, Random& random) {
  return from[std::size_t(random.below(int(from.size())))];
}

}  // namespace

std::vector<Sequence> open_image_sequences(const std::vector<std::filesystem::path>& folders) {
  std::vector<Sequence> sequences;
  for (const std::filesystem::path& folder : folders) {
    Sequence sequence = open_sequence(folder);
    if (std::ranges::all_of(sequence.frames, [](const Frame& frame) { return frame.image.empty(); }))
      throw Error("{} has no images to learn from", folder.string());
    const auto has_pose = [](const Frame& frame) { return frame.world_from_sensor.has_value(); };
    if (std::ranges::none_of(sequence.frames, has_pose) && !sequence.truth.knows())
      throw Error("{} has no poses: training needs to know which images show the same place", folder.string());
    sequences.push_back(std::move(sequence));
  }
  return sequences;
}

PictureStore::PictureStore(std::vector<Sequence> sequences, double gigabytes)
    : sequences_(std::move(sequences)), bytes_left_(gigabytes * 1e9) {
  for (const Sequence& sequence : sequences_) kept_.emplace_back(sequence.frames.size());
}

std::shared_ptr<const Picture> PictureStore::picture(int sequence, FrameId frame) const {
  auto& kept = kept_[std::size_t(sequence)][std::size_t(frame)];
  {
    const std::lock_guard lock(mutex_);
    if (kept) return kept;
  }
  const auto read = std::make_shared<const Picture>(read_picture(sequences_[std::size_t(sequence)], frame));
  const std::lock_guard lock(mutex_);
  const auto size = double(read->pixels.size());
  if (!kept && bytes_ + size <= bytes_left_) kept = read, bytes_ += size;
  return read;
}

ImagePlaces::ImagePlaces(const std::vector<Sequence>& sequences, const ImagePlaceOptions& options) : options_(options) {
  const double most = options.positive_turn / 180 * std::numbers::pi + 1e-9;
  const bool by_distance = options.positive_radius > 0;
  for (std::size_t s = 0; s < sequences.size(); ++s) {
    const Sequence& sequence = sequences[s];
    if (!by_distance && !sequence.truth.knows())
      throw Error("{} does not say how near images of the same place lie: set positive_radius", sequence.name);
    names_.push_back(sequence.name);
    truths_.push_back(sequence.truth);
    trajectories_.push_back(trajectory(sequence));
    const Trajectory& path = trajectories_.back();
    const auto is_database = [&](FrameId frame) { return std::size_t(frame) < sequence.num_database; };
    const bool apart = sequence.num_database > 0 && options.roles == ImageRoles::Apart;
    const bool database_alone = sequence.num_database > 0 && options.roles == ImageRoles::Database;
    const bool needs_pose = by_distance || sequence.truth.radius > 0;
    std::vector<int> own;
    for (const Frame& frame : sequence.frames) {
      if (frame.image.empty() || (needs_pose && !path.has_pose(frame.id))) continue;
      if (database_alone && !is_database(frame.id)) continue;
      own.push_back(size());
      if (!apart || is_database(frame.id)) answers_.push_back(size());
      frames_.push_back({int(s), frame.id});
    }
    if (own.empty()) throw Error("{}: no image has a pose", sequence.name);
    std::vector<int> again;
    for (const int i : own) {
      const FrameId a = frame(i).frame;
      std::vector<int> near, far_in_time;
      for (const int j : own) {
        const FrameId b = frame(j).frame;
        if (i == j || (apart && (is_database(a) || !is_database(b)))) continue;
        if (!is_right(s, a, b)) continue;
        if (by_distance && heading_difference(path, a, b) > most) continue;  // an unknown one differs from none
        near.push_back(j);
        if (std::abs(path.travelled[std::size_t(a)] - path.travelled[std::size_t(b)]) > another_visit)
          far_in_time.push_back(j);
      }
      if (!far_in_time.empty()) again.push_back(i);
      if (!near.empty()) queries_.push_back(i);
      positives_.push_back(std::move(near));
      revisits_.push_back(std::move(far_in_time));
    }
    of_sequence_.push_back(std::move(own));
    revisited_.push_back(std::move(again));
  }
  if (queries_.empty())
    throw Error(
        "no image to learn from has another one of the same place: are they {} m apart, or more than {} degrees?",
        options.positive_radius, options.positive_turn);
  const auto is_other = [&](int number) { return !may_be_same(queries_.front(), number); };
  if (std::ranges::none_of(answers_, is_other))
    throw Error("all images to learn from may show the same place: they lie within {} m", options.negative_radius);
}

bool ImagePlaces::is_right(std::size_t sequence, FrameId a, FrameId b) const {
  const Trajectory& path = trajectories_[sequence];
  const KnownTruth& truth = truths_[sequence];
  if (options_.positive_radius > 0) return distance(path, a, b, true) <= options_.positive_radius;
  if (!truth.listed.empty()) {
    const auto listed = [&](FrameId x, FrameId y) {
      return std::size_t(x) < truth.listed.size() && std::ranges::binary_search(truth.listed[std::size_t(x)], y);
    };
    return listed(a, b) || listed(b, a);
  }
  if (truth.frame_tolerance >= 0)
    return std::abs(path.numbers[std::size_t(a)] - path.numbers[std::size_t(b)]) <= truth.frame_tolerance;
  return distance(path, a, b, true) <= truth.radius;
}

bool ImagePlaces::may_be_same(int a, int b) const {
  const ImageFrame &x = frame(a), &y = frame(b);
  if (x.sequence != y.sequence) return false;
  const auto sequence = std::size_t(x.sequence);
  if (options_.negative_radius > 0 && options_.positive_radius > 0)
    return distance(trajectories_[sequence], x.frame, y.frame, true) <= options_.negative_radius;
  return x.frame == y.frame || is_right(sequence, x.frame, y.frame);
}

std::string ImagePlaces::name(int number) const {
  return fmt::format("{}/{}", names_[std::size_t(frame(number).sequence)], frame(number).frame);
}

std::vector<ImagePair> draw_pairs(const ImagePlaces& places, int count, double twin_share, Random& random) {
  std::vector<ImagePair> pairs;
  int sequence = 0;
  while (std::ssize(pairs) < count) {
    if (std::ssize(pairs) % together == 0) sequence = random.below(places.num_sequences());
    const bool again = !places.revisited(sequence).empty() && random.chance(revisit_share);
    const std::vector<int>& from = again ? places.revisited(sequence) : places.of_sequence(sequence);
    int first = drawn(from, random);
    const auto is_taken = [&](int place) {
      return std::ranges::any_of(pairs, [&](const ImagePair& pair) { return places.may_be_same(pair.first, place); });
    };
    for (int i = 0; i < attempts && is_taken(first); ++i) first = drawn(from, random);
    int second = first;
    if (!random.chance(twin_share) && !places.positives(first).empty())
      second = drawn(places.revisits(first).empty() ? places.positives(first) : places.revisits(first), random);
    pairs.push_back({first, second});
  }
  return pairs;
}

}  // namespace relocus
