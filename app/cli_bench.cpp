#include <unistd.h>
#include <cmath>

#include <filesystem>

#include "app/cli.h"
#include "core/bench.h"
#include "core/bev.h"
#include "core/datasets/registry.h"
#include "core/environment.h"
#include "core/error.h"
#include "core/point_files.h"
#include "core/simulator/simulator.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int kFramesOf00 = 4541;
constexpr int kDimension = 1024;
constexpr int kRepeats = 7;

/// A folder that is gone when the bench is over.
struct ScratchFolder {
  fs::path path = fs::temp_directory_path() / fmt::format("relocus-bench-{}", ::getpid());
  ~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
};

std::vector<fs::path> scans_of(const Sequence& sequence) {
  std::vector<fs::path> scans;
  for (const Frame& frame : sequence.frames) {
    if (!frame.cloud.empty()) scans.push_back(frame.cloud);
  }
  if (scans.empty()) throw Error("{} has no scans to measure with", sequence.name);
  return scans;
}

void bench(const Cli& cli, const std::string& folder, const MethodFlags& flags) {
  const double rate = multiply_rate();
  ScratchFolder scratch;
  if (folder.empty()) {
    SimulatorOptions options;
    options.frames = 2;
    simulate(scratch.path, options, cli.progress());
  }
  const Sequence sequence = open_sequence(folder.empty() ? scratch.path : fs::path(folder));
  const fs::path scan = scans_of(sequence).front();

  std::vector<BenchStage> stages;
  Reading reading;
  stages.push_back({"load", best_milliseconds(kRepeats, [&] { reading.cloud = read_cloud(sequence, 0); }), {}});
  std::vector<std::uint8_t> cells;
  stages.push_back({"voxelise", best_milliseconds(kRepeats, [&] { occupancy(reading.cloud, {}, cells); }), {}});
  for (const MethodInfo& info : methods()) {
    const bool wanted = flags.method.empty() ? !info.needs_weights : info.name == flags.method;
    if (!wanted || info.modality != Modality::Lidar) continue;
    const auto method = info.create(flags.method.empty() ? *info.options() : *flags.options(), flags.resources);
    std::vector<Encoding> encodings;
    stages.push_back({info.name + " encode",
                      best_milliseconds(kRepeats, [&] { encodings = method->encode(std::span(&reading, 1)); }),
                      {}});
    if (!info.reranks) continue;
    const auto prepared = method->prepare(encodings.front());
    const std::vector candidates(25, prepared);
    stages.push_back(
        {info.name + " re-rank 25", best_milliseconds(kRepeats, [&] { method->rerank(*prepared, candidates); }), {}});
  }
  for (BenchStage& stage : bench_search(kFramesOf00, kDimension, rate)) stages.push_back(std::move(stage));

  std::string text = fmt::format("matrix product: {:.1f} GMAC/s on {} cores\nscan: {} ({} points)\n", rate / 1e9,
                                 thread_count(), scan.filename().string(), reading.cloud.points.size());
  text += fmt::format("{:<36}{:>10}{:>10}{:>8}\n", "stage", "ms", "floor ms", "ratio");
  Json list = Json::array();
  for (const BenchStage& stage : stages) {
    const auto floor = stage.floor_milliseconds;
    text += fmt::format("{:<36}{:>10.3f}{:>10}{:>8}\n", stage.name, stage.milliseconds,
                        floor ? fmt::format("{:.3f}", *floor) : "",
                        floor ? fmt::format("{:.2f}", stage.milliseconds / *floor) : "");
    list.push_back({{"name", stage.name},
                    {"ms", stage.milliseconds},
                    {"floor_ms", floor ? Json(*floor) : Json()},
                    {"ratio", floor ? Json(stage.milliseconds / *floor) : Json()}});
  }
  cli.tell(text, {{"stages", list}, {"gmacs_per_second", rate / 1e9}, {"threads", thread_count()}});
}

}  // namespace

void add_bench_command(CLI::App& app, Cli& cli) {
  CLI::App* const command =
      add_command(app, cli, "bench", "Time of every stage, beside what the machine's matrix product allows");
  const auto folder = std::make_shared<std::string>();
  const auto flags = std::make_shared<MethodFlags>();
  flags->add_to(*command, false);
  command->add_option("--sequence", *folder, "Scans to measure with [one is simulated]")->type_name("DIR");
  command->callback([&cli, folder, flags] { bench(cli, *folder, *flags); });
}

}  // namespace relocus
