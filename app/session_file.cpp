#include "app/session_file.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/errand.h"
#include "core/environment.h"
#include "core/error.h"
#include "core/files.h"

namespace relocus {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kVersion = 1;                       // of the layout of the file
constexpr const char* kMark = "relocus_session";  // its key tells our files from others
constexpr std::uintmax_t kMaxBytes = 4u << 20;
constexpr std::size_t kMaxPath = 4096, kMaxExperiments = 64;
constexpr qsizetype kMaxDocks = 1 << 20;  // [bytes]

std::filesystem::path path_in(const Json& json) {
  const auto text = json.get<std::string>();
  if (text.size() > kMaxPath || text.find('\0') != std::string::npos) throw Error("a path in it is too long");
  return text;
}

std::optional<std::int64_t> number_in(const Json& json, const char* key) {
  if (!json.contains(key) || json[key].is_null()) return std::nullopt;
  return json[key].get<std::int64_t>();
}

Json to_json(const MethodChoice& choice) {
  return {{"name", choice.name},
          {"options", choice.options},
          {"weights", choice.resources.weights.string()},
          {"device", choice.resources.device},
          {"threads", choice.resources.threads}};
}

/// A method that this program has, with options that it knows.
MethodChoice method_in(const Json& json) {
  MethodChoice choice{json.at("name").get<std::string>(), json.value("options", Json()), {}};
  if (choice.name.empty()) return {};
  const auto options = method(choice.name).options();
  if (options && !choice.options.is_null()) set_options(*options, choice.options);
  if (json.contains("weights")) choice.resources.weights = path_in(json["weights"]);
  choice.resources.device = json.value("device", choice.resources.device);
  choice.resources.threads = std::clamp(json.value("threads", 0), 0, 1024);
  return choice;
}

template <class Read>
void try_reading(SessionFile& file, const Json& json, const char* key, Read read) {
  if (!json.contains(key)) return;
  try {
    read(json[key]);
  } catch (const std::exception& error) {
    file.problems.push_back(fmt::format("its {} is left out: {}", key, error.what()));
  }
}

SessionFile file_of(const Json& json) {
  if (!json.is_object() || !json.contains(kMark)) throw Error("it is no session of Relocus");
  if (const int version = json[kMark].get<int>(); version > kVersion)
    throw Error("it was written by a later Relocus (layout {}; this one knows {})", version, kVersion);
  SessionFile file;
  if (json.contains("sequence")) file.sequence = path_in(json["sequence"]);
  for (const auto& path : json.value("experiments", Json::array())) {
    if (file.experiments.size() == kMaxExperiments) throw Error("it names more than {} experiments", kMaxExperiments);
    file.experiments.push_back(path_in(path));
  }
  file.query = number_in(json, "query");
  file.candidate = number_in(json, "candidate");
  if (json.contains("threshold") && json["threshold"].is_number()) file.threshold = json["threshold"].get<double>();
  try_reading(file, json, "protocol", [&](const Json& part) {
    Protocol protocol;
    set_options(protocol, part);
    file.protocol = protocol;
  });
  try_reading(file, json, "method", [&](const Json& part) { file.method = method_in(part); });
  try_reading(file, json, "layout", [&](const Json& part) {
    file.layout = QString::fromStdString(part.value("name", ""));
    file.docks = QByteArray::fromBase64(QByteArray::fromStdString(part.value("docks", "")));
    if (file.docks.size() > kMaxDocks) throw Error("it is too large");
  });
  return file;
}

}  // namespace

SessionFile session_file(const Session& session, bool unsaved) {
  SessionFile file;
  if (const auto& opened = session.opened()) {
    file.sequence = opened->sequence.folder;
    const auto number = [&](FrameId frame) { return opened->sequence.frames[std::size_t(frame)].number; };
    if (session.query() >= 0) file.query = number(session.query());
    if (session.candidate()) file.candidate = number(*session.candidate());
  }
  const auto* current = session.experiments().current();
  const auto name = [&](const OpenExperiment& open) {
    const auto& place = unsaved ? open.place() : open.folder;
    if (!place.empty()) file.experiments.push_back(place);
  };
  if (current) name(*current);
  for (const OpenExperiment& open : session.experiments().all())
    if (&open != current) name(open);
  file.protocol = session.protocol();
  file.method = session.method_choice();
  file.threshold = session.chosen_threshold();
  return file;
}

std::string to_text(const SessionFile& file) {
  Json json{{kMark, kVersion}, {"program", version()}, {"sequence", file.sequence.string()}};
  json["experiments"] = Json::array();
  for (const auto& path : file.experiments) json["experiments"].push_back(path.string());
  json["protocol"] = relocus::to_json(file.protocol);
  json["method"] = to_json(file.method);
  json["query"] = file.query ? Json(*file.query) : Json();
  json["candidate"] = file.candidate ? Json(*file.candidate) : Json();
  json["threshold"] = file.threshold ? Json(*file.threshold) : Json();
  json["layout"] = {{"name", file.layout.toStdString()}, {"docks", file.docks.toBase64().toStdString()}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

SessionFile read_session_file(const std::filesystem::path& path) {
  const std::string text = read_text(path, kMaxBytes);
  try {
    return file_of(Json::parse(text));
  } catch (const std::exception& error) {
    throw Error("the session {} cannot be read: {}", path.string(), error.what());
  }
}

void plan(Errand& errand, Session& session, const SessionFile& file) {
  // The one that was opened last is the one that is shown.
  auto folders = file.experiments;
  std::ranges::reverse(folders);
  if (folders.empty() && !file.sequence.empty()) folders.push_back(file.sequence);
  for (const auto& folder : folders) errand.then([&session, folder] { session.open(folder); });
  errand.then([&session, file] {
    if (!file.method.name.empty()) session.choose_method(file.method);
    session.choose_protocol(file.protocol);
  });
  errand.then([&session, file] {
    if (file.threshold) session.choose_threshold(*file.threshold);
    if (!session.opened()) return;
    const auto find = [&](std::int64_t number) -> std::optional<FrameId> {
      for (const Frame& frame : session.opened()->sequence.frames)
        if (frame.number == number) return frame.id;
      return std::nullopt;  // the sequence was changed since
    };
    if (const auto query = file.query ? find(*file.query) : std::nullopt) session.select_query(*query);
    if (const auto candidate = file.candidate ? find(*file.candidate) : std::nullopt)
      session.select_candidate(*candidate);
    session.undo_stack().clear();
  });
}

}  // namespace relocus
