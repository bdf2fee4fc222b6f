#include <unistd.h>

#include <filesystem>

#include "app/cli.h"
#include "core/bench.h"
#include "core/bev.h"
#include "core/datasets/registry.h"
#include "core/environment.h"
#include "core/error.h"
#include "core/network_library.h"
#include "core/relative_pose.h"
#include "core/simulator/simulator.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int kFramesOf00 = 4541;  // of KITTI's sequence 00
constexpr int kDimension = 1024;
constexpr int kCandidates = 25;
constexpr int kRepeats = 7;
constexpr std::size_t kFramesOn = 5;
constexpr std::string_view kNetworks = "overlap_netvlad";
// R2Former's table 3 (MSLS validation, RTX A5000), and what its files hold.
constexpr std::string_view kPublishedPatches =
    "published Patch-NetVLAD, a query of 100 candidates: speed 953 ms and 192 MB read, performance 8377 ms and 4.6 GB "
    "read, on an RTX A5000\n";

/// A folder that is gone when the bench is over.
struct ScratchFolder {
  fs::path path = fs::temp_directory_path() / fmt::format("relocus-bench-{}", ::getpid());
  ~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
};

/// The sequence whose first scan is measured: the one that was named, or a simulated one.
Sequence sequence_for(const std::string& folder, const fs::path& scratch, const Progress& progress) {
  if (folder.empty()) {
    SimulatorOptions options;
    options.frames = 50;
    simulate(scratch, options, progress);
  }
  Sequence sequence = open_sequence(folder.empty() ? scratch : fs::path(folder));
  std::erase_if(sequence.frames, [](const Frame& frame) { return frame.cloud.empty(); });
  if (sequence.frames.empty()) throw Error("{} has no scans to measure with", sequence.name);
  return sequence;
}

std::vector<BenchStage> network_stages(const PointCloud& cloud, const fs::path& weights, int threads, double rate) {
  std::vector<BenchStage> stages;
  for (const StageTime& time : network_library().bench(std::span(&cloud, 1), weights, threads))
    stages.push_back({time.name, time.min_milliseconds, time.giga_multiply_adds / rate * 1e3});
  return stages;
}

std::vector<BenchStage> scan_context_stages(const MethodFlags& flags, const Reading& reading) {
  const MethodInfo& info = method("scan_context");
  const auto method = info.create(flags.method.empty() ? *info.options() : *flags.options(), flags.resources);
  std::vector<Encoding> encodings;
  const double encode = best_milliseconds(kRepeats, [&] { encodings = method->encode(std::span(&reading, 1)); });
  const auto prepared = method->prepare(encodings.front());
  const std::vector candidates(kCandidates, prepared);
  const double rerank = best_milliseconds(kRepeats, [&] { method->rerank(*prepared, candidates); });
  return {{"scan context", encode, {}}, {fmt::format("scan context of {} candidates", kCandidates), rerank, {}}};
}

std::vector<BenchStage> patch_stages(int threads, double rate) {
  std::vector<BenchStage> stages;
  for (const StageTime& time : network_library().bench_patches(threads))
    stages.push_back({time.name, time.min_milliseconds, time.giga_multiply_adds / rate * 1e3});
  return stages;
}

/// Of a pair a few frames apart, from nothing.
std::vector<BenchStage> pose_stages(const Sequence& sequence, const PointCloud& first) {
  const std::size_t next = std::min<std::size_t>(kFramesOn, sequence.frames.size() - 1);
  std::shared_ptr<const PoseScan> a;
  const double prepare = best_milliseconds(kRepeats, [&] { a = pose_scan(first); });
  const auto b = pose_scan(read_cloud(sequence, FrameId(next)));
  RelativePose found;
  double whole = 0;
  best_milliseconds(kRepeats, [&] {
    const RelativePose pose = estimate_pose(*a, *b);
    if (whole == 0 || pose.milliseconds.total() < whole) found = pose, whole = pose.milliseconds.total();
  });
  const RelativePose::Milliseconds& times = found.milliseconds;
  return {{"pose: a scan's points and planes", prepare, {}},
          {"pose: correlation", times.correlation, {}},
          {"pose: coarse check", times.check, {}},
          {"pose: refinement", times.refinement, {}},
          {"pose: judgement and information", times.judgement, {}},
          {"pose: whole pair", whole, {}}};
}

std::string table(const std::vector<BenchStage>& stages) {
  std::string text = fmt::format("{:<36}{:>11}{:>11}{:>8}\n", "stage", "ms", "floor ms", "ratio");
  for (const BenchStage& stage : stages) {
    text += fmt::format("{:<36}{:>11.3f}", stage.name, stage.milliseconds);
    if (const auto floor = stage.floor_milliseconds)
      text += fmt::format("{:>11.3f}{:>8.2f}", *floor, stage.milliseconds / *floor);
    text += "\n";
  }
  return text;
}

Json to_json(const BenchStage& stage) {
  const auto floor = stage.floor_milliseconds;
  return {{"name", stage.name},
          {"ms", stage.milliseconds},
          {"floor_ms", floor ? Json(*floor) : Json()},
          {"ratio", floor ? Json(stage.milliseconds / *floor) : Json()}};
}

