#include "core/training_folder.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>

#include "core/error.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::minutes kSilence{15};  // longer than a validation
constexpr std::size_t kPaceRows = 20;

/// Whole text of a file of /proc, whose size nobody knows; empty when it is not there.
std::string text_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

bool is_here(const TrainRecord& record) {
  char host[256] = {};
  ::gethostname(host, sizeof host - 1);
  return record.host == host;
}

/// Numbers of processes are used again: only one that trains is taken for it.
bool trains(int process) {
  const std::string command = text_of(fmt::format("/proc/{}/cmdline", process));
  return is_running(process) && (process == ::getpid() || command.find("train") != std::string::npos);
}

StageProgress read_stage(const fs::path& folder) {
  StageProgress stage{folder, load_train_record(folder), {}, false};
  const fs::path table = folder / "train.csv";
  if (fs::exists(table)) stage.rows = read_train_csv(table);
  if (stage.record.state == "running") {
    const auto age = fs::file_time_type::clock::now() - fs::last_write_time(folder / "train.json");
    stage.alive = is_here(stage.record) ? trains(stage.record.process) : age < kSilence;
  }
  return stage;
}

}  // namespace

bool is_running(int process) {
  if (process <= 0) return false;
  const std::string status = text_of(fmt::format("/proc/{}/stat", process));
  const auto name_end = status.rfind(')');
  return name_end != std::string::npos &&
         status.substr(name_end).find(" Z ") != 1;  // none that only waits to be buried
}

TrainingProgress read_training(const fs::path& folder) {
  TrainingProgress training{folder, {}};
  if (fs::exists(folder / "train.json")) {
    training.stages.push_back(read_stage(folder));
    return training;
  }
  if (fs::is_directory(folder)) {
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (fs::exists(entry.path() / "train.json")) training.stages.push_back(read_stage(entry.path()));
    }
  }
  if (training.stages.empty())
    throw Error("{} holds no training: there is no train.json in it, nor in its folders", folder.string());
  std::ranges::sort(training.stages, {}, [](const StageProgress& stage) { return stage.record.started; });
  return training;
}

std::optional<double> seconds_left(const StageProgress& stage) {
  const auto& rows = stage.rows;
  if (rows.empty() || stage.record.num_steps <= 0) return {};
  const TrainRow& last = rows.back();
  const TrainRow before = rows.size() > 1 ? rows[rows.size() - std::min(rows.size(), kPaceRows)] : TrainRow{};
  const double pace = (last.seconds - before.seconds) / double(std::max<std::int64_t>(last.step - before.step, 1));
  return std::max(0.0, pace * double(stage.record.num_steps - last.step));
}

std::optional<int> training_process(const TrainingProgress& training) {
  for (const StageProgress& stage : training.stages) {
    if (stage.alive && is_here(stage.record)) return stage.record.process;
  }
  return {};
}

}  // namespace relocus
