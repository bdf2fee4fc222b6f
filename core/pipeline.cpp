#include "core/pipeline.h"

#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <future>
#include <nlohmann/json.hpp>

#include "core/datasets/registry.h"
#include "core/encodings.h"
#include "core/environment.h"
#include "core/error.h"
#include "core/files.h"
#include "core/folder_lock.h"
#include "core/index.h"
#include "core/reranking.h"
#include "core/sequence_protocol.h"
#include "core/shares.h"
#include "core/stored_encodings.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr FrameId kBatch = 8;               // frames that are loaded and encoded together
constexpr double kOverlapDistance = 30;     // [m] farther scans are not looked at for their overlap
constexpr std::size_t kSearchBlock = 1024;  // queries between two reports

class Stopwatch {
 public:
  double milliseconds() const {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

EncodingKey key_of(const Experiment& experiment) {
  return {experiment.method, experiment.options, experiment.weights_hash, experiment.sequence_identity};
}

/// Names the frames that the method could not read, before anybody waits.
void require_readings(const Sequence& sequence, const MethodInfo& info) {
  if (sequence.frames.empty()) throw Error("{} has no frames", sequence.name);
  const bool images = info.modality == Modality::Image;
  std::vector<std::int64_t> missing;
  const Frame* named_missing = nullptr;
  for (const Frame& frame : sequence.frames) {
    const fs::path& file = images ? frame.image : frame.cloud;
    if (!file.empty() && fs::exists(file)) continue;
    missing.push_back(frame.number);
    if (!named_missing && !file.empty()) named_missing = &frame;
  }
  if (missing.empty()) return;
  constexpr std::size_t kNamed = 5;
  const auto named = std::span(missing).first(std::min(missing.size(), kNamed));
  if (images && named_missing)
    throw Error("{} of {} images of {} are missing, the first is {}; {}", missing.size(), sequence.frames.size(),
                sequence.name, named_missing->image.string(),
                "put the images there (info tells where they are looked for), or skip those that are missing "
                "(--skip-unreadable)");
  throw Error("{} of {} frames of {} have no {} (number {}{}); complete the download or leave these frames out",
              missing.size(), sequence.frames.size(), sequence.name, images ? "image" : "scan", fmt::join(named, ", "),
              missing.size() > kNamed ? ", …" : "");
}

std::vector<Reading> read(const Sequence& sequence, Modality modality, FrameId first, FrameId last) {
  std::vector<Reading> readings;
  for (FrameId frame = first; frame < last; ++frame) {
    if (modality == Modality::Image)
      readings.push_back({{}, read_picture(sequence, frame)});
    else
      readings.push_back({read_cloud(sequence, frame), {}});
  }
  return readings;
}

/// Encodes what the store does not hold yet of the share's frames, which are its records; the next batch is read from
/// disk meanwhile.
void encode(const Sequence& sequence, Method& method, EncodingStore& store, Share share, Experiment& experiment,
            const Progress& progress) {
  const FrameId num_frames = share.last - share.first;
  if (store.size() > num_frames)
    throw Error("{} holds more frames than {}; delete it and run again", store.file().string(), sequence.name);
  if (auto* const stored = dynamic_cast<HasEncodings*>(&method); stored && stored->has_encodings()) {
    while (store.size() < num_frames) {
      progress("Reading descriptors", store.size(), num_frames);
      store.append(stored->encoding_of(sequence, share.first + store.size()));
    }
    return;
  }
  const Modality modality = relocus::method(experiment.method).modality;
  double loading = 0;  // written by one thread at a time
  const auto start_reading = [&](FrameId first) {
    return std::async(std::launch::async, [&, first, last = std::min(first + kBatch, num_frames)] {
      const Stopwatch watch;
      auto readings = read(sequence, modality, share.first + first, share.first + last);
      loading += watch.milliseconds();
      return readings;
    });
  };

  const FrameId resumed = store.size();
  double encoding = 0;
  std::future<std::vector<Reading>> next;
  if (resumed < num_frames) next = start_reading(resumed);
  while (store.size() < num_frames) {
    progress("Encoding", store.size(), num_frames);
    const std::vector<Reading> readings = next.get();
    const auto behind = FrameId(store.size() + readings.size());
    if (behind < num_frames) next = start_reading(behind);
    const Stopwatch watch;
    store.append(method.encode(readings));
    encoding += watch.milliseconds();
  }
  progress("Encoding", num_frames, num_frames);
  const double num_encoded = std::max(num_frames - resumed, 1);
  experiment.milliseconds["load"] = loading / num_encoded;
  experiment.milliseconds["encode"] = encoding / num_encoded;
}

/// The same by several workers: each stores a share, and the first, who has the store of all, joins them.
void encode_together(const Sequence& sequence, Method& method, EncodingStore* store, WorkerGroup& workers,
                     Experiment& experiment, const Progress& progress) {
  const auto num_frames = FrameId(sequence.frames.size());
  const EncodingKey key = key_of(experiment);
  const FrameId stored = agree(workers, key, store ? store->size() : 0);
  const Share share = share_of(stored, num_frames, kBatch, workers.place());
  if (share.first < share.last) {
    const Progress together(
        [&](std::string_view stage, std::size_t done, std::size_t total) {
          workers.check();
          progress(stage, done, total);
        },
        {});
    EncodingStore part(share_file(experiment.encodings, share), key);
    encode(sequence, method, part, share, experiment, together);
  }
  workers.barrier();
  if (store && !join_shares(*store, key, num_frames, progress))
    throw Error("not all of the {} workers stored their encodings in {}: the folder must be the same for all",
                workers.count(), experiment.encodings.parent_path().string());
}

/// Scores belong to one search: another protocol finds other candidates.
EncodingKey scores_key(const Experiment& experiment) {
  EncodingKey key = key_of(experiment);
  key.sequence += " scores " + to_json(experiment.protocol).dump();
  return key;
}

/// Re-ranks what has no similarity yet, with the method and the encodings of the experiment.
void rerank_rest(const Experiment& experiment, const Protocol& protocol, std::vector<Retrieval>& retrievals,
                 const Progress& progress) {
  const MethodInfo& info = method(experiment.method);
  const auto options = info.options();
  set_options(*options, Json::parse(experiment.options));
  const Resources resources{experiment.weights, experiment.device, 0};
  if (info.weights_hash(*options, resources) != experiment.weights_hash) {
    throw Error("the weights of {} are not those that the experiment was made with; run it again with these",
                info.title);
  }
  const auto method = info.create(*options, resources);
  const EncodingStore store(experiment.encodings, key_of(experiment), EncodingStore::Access::Read);
  rerank(retrievals, protocol, *method, store, nullptr, progress);
}

fs::path cache_file(const Experiment& experiment) {
  const std::string hash = sha256(key_of(experiment).text()).substr(0, 16);
  return cache_folder() / "encodings" / fmt::format("{}-{}.bin", experiment.method, hash);
}

/// Answers some queries. What a protocol admits is mostly "all older than": the first so many entries of the index.
/// Holes in that are asked for in addition and left out.
void search(std::span<Retrieval> retrievals, const Index& index, int count, const Descriptors& descriptors,
            const Trajectory& trajectory, const Protocol& protocol) {
  std::vector<Admitted> open;
  std::vector<FrameId> sizes;
  FrameId largest_hole = 0;
  Descriptors queries(Eigen::Index(retrievals.size()), descriptors.cols());
  for (const Retrieval& retrieval : retrievals) {
    const Admitted range = admitted(trajectory, protocol, retrieval.query);
    queries.row(Eigen::Index(open.size())) = descriptors.row(retrieval.query);
    open.push_back(range);
    sizes.push_back(range.end > range.from ? range.end : range.before);
    if (range.end > range.from) largest_hole = std::max(largest_hole, range.from - range.before);
  }
  PlaceFilter places(trajectory, protocol);
  const auto found = index.search(queries, count * places.most_views() + largest_hole, sizes);
  for (std::size_t i = 0; i < retrievals.size(); ++i) {
    places.start();
    for (const Candidate& candidate : found[i]) {
      if (int(retrievals[i].candidates.size()) == count) break;
      if (open[i].contains(candidate.frame) && places.is_new(candidate.frame))
        retrievals[i].candidates.push_back(candidate);
    }
  }
}

void evaluate(Experiment& experiment, const Trajectory& trajectory, const Progress& progress) {
  const Stopwatch watch;
  const OverlapTable* const overlaps = experiment.overlaps ? &*experiment.overlaps : nullptr;
  const Descriptors* const descriptors = experiment.descriptors.size() > 0 ? &experiment.descriptors : nullptr;
  experiment.evaluation =
      evaluate_if_known(trajectory, experiment.retrievals, experiment.protocol, overlaps, progress, descriptors);
  experiment.milliseconds["evaluate"] = watch.milliseconds() / std::max<double>(experiment.retrievals.size(), 1);
}

/// Frame numbers, where they tell more than positions.
std::vector<std::int64_t> frame_numbers(const Sequence& sequence) {
  std::vector<std::int64_t> numbers;
  bool differ = false;
  for (const Frame& frame : sequence.frames) {
    numbers.push_back(frame.number);
    differ |= frame.number != frame.id;
  }
  return differ && sequence.num_database == 0 ? numbers : std::vector<std::int64_t>();
}

Experiment description(const Sequence& sequence, const Job& job, const MethodInfo& info, const Options& options) {
  Experiment experiment;
  experiment.method = job.method;
  experiment.options = to_json(options).dump();
  experiment.weights = job.resources.weights;
  experiment.weights_hash = info.weights_hash(options, job.resources);
  experiment.sequence = fs::absolute(sequence.folder);
  if (!job.database.empty()) experiment.database = fs::absolute(job.database);
  experiment.sequence_name = sequence.name;
  experiment.sequence_identity = sequence_identity(sequence);
  experiment.frame_numbers = frame_numbers(sequence);
  experiment.left_out = job.left_out;
  experiment.protocol = fitted(job.protocol, sequence);
  experiment.version = version();
  experiment.device = job.resources.device;
  return experiment;
}

}  // namespace

std::vector<Retrieval> search(const Descriptors& descriptors, const Trajectory& trajectory, const Protocol& protocol,
                              const Progress& progress) {
  const auto num_frames = FrameId(descriptors.rows());
  if (std::size_t(num_frames) != trajectory.size()) {
    throw Error("there are {} descriptors but {} poses; both should have one line per frame", num_frames,
                trajectory.size());
  }
  std::vector<Retrieval> retrievals;
  for (FrameId query = 0; query < num_frames; ++query) {
    if (may_ask(trajectory, protocol, query) && admitted(trajectory, protocol, query).count() > 0)
      retrievals.push_back({query, {}});
  }
  if (retrievals.empty()) return retrievals;

  const Index index(descriptors);
  const int count = candidates_needed(trajectory, protocol);
  for (std::size_t first = 0; first < retrievals.size(); first += kSearchBlock) {
    progress("Searching", first, retrievals.size());
    search(std::span(retrievals).subspan(first, std::min(kSearchBlock, retrievals.size() - first)), index, count,
           descriptors, trajectory, protocol);
  }
  progress("Searching", retrievals.size(), retrievals.size());
  return retrievals;
}

Experiment run(const Sequence& sequence, const Job& job, const Progress& progress) {
  const MethodInfo& info = method(job.method);
  const std::shared_ptr<const Options> options = job.options ? job.options : std::shared_ptr(info.options());
  require_readings(sequence, info);
  Resources resources = job.resources;
  if (resources.threads == 0 && job.workers)  // those on this machine share its cores
    resources.threads = std::max(1, thread_count() / job.workers->place().local_count);
  omp_set_num_threads(thread_count(resources.threads));
  const Trajectory truth = trajectory(sequence);

  Experiment experiment = description(sequence, job, info, *options);
  experiment.encodings = job.out.empty() ? cache_file(experiment) : fs::absolute(job.out / "encodings.bin");
  const std::unique_ptr<Method> method = info.create(*options, resources);
  const bool together = job.workers && job.workers->count() > 1;
  if (together && job.workers->rank() > 0) {
    encode_together(sequence, *method, nullptr, *job.workers, experiment, progress);
    return experiment;
  }
  std::optional<FolderLock> lock;
  if (!job.out.empty()) lock.emplace(job.out);
  EncodingStore store(experiment.encodings, key_of(experiment));
  const auto num_frames = FrameId(sequence.frames.size());
  join_shares(store, key_of(experiment), num_frames, progress);  // of workers that were stopped before they joined them
  if (together)
    encode_together(sequence, *method, &store, *job.workers, experiment, progress);
  else
    encode(sequence, *method, store, {0, num_frames}, experiment, progress);
  join_shares(store, key_of(experiment), num_frames);  // which nobody needs any more
  experiment.descriptors = store.descriptors();

  const Stopwatch searching;
  experiment.retrieved = search(experiment.descriptors, truth, experiment.protocol, progress);
  experiment.milliseconds["search"] = searching.milliseconds() / std::max<double>(experiment.retrieved.size(), 1);

  experiment.retrievals = experiment.retrieved;
  if (info.reranks) {
    const Stopwatch reranking;
    const fs::path file = fs::path(experiment.encodings).replace_extension(".scores");
    EncodingStore scores = open_scores(file, scores_key(experiment));
    rerank(experiment.retrievals, experiment.protocol, *method, store, &scores, progress);
    experiment.milliseconds["rerank"] = reranking.milliseconds() / std::max<double>(experiment.retrievals.size(), 1);
  }
  if (experiment.protocol.min_overlap > 0)
    experiment.overlaps = overlap_table(sequence, experiment.protocol, kOverlapDistance, progress);
  evaluate(experiment, truth, progress);
  if (!job.out.empty()) save(experiment, truth, job.out);
  return experiment;
}

Experiment reevaluate(const Experiment& experiment, const Sequence& sequence, const Protocol& given,
                      const Progress& progress) {
  const Protocol protocol = fitted(given, sequence);
  const Trajectory truth = trajectory(sequence);
  if (protocol.min_overlap <= 0) return reevaluate(experiment, truth, protocol, progress);
  Experiment with_overlaps = experiment;
  with_overlaps.overlaps = overlap_table(sequence, protocol, kOverlapDistance, progress);
  return reevaluate(with_overlaps, truth, protocol, progress);
}

Experiment reevaluate(const Experiment& experiment, const Trajectory& truth, const Protocol& protocol,
                      const Progress& progress) {
  Experiment result = experiment;
  result.protocol = protocol;
  if (experiment.descriptors.size() == 0) {  // imported answers: the protocol can only leave some of them out
    for (Retrieval& retrieval : result.retrievals) {
      std::erase_if(retrieval.candidates, [&](const Candidate& candidate) {
        return !is_admitted(truth, protocol, retrieval.query, candidate.frame);
      });
    }
    evaluate(result, truth, progress);
    return result;
  }

  result.retrieved = search(experiment.descriptors, truth, protocol, progress);
  result.retrievals = result.retrieved;
  if (!experiment.method.empty() && method(experiment.method).reranks) {
    const std::size_t unscored = take_known_scores(experiment.retrievals, protocol, result.retrievals);
    if (unscored > 0 && !fs::exists(experiment.encodings)) {
      throw Error(
          "this protocol asks for {} pairs that were never re-ranked, and the encodings {} are gone; run the "
          "experiment "
          "again with this protocol",
          unscored, experiment.encodings.string());
    }
    if (unscored > 0) rerank_rest(experiment, protocol, result.retrievals, progress);
    sort_reranked(result.retrievals, protocol);
  }
  evaluate(result, truth, progress);
  return result;
}

}  // namespace relocus
