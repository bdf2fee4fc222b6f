#include "core/experiment.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/datasets/registry.h"
#include "core/encodings.h"
#include "core/error.h"
#include "core/experiment_tables.h"
#include "core/files.h"
#include "core/numpy.h"
#include "core/readable.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int kFormat = 1;
constexpr double kPauseBetweenSequences = 3600;  // [s] between the stamps of joined sequences

/// JSON knows no NaN.
Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(); }

Json description(const Experiment& experiment, std::size_t num_frames) {
  Json json;
  json["relocus"] = experiment.version;
  json["format"] = kFormat;
  json["method"] = experiment.method;
  json["options"] = experiment.options.empty() ? Json::object() : Json::parse(experiment.options);
  json["weights"] = experiment.weights.string();
  json["weights_hash"] = experiment.weights_hash;
  json["device"] = experiment.device;
  json["sequence"] = experiment.sequence.string();
  json["database"] = experiment.database.string();
  json["sequence_name"] = experiment.sequence_name;
  json["sequence_identity"] = experiment.sequence_identity;
  json["num_frames"] = num_frames;
  json["left_out"] = experiment.left_out;
  json["frame_numbers"] = experiment.frame_numbers;
  json["encodings"] = experiment.encodings.string();
  json["queries_without_answer"] = Json::array();
  for (const Retrieval& retrieval : experiment.retrievals) {
    if (retrieval.candidates.empty()) json["queries_without_answer"].push_back(retrieval.query);
  }
  json["milliseconds"] = Json::object();
  for (const auto& [stage, value] : experiment.milliseconds) json["milliseconds"][stage] = number_or_null(value);
  json["protocol"] = to_json(experiment.protocol);
  json["evaluation"] = to_json(experiment.evaluation);
  return json;
}

/// A value of experiment.json. Throws naming the file and the key.
template <class T>
T value_of(const Json& json, const char* key, const fs::path& file) {
  try {
    return json.at(key).get<T>();
  } catch (const Json::exception&) {
    throw Error("{} holds no usable \"{}\"; it was changed by hand or is no experiment", file.string(), key);
  }
}

Json object_of(const Json& json, const char* key, const fs::path& file) {
  Json object = value_of<Json>(json, key, file);
  if (!object.is_object()) throw Error("{} holds no usable \"{}\"; it was changed by hand", file.string(), key);
  return object;
}

Json read_description(const fs::path& folder) {
  const fs::path file = folder / "experiment.json";
  if (!fs::is_directory(folder)) throw Error("there is no experiment folder {}", folder.string());
  if (!fs::exists(file)) {
    throw Error(
        "{} is no finished experiment: experiment.json is missing; run it again with the same --out to finish it",
        folder.string());
  }
  const Json json = Json::parse(read_text(file), nullptr, false);
  if (!json.is_object()) throw Error("{} is no JSON object; it is damaged or foreign", file.string());
  if (const int format = value_of<int>(json, "format", file); format != kFormat)
    throw Error("{} has format {}, this program reads {}", file.string(), format, kFormat);
  return json;
}

/// The folder's file `name`, after a look at its hash.
std::string checked_text(const fs::path& folder, const Json& hashes, const char* name) {
  const fs::path file = folder / name;
  if (!fs::exists(file)) throw Error("{} is missing; run the experiment again", file.string());
  std::string text = read_text(file, std::uintmax_t(1) << 34);
  if (!hashes.contains(name) || hashes[name] != sha256(text))
    throw Error("{} is truncated or was changed since the experiment was saved; run it again", file.string());
  return text;
}

/// The table of candidates has no line for queries that nothing could answer.
void add_unanswered(std::vector<Retrieval>& retrievals, const std::vector<FrameId>& queries) {
  for (const FrameId query : queries) retrievals.push_back({query, {}});
  std::ranges::stable_sort(retrievals, {}, &Retrieval::query);
}

void require_frames(const Experiment& experiment, std::size_t num_frames, const fs::path& file) {
  for (const Retrieval& retrieval : experiment.retrievals) {
    bool fits = retrieval.query >= 0 && std::size_t(retrieval.query) < num_frames;
    for (const Candidate& candidate : retrieval.candidates)
      fits = fits && candidate.frame >= 0 && std::size_t(candidate.frame) < num_frames;
    if (!fits) throw Error("{} names frames beyond the {} of the experiment", file.string(), num_frames);
  }
}

}  // namespace

Sequence join(const Sequence& database, const Sequence& query) {
  if (database.format != query.format) {
    throw Error("{} has the format {}, {} has {}: both need the same", database.name, database.format, query.name,
                query.format);
  }
  for (const Sequence* each : {&database, &query})
    if (each->num_database > 0)
      throw Error("{} is a database with its queries already; run it without another database", each->name);
  Sequence joined = query;
  joined.num_database = database.frames.size();
  joined.truth.listed.clear();
  joined.name = fmt::format("{} in {}", query.name, database.name);
  joined.frames = database.frames;
  const double start = database.frames.empty() ? 0 : database.frames.back().stamp + kPauseBetweenSequences;
  for (Frame frame : query.frames) {
    frame.id = FrameId(joined.frames.size());
    frame.stamp += start;
    joined.frames.push_back(std::move(frame));
  }
  joined.remarks.push_back(
      fmt::format("frames 0 to {} are the database {}, the others ask; both sequences' poses are "
                  "taken to be in one common frame",
                  std::int64_t(database.frames.size()) - 1, database.name));
  return joined;
}

