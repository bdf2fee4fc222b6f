#include "core/pair_truth.h"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <exception>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "core/datasets/registry.h"
#include "core/error.h"
#include "core/files.h"
#include "core/truth_log.h"

namespace relocus {
namespace {

constexpr std::size_t max_scans = 256;           ///< in memory with their points: about 1.7 MB each
constexpr std::size_t max_flat_scans = 1 << 15;  ///< with their BEV cells alone: about 15 kB each

/// Pairs that are measured between two reports of progress: some tenths of a second.
std::size_t block_pairs(const PairOptions& options) {
  return options.wants_range() ? 256 : options.wants_bev() ? 4096 : 1 << 16;
}

/// What pairs need of a scan.
struct PreparedScan {
  PointCloud cloud;   ///< of range overlaps; without intensities
  Array range_image;  ///< the same
  BevCells cells;     ///< of BEV overlaps
  std::size_t last_block = 0;
};

PreparedScan prepare(const Sequence& sequence, FrameId frame, const PairOptions& options) {
  PreparedScan scan;
  PointCloud cloud = read_cloud(sequence, frame);
  if (options.wants_bev()) scan.cells = bev_cells(cloud, options.bev_settings());
  if (!options.wants_range()) return scan;
  scan.range_image = range_image(cloud, options.range_settings());
  scan.cloud.points = std::move(cloud.points);
  return scan;
}

/// Runs `work(i)` for i < count on several threads; the first exception ends all of it and is thrown here.
template <class Work>
void in_parallel(std::size_t count, int threads, const Work& work) {
  std::exception_ptr problem;
  std::atomic<bool> failed = false;
#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (std::size_t i = 0; i < count; ++i) {
    if (failed) continue;
    try {
      work(i);
    } catch (...) {
      if (!failed.exchange(true)) problem = std::current_exception();
    }
  }
  if (problem) std::rethrow_exception(problem);
}

/// The scans that a block of pairs needs, with those that were used lately.
class Scans {
 public:
  Scans(const Sequence& sequence, const PairOptions& options, int threads)
      : sequence_(sequence), options_(options), threads_(threads) {}

  std::size_t capacity() const { return options_.wants_range() ? max_scans : max_flat_scans; }
  std::size_t num_read() const { return num_read_; }
  const PreparedScan& operator[](FrameId frame) const { return *scans_.at(frame); }

  void make_ready(const std::set<FrameId>& frames) {
    ++block_;
    std::vector<FrameId> missing;
    for (const FrameId frame : frames) {
      const auto found = scans_.find(frame);
      if (found == scans_.end())
        missing.push_back(frame);
      else
        found->second->last_block = block_;
    }
    make_room(missing.size());
    std::vector<std::unique_ptr<PreparedScan>> read(missing.size());
    in_parallel(missing.size(), threads_, [&](std::size_t i) {
      read[i] = std::make_unique<PreparedScan>(prepare(sequence_, missing[i], options_));
      read[i]->last_block = block_;
    });
    for (std::size_t i = 0; i < missing.size(); ++i) scans_[missing[i]] = std::move(read[i]);
    num_read_ += missing.size();
  }

 private:
  /// Forgets what was not used for longest.
  void make_room(std::size_t wanted) {
    std::vector<std::pair<std::size_t, FrameId>> idle;
    for (const auto& [frame, scan] : scans_)
      if (scan->last_block != block_) idle.emplace_back(scan->last_block, frame);
    std::ranges::sort(idle);
    for (const auto& [last_block, frame] : idle) {
      if (scans_.size() + wanted <= capacity()) return;
      scans_.erase(frame);
    }
  }

