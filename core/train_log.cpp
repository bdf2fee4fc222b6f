#include "core/train_log.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <sstream>

#include "core/environment.h"
#include "core/error.h"
#include "core/files.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::string_view kFixedColumns = "step,seconds,learning_rate";

std::string header_line(const std::vector<std::string>& columns) {
  std::string line(kFixedColumns);
  for (const std::string& name : columns) line += "," + name;
  return line + "\n";
}

std::string line_of(const TrainRow& row, const std::vector<std::string>& columns) {
  std::string line = fmt::format("{},{:.3f},{}", row.step, row.seconds, row.learning_rate);
  for (const std::string& name : columns) {
    const auto cell = std::ranges::find(row.values, name, &std::pair<std::string, double>::first);
    line += cell == row.values.end() ? "," : fmt::format(",{}", cell->second);
  }
  return line + "\n";
}

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream stream(line);
  for (std::string cell; std::getline(stream, cell, ',');) cells.push_back(cell);
  if (!line.empty() && line.back() == ',') cells.emplace_back();
  return cells;
}

double number(const std::string& cell, const fs::path& file, std::size_t line) {
  char* end = nullptr;
  const double value = std::strtod(cell.c_str(), &end);  // reads nan and inf, too
  if (cell.empty() || *end != '\0') throw Error("{}, line {}: '{}' is no number", file.string(), line, cell);
  return value;
}

struct Table {
  std::vector<std::string> columns;
  std::vector<TrainRow> rows;
};

Table read_table(const fs::path& file) {
  const std::string text = read_text(file);
  std::istringstream stream(text.substr(0, text.rfind('\n') + 1));  // a last line without end is still being written
  std::string line;
  Table table;
  if (!std::getline(stream, line)) return table;
  if (!line.starts_with(kFixedColumns))
    throw Error("{} is no train.csv: it should begin with {}", file.string(), kFixedColumns);
  const std::vector<std::string> header = cells_of(line);
  constexpr std::size_t kFixed = 3;
  table.columns.assign(header.begin() + kFixed, header.end());
  for (std::size_t number_of_line = 2; std::getline(stream, line); ++number_of_line) {
    const std::vector<std::string> cells = cells_of(line);
    if (cells.size() != header.size()) {
      throw Error("{}, line {}: {} cells, the first line has {}", file.string(), number_of_line, cells.size(),
                  header.size());
    }
    const auto at = [&](std::size_t column) { return number(cells[column], file, number_of_line); };
    TrainRow row{std::int64_t(at(0)), at(1), at(2), {}};
    for (std::size_t column = kFixed; column < cells.size(); ++column) {
      if (!cells[column].empty()) row.values.emplace_back(header[column], at(column));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

void append(const fs::path& file, const std::string& text) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (descriptor < 0) fail_to_write(file, errno);
  const ssize_t written = ::write(descriptor, text.data(), text.size());
  const int problem = written < 0 ? errno : ENOSPC;
  const bool whole = written == ssize_t(text.size()) && ::fdatasync(descriptor) == 0;
  ::close(descriptor);
  if (!whole) fail_to_write(file, problem);
}

std::string first_line_with(const char* file, std::string_view begin) {
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    if (!line.starts_with(begin)) continue;
    const auto value = line.find_first_not_of(": \t", line.find(':'));
    return value == std::string::npos ? std::string() : line.substr(value);
  }
  return {};
}

Json machine() {
  char host[256] = {};
  ::gethostname(host, sizeof host - 1);
  return {{"host", host},
          {"processor", first_line_with("/proc/cpuinfo", "model name")},
          {"cores", thread_count()},
          {"memory", first_line_with("/proc/meminfo", "MemTotal")}};
}

template <class T>
void take(const Json& json, const char* name, T& value) {
  if (json.contains(name)) json.at(name).get_to(value);
}

}  // namespace

std::string time_stamp() { return fmt::format("{:%FT%TZ}", fmt::gmtime(std::time(nullptr))); }

TrainLog::TrainLog(const fs::path& folder, std::int64_t resumed_step)
    : file_((fs::create_directories(folder), folder / "train.csv")), events_(folder, resumed_step) {
  if (resumed_step > 0 && fs::exists(file_)) {
    Table table = read_table(file_);
    std::erase_if(table.rows, [&](const TrainRow& row) { return row.step > resumed_step; });
    columns_ = std::move(table.columns);
    rows_ = std::move(table.rows);
  }
  rewrite();
}