Protocol joined_protocol(const Protocol& protocol, const Sequence& database) {
  Protocol joined = protocol;
  joined.database_frames = joined.first_query = int(database.frames.size());
  joined.database_seconds = joined.exclude_seconds = joined.min_travel = 0;
  joined.exclude_recent = 0;
  return joined;
}

Sequence open_sequence_of(const Experiment& experiment) {
  Sequence sequence = open_sequence(experiment.sequence);
  if (!experiment.database.empty()) sequence = join(open_sequence(experiment.database), sequence);
  return experiment.left_out.empty() ? sequence : without_frames(sequence, experiment.left_out);
}

void save(const Experiment& experiment, const Trajectory& trajectory, const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw Error("cannot make the folder {}: {}", folder.string(), error.message());

  Json json = description(experiment, trajectory.size());
  Json& hashes = json["files"] = Json::object();
  FileSet files;  // an experiment that was saved here before stays whole when there is no room for this one
  const auto add = [&](const char* name, const std::string& bytes) {
    files.add(folder / name, bytes);
    hashes[name] = sha256(bytes);
  };
  add("candidates.csv", candidates_csv(experiment, trajectory));
  add("pr_curve.csv", pr_curve_csv(experiment.evaluation.figures));
  add("recall.csv", recall_csv(experiment.evaluation.figures));
  add("trajectory.csv", trajectory_csv(trajectory));
  if (!trajectory.listed.empty()) add("listed.csv", listed_csv(trajectory));
  if (!trajectory.places.empty()) add("places.csv", places_csv(trajectory));
  if (experiment.overlaps) add("overlaps.csv", overlaps_csv(*experiment.overlaps));
  if (experiment.descriptors.size() > 0) add("descriptors.npy", npy_bytes(experiment.descriptors));
  files.add(folder / "experiment.json", json.dump(2) + "\n");

  // From here on nothing takes room. What was saved before is no experiment until its description is replaced.
  fs::remove(folder / "experiment.json", error);
  for (const char* name : {"overlaps.csv", "descriptors.npy", "listed.csv", "places.csv"})
    if (!hashes.contains(name)) fs::remove(folder / name, error);
  files.commit();
}

Experiment load_experiment(const fs::path& folder) {
  const fs::path file = folder / "experiment.json";
  const Json json = read_description(folder);
  Experiment experiment;
  experiment.version = value_of<std::string>(json, "relocus", file);
  experiment.method = value_of<std::string>(json, "method", file);
  experiment.options = object_of(json, "options", file).dump();
  experiment.weights = value_of<std::string>(json, "weights", file);
  experiment.weights_hash = value_of<std::string>(json, "weights_hash", file);
  experiment.device = value_of<std::string>(json, "device", file);
  experiment.sequence = value_of<std::string>(json, "sequence", file);
  experiment.database = value_of<std::string>(json, "database", file);
  experiment.sequence_name = value_of<std::string>(json, "sequence_name", file);
  experiment.sequence_identity = value_of<std::string>(json, "sequence_identity", file);
  if (json.contains("left_out")) experiment.left_out = value_of<std::vector<FrameId>>(json, "left_out", file);
  experiment.frame_numbers = value_of<std::vector<std::int64_t>>(json, "frame_numbers", file);
  experiment.encodings = value_of<std::string>(json, "encodings", file);
  const Json milliseconds = object_of(json, "milliseconds", file);
  for (const auto& [stage, value] : milliseconds.items())
    experiment.milliseconds[stage] = value.is_number() ? value.get<double>() : 0;
  set_options(experiment.protocol, object_of(json, "protocol", file));
  if (const fs::path beside = folder / experiment.encodings.filename();
      !experiment.encodings.empty() && fs::exists(beside)) {
    experiment.encodings = beside;  // the folder may have moved
  }

  const Json hashes = object_of(json, "files", file);
  const fs::path candidates = folder / "candidates.csv";
  read_candidates_csv(checked_text(folder, hashes, "candidates.csv"), candidates.string(), experiment);
  const auto unanswered = value_of<std::vector<FrameId>>(json, "queries_without_answer", file);
  add_unanswered(experiment.retrievals, unanswered);
  add_unanswered(experiment.retrieved, unanswered);
  if (hashes.contains("descriptors.npy")) {
    checked_text(folder, hashes, "descriptors.npy");
    experiment.descriptors = read_descriptors(folder / "descriptors.npy");
  }
  const Trajectory trajectory = load_trajectory(folder);
  require_frames(experiment, trajectory.size(), candidates);
  if (hashes.contains("overlaps.csv")) {
    experiment.overlaps =
        read_overlaps_csv(checked_text(folder, hashes, "overlaps.csv"), (folder / "overlaps.csv").string());
  }
  experiment.evaluation = evaluate_if_known(trajectory, experiment.retrievals, experiment.protocol,
                                            experiment.overlaps ? &*experiment.overlaps : nullptr, {},
                                            experiment.descriptors.size() > 0 ? &experiment.descriptors : nullptr);
  return experiment;
}

Trajectory load_trajectory(const fs::path& folder) {
  const Json hashes = object_of(read_description(folder), "files", folder / "experiment.json");
  const auto text = [&](const char* name) { return checked_text(folder, hashes, name); };
  Trajectory trajectory = read_trajectory_csv(text("trajectory.csv"), (folder / "trajectory.csv").string());
  if (hashes.contains("listed.csv")) read_listed_csv(text("listed.csv"), (folder / "listed.csv").string(), trajectory);
  if (hashes.contains("places.csv")) read_places_csv(text("places.csv"), (folder / "places.csv").string(), trajectory);
  return trajectory;
}

}  // namespace relocus