void bench(const Cli& cli, const std::string& folder, const MethodFlags& flags) {
  if (!flags.method.empty()) method(flags.method);  // an unknown one is an error before anything is measured
  const bool with_networks = flags.method.empty() || flags.method == kNetworks;
  const bool with_scan_context = flags.method.empty() || flags.method == "scan_context";
  const bool with_patches = flags.method.empty() || flags.method == "patch_netvlad";
  const Progress progress = cli.progress();
  const ScratchFolder scratch;
  const Sequence sequence = sequence_for(folder, scratch.path / "sequence", progress);
  const int threads = thread_count(flags.resources.threads);
  const double rate = network_library().matrix_multiply_rate(threads);

  std::vector<BenchStage> stages;
  Reading reading;
  stages.push_back({"load", best_milliseconds(kRepeats, [&] { reading.cloud = read_cloud(sequence, 0); }), {}});
  std::vector<std::uint8_t> cells;
  stages.push_back({"voxelise", best_milliseconds(kRepeats, [&] { occupancy(reading.cloud, {}, cells); }), {}});
  const auto add = [&](std::vector<BenchStage> more) { std::ranges::move(more, std::back_inserter(stages)); };
  std::string weights = flags.resources.weights;
  if (with_networks) {
    progress("Measuring networks", 0, 1);
    if (weights.empty()) {
      weights = scratch.path / "weights";
      network_library().write_golden_weights(weights, {}, {});
    }
    add(network_stages(reading.cloud, weights, threads, rate));
  }
  if (with_scan_context) add(scan_context_stages(flags, reading));
  if (with_patches) add(patch_stages(threads, rate));
  progress("Measuring poses", 0, 1);
  add(pose_stages(sequence, reading.cloud));
  progress("Measuring search", 0, 1);
  add(bench_search(kFramesOf00, kDimension, rate));

  const std::string numbers = !with_networks ? "none"
                              : flags.resources.weights.empty()
                                  ? "made by a rule, untrained: times do not depend on them"
                                  : weights;
  std::string text = fmt::format("matrix product: {:.1f} GMAC/s on {} threads\n", rate, threads);
  text += fmt::format("scan: {} ({} points); weights: {}\n", sequence.frames.front().cloud.filename().string(),
                      reading.cloud.points.size(), numbers);
  const std::string published = with_patches ? std::string(kPublishedPatches) : std::string();
  Json list = Json::array();
  for (const BenchStage& stage : stages) list.push_back(to_json(stage));
  cli.tell(text + table(stages) + published,
           {{"stages", list}, {"gmacs_per_second", rate}, {"threads", threads}, {"weights", numbers}});
}

/// Search alone, among ever more descriptors.
void bench_search_at_scale(Cli& cli, const std::vector<double>& entries, int dimension, double max_gigabytes) {
  std::vector<FrameId> counts;
  for (const double count : entries) {
    if (!(count >= 1 && count <= 1e9)) throw Error("--scale {} is no number of descriptors from 1 to 1e9", count);
    counts.push_back(FrameId(count));
  }
  const ScratchFolder scratch;
  fs::create_directories(scratch.path);
  const auto table = bench_scale(counts, dimension, max_gigabytes * 1e9, scratch.path, cli.progress());
  std::string text = fmt::format("{:<24}{:>10}{:>8}{:>10}{:>10}{:>12}{:>10}{:>10}\n", "index", "entries", "effort",
                                 "recall@1", "in 10", "ms a query", "build s", "MB");
  Json list = Json::array();
  for (const ScaleRow& row : table) {
    text += fmt::format("{:<24}{:>10}{:>8}{:>10.3f}{:>10.3f}{:>12.4f}{:>10.1f}{:>10.1f}\n", row.index, row.entries,
                        row.effort, row.recall, row.recall_at_10, row.milliseconds, row.build_seconds, row.megabytes);
    list.push_back({{"index", row.index},
                    {"entries", row.entries},
                    {"effort", row.effort},
                    {"recall_at_1", row.recall},
                    {"recall_at_10", row.recall_at_10},
                    {"milliseconds", row.milliseconds},
                    {"build_seconds", row.build_seconds},
                    {"megabytes", row.megabytes}});
  }
  cli.tell(text, {{"scale", list}, {"dimension", dimension}});
}

}  // namespace

void add_bench_command(CLI::App& app, Cli& cli) {
  CLI::App* const command =
      add_command(app, cli, "bench", "Time of every stage, beside what the machine's matrix product allows");
  const auto folder = std::make_shared<std::string>();
  const auto flags = std::make_shared<MethodFlags>();
  flags->add_to(*command, false);
  command->add_option("--sequence", *folder, "Scans to measure with [simulated ones]")->type_name("DIR");
  struct Scale {
    std::vector<double> entries;
    int dimension = 256;
    double max_gigabytes = 4;
  };
  const auto scale = std::make_shared<Scale>();
  command->add_option("--scale", scale->entries, "Instead: search among so many descriptors, exact and approximate")
      ->delimiter(',')
      ->type_name("N,N,…");
  command->add_option("--dimension", scale->dimension, "Of the descriptors of --scale")
      ->check(CLI::Range(32, 8192))
      ->type_name("D=256");
  command->add_option("--max-memory", scale->max_gigabytes, "Indices that would take more are left out")
      ->type_name("GB=4");
  command->callback([&cli, folder, flags, scale] {
    if (scale->entries.empty()) return bench(cli, *folder, *flags);
    bench_search_at_scale(cli, scale->entries, scale->dimension, scale->max_gigabytes);
  });
}

}  // namespace relocus
