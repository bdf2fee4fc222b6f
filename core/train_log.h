#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/tensorboard.h"

namespace relocus {

/// What was measured at one step of a training.
struct TrainRow {
  std::int64_t step = 0;
  double seconds = 0;  ///< of training since its beginning, earlier parts included
  double learning_rate = 0;
  std::vector<std::pair<std::string, double>> values;  ///< by name: "loss", "overlap", "validation/recall_at_1"
};

/// The curves of a training in its folder: train.csv (step,seconds,learning_rate, then a column each value) and a file
/// for TensorBoard. Rows are on disk when add() returns.
class TrainLog {
 public:
  /// Goes on behind `resumed_step`: rows of later steps, which training will make again, are cut away. 0 begins anew.
  explicit TrainLog(const std::filesystem::path& folder, std::int64_t resumed_step = 0);

  /// Steps ascend. A value that no row had yet becomes a column; one that is absent here is an empty cell.
  void add(const TrainRow& row);
  const std::vector<TrainRow>& rows() const { return rows_; }

 private:
  void rewrite();

  std::filesystem::path file_;
  std::vector<std::string> columns_;  ///< names of values
  std::vector<TrainRow> rows_;
  EventFile events_;
};

/// The rows of a train.csv; a last line that is still being written is left out. Throws, naming the line, when it is no
/// such file.
std::vector<TrainRow> read_train_csv(const std::filesystem::path& file);

/// What a training is and how far it has come: train.json.
struct TrainRecord {
  std::string method, stage;
  nlohmann::ordered_json options;  ///< all, with their values
  std::uint64_t seed = 0;
  std::vector<std::string> sequences, validation;  ///< folders
  std::string state = "running";                   ///< or finished, stopped (on request), failed
  std::string reason;                              ///< why it ended: a sentence
  std::int64_t step = 0, num_steps = 0;
  double seconds = 0;  ///< of training
  std::int64_t best_step = 0;
  std::map<std::string, double> best;         ///< figures of the best step
  std::map<std::string, std::string> hashes;  ///< sha256 of what went in and came out, by name
  std::string device;
  int num_workers = 1, threads = 0;
  std::string host;  ///< where it runs, and its process there; both are set by save()
  int process = 0;
  std::string started, updated;  ///< UTC, ISO 8601; updated is set by save()
};

/// Writes train.json atomically; adds the program's version, its libraries and the machine.
void save(TrainRecord record, const std::filesystem::path& folder);

/// Throws when there is none or it is malformed.
TrainRecord load_train_record(const std::filesystem::path& folder);

/// Now, in UTC: "2026-11-21T13:20:05Z".
std::string time_stamp();

}  // namespace relocus