void TrainLog::add(const TrainRow& row) {
  if (!rows_.empty() && row.step <= rows_.back().step)
    throw Error("{}: step {} was logged behind step {}", file_.string(), row.step, rows_.back().step);
  const std::size_t known = columns_.size();
  for (const auto& [name, value] : row.values) {
    if (name.empty() || name.find_first_of(",\"\n\r") != std::string::npos)
      throw Error("'{}' is no name for a column of {}", name, file_.string());
    if (std::ranges::find(columns_, name) == columns_.end()) columns_.push_back(name);
  }
  rows_.push_back(row);
  columns_.size() == known ? append(file_, line_of(row, columns_)) : rewrite();
  auto values = row.values;
  values.emplace_back("learning_rate", row.learning_rate);
  events_.add(row.step, values);
}

void TrainLog::rewrite() {
  std::string text = header_line(columns_);
  for (const TrainRow& row : rows_) text += line_of(row, columns_);
  write_atomically(file_, text);
}

std::vector<TrainRow> read_train_csv(const fs::path& file) { return read_table(file).rows; }

void save(TrainRecord record, const fs::path& folder) {
  record.updated = time_stamp();
  Json best = Json::object(), hashes = Json::object(), used = Json::object();
  for (const auto& [name, value] : record.best) best[name] = std::isfinite(value) ? Json(value) : Json();
  for (const auto& [name, hash] : record.hashes) hashes[name] = hash;
  for (const auto& [name, release] : libraries()) used[name] = release;
  const Json json{{"format", "relocus-training"},
                  {"version", 1},
                  {"method", record.method},
                  {"stage", record.stage},
                  {"state", record.state},
                  {"reason", record.reason},
                  {"step", record.step},
                  {"num_steps", record.num_steps},
                  {"seconds", record.seconds},
                  {"started", record.started},
                  {"updated", record.updated},
                  {"best_step", record.best_step},
                  {"best", best},
                  {"options", record.options.is_null() ? Json::object() : record.options},
                  {"seed", record.seed},
                  {"sequences", record.sequences},
                  {"validation", record.validation},
                  {"hashes", hashes},
                  {"device", record.device},
                  {"workers", record.num_workers},
                  {"threads", record.threads},
                  {"process", ::getpid()},
                  {"relocus", version()},
                  {"libraries", used},
                  {"machine", machine()}};
  fs::create_directories(folder);
  write_atomically(folder / "train.json", json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

TrainRecord load_train_record(const fs::path& folder) {
  const fs::path file = folder / "train.json";
  try {
    const Json json = Json::parse(read_text(file));
    if (json.value("format", "") != "relocus-training") throw Error("{} tells of no training", file.string());
    if (json.value("version", 0) != 1)
      throw Error("{} is of a later release of Relocus: update this one", file.string());
    TrainRecord record;
    take(json, "method", record.method), take(json, "stage", record.stage), take(json, "state", record.state);
    take(json, "reason", record.reason), take(json, "step", record.step), take(json, "num_steps", record.num_steps);
    take(json, "seconds", record.seconds), take(json, "started", record.started);
    take(json, "updated", record.updated), take(json, "best_step", record.best_step);
    record.options = json.value("options", Json::object());
    take(json, "process", record.process);
    if (json.contains("machine")) take(json.at("machine"), "host", record.host);
    take(json, "seed", record.seed), take(json, "sequences", record.sequences);
    take(json, "validation", record.validation), take(json, "device", record.device);
    take(json, "workers", record.num_workers), take(json, "threads", record.threads);
    const Json best = json.value("best", Json::object()), hashes = json.value("hashes", Json::object());
    for (const auto& [name, value] : best.items())
      record.best[name] = value.is_number() ? value.get<double>() : std::nan("");
    for (const auto& [name, hash] : hashes.items()) record.hashes[name] = hash.get<std::string>();
    return record;
  } catch (const Json::exception& error) {
    throw Error("{} is malformed: {}", file.string(), error.what());
  }
}

}  // namespace relocus