  const Sequence& sequence_;
  const PairOptions& options_;
  const int threads_;
  std::map<FrameId, std::unique_ptr<PreparedScan>> scans_;
  std::size_t block_ = 0, num_read_ = 0;
};

bool has_scan(const Sequence& sequence, FrameId frame) { return !sequence.frames[frame].cloud.empty(); }

void measure(const Sequence& sequence, const PairOptions& options, const Scans& scans, TruthPair& pair) {
  const Eigen::Isometry3d query_from_reference =
      sequence.frames[pair.query].world_from_sensor->inverse() * *sequence.frames[pair.reference].world_from_sensor;
  pair.yaw = std::atan2(query_from_reference(1, 0), query_from_reference(0, 0));
  const bool measurable = has_scan(sequence, pair.query) && has_scan(sequence, pair.reference);
  if (!measurable || options.overlaps == "none") return;
  const PreparedScan &query = scans[pair.query], &reference = scans[pair.reference];
  if (options.wants_bev()) {
    const BevOverlap overlap = bev_overlap(query.cells, reference.cells, query_from_reference, options.bev_settings());
    const auto share = [](int part, int whole) { return whole > 0 ? float(part) / float(whole) : 0.f; };
    pair.bev_query = share(overlap.positive_a, overlap.cells_a);
    pair.bev_reference = share(overlap.positive_b, overlap.cells_b);
  }
  if (options.wants_range())
    pair.range =
        float(range_overlap(query.range_image, reference.cloud, query_from_reference, options.range_settings()));
}

/// What the log's measurements hang on.
std::string key_of(const Sequence& sequence, const std::vector<WantedPair>& pairs, const PairOptions& options) {
  const PairOptions alone = options;  // without what a struct derived from it adds
  std::string text = to_json(alone).dump() + sequence.folder.string() + sequence.format;
  for (const Frame& frame : sequence.frames) {
    text += frame.cloud.filename().string();
    if (frame.world_from_sensor)
      text.append(reinterpret_cast<const char*>(frame.world_from_sensor->data()), 16 * sizeof(double));
  }
  text.append(reinterpret_cast<const char*>(pairs.data()), pairs.size() * sizeof(WantedPair));
  return sha256(text);
}

/// How many of the first pairs were measured before.
std::size_t num_known(const std::vector<TruthPair>& found, const std::vector<WantedPair>& pairs) {
  std::size_t known = 0;
  while (known < std::min(found.size(), pairs.size()) && found[known].query == pairs[known].query &&
         found[known].reference == pairs[known].reference)
    ++known;
  return known;
}

void tell_about_frames(const Sequence& sequence, const PairOptions& options, std::vector<std::string>& remarks) {
  const auto count = [&](auto is_missing) { return std::ranges::count_if(sequence.frames, is_missing); };
  const auto without_pose = count([](const Frame& frame) { return !frame.world_from_sensor; });
  const auto without_scan = count([](const Frame& frame) { return frame.cloud.empty(); });
  if (without_pose > 0)
    remarks.push_back(
        fmt::format("{} of {} frames have no pose: they are in no pair", without_pose, sequence.frames.size()));
  if (without_scan > 0 && options.overlaps != "none")
    remarks.push_back(fmt::format("{} of {} frames have no scan: the overlaps of their pairs are not known",
                                  without_scan, sequence.frames.size()));
}

constexpr std::string_view overlap_choices[] = {"both", "range", "bev", "none"};
constexpr std::string_view centre_choices[] = {"true", "reference"};

}  // namespace

void PairOptions::visit(OptionVisitor& option) {
  option("min_frame_gap", min_frame_gap, {1, 1000000},
         {"frames", "The two frames of a pair lie at least so far apart in the sequence"});
  option("max_distance", max_distance, {0.1, 1e6}, {"m", "Pairs that lie farther apart are left out"});
  option("planar", planar, {"", "Distances in the ground plane; otherwise in space"});
  option("past_only", past_only, {"", "The reference is older than the query; off: later frames are references, too"});
  option("query_step", query_step, {1, 1000000}, {"frames", "Only every n-th frame is a query"});
  option("overlaps", overlaps, overlap_choices,
         {"", "Which overlaps are measured from the scans: of range images (OverlapNet), of BEV cells (BEVNet)"});
  option("image_height", image_height, {1, 1024}, {"px", "Rows of the range images: the sensor's beams"});
  option("image_width", image_width, {8, 8192}, {"px", "Columns of the range images"});
  option("fov_up", fov_up, {0, 90}, {"deg", "Upper edge of the range images, above the horizon"});
  option("fov_down", fov_down, {-90, 0}, {"deg", "Lower edge of the range images"});
  option("max_range", max_range, {1, 1000},
         {"m", "Points farther away are not in the range images (OverlapNet 50, OverlapTransformer 80)"});
  option("max_difference", max_difference, {0.01, 100},
         {"m", "Ranges that differ by less agree (OverlapNet 1, OverlapTransformer's demo 1.2)"});
  option("cell_centres", cell_centres, centre_choices,
         {"", "Centres of the BEV cells: the true ones, or those of BEVNet's labels, 1.37 m off per axis"});
}

RangeImageSettings PairOptions::range_settings() const {
  if (!(fov_up > fov_down)) throw Error("fov_up = {} should lie above fov_down = {}", fov_up, fov_down);
  return {image_height, image_width, fov_up, fov_down, max_range, max_difference};
}

BevOverlapSettings PairOptions::bev_settings() const { return {{}, cell_centres == "reference"}; }

bool is_wanted(const PairOptions& options, WantedPair pair) {
  const int older = pair.query - pair.reference;
  const int gap = options.past_only ? older : std::abs(older);
  return pair.query % options.query_step == 0 && gap >= options.min_frame_gap;
}

std::vector<WantedPair> wanted_pairs(const Trajectory& trajectory, const PairOptions& options, int whole_rows,
                                     const Progress& progress) {
  const FrameId count = FrameId(trajectory.size());
  FrameId with_pose = 0;
  for (FrameId frame = 0; frame < count; ++frame) with_pose += trajectory.has_pose(frame);
  if (with_pose < 2)
    throw Error(
        "{} of the sequence's {} frames have poses: ground truth needs them; put a poses.txt into the sequence's "
        "folder",
        with_pose == 0 ? "none" : "one", count);
  std::vector<WantedPair> pairs;
  for (FrameId query = 0; query < count; ++query) {
    progress("Finding pairs", query, count);
    const bool whole = whole_rows > 0 && query % whole_rows == 0;
    if (!whole && query % options.query_step != 0) continue;
    for (FrameId reference = 0; reference < (whole || !options.past_only ? count : query); ++reference)
      if ((whole || is_wanted(options, {query, reference})) &&
          distance(trajectory, query, reference, options.planar) < options.max_distance)
        pairs.push_back({query, reference});
  }
  return pairs;
}

PairTruth measure_pairs(const Sequence& sequence, const std::vector<WantedPair>& pairs, const PairOptions& options,
                        const std::filesystem::path& log_file, int threads, const Progress& progress) {
  const auto start = std::chrono::steady_clock::now();
  if (threads <= 0) threads = omp_get_num_procs();
  const Trajectory truth = trajectory(sequence);
  PairTruth result;
  tell_about_frames(sequence, options, result.remarks);
  TruthLog log(log_file, key_of(sequence, pairs, options));
  const std::size_t known = num_known(log.found(), pairs);
  result.pairs.assign(log.found().begin(), log.found().begin() + std::ptrdiff_t(known));
  result.pairs.resize(pairs.size());

  Scans scans(sequence, options, threads);
  for (std::size_t first = known; first < pairs.size();) {
    progress("Measuring pairs", first, pairs.size());
    std::set<FrameId> needed;  // by as many of the next pairs as their scans fit into the memory
    std::size_t last = first;
    for (; last < pairs.size() && last - first < block_pairs(options); ++last) {
      const auto [query, reference] = pairs[last];
      result.pairs[last].query = query;
      result.pairs[last].reference = reference;
      result.pairs[last].distance = distance(truth, query, reference, options.planar);
      if (options.overlaps == "none") continue;
      for (const FrameId frame : {query, reference})
        if (has_scan(sequence, frame)) needed.insert(frame);
      if (needed.size() + 2 > scans.capacity()) break;
    }
    last = std::max(std::min(last, pairs.size()), first + 1);
    scans.make_ready(needed);
    in_parallel(last - first, threads,
                [&](std::size_t i) { measure(sequence, options, scans, result.pairs[first + i]); });
    log.add(std::span(result.pairs).subspan(first, last - first));
    result.measured += last - first;
    first = last;
  }
  progress("Measuring pairs", pairs.size(), pairs.size());
  result.scans = scans.num_read();
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace relocus
