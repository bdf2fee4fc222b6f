#include "app/cli.h"
#include "core/complexity.h"
#include "core/datasets/check.h"
#include "core/datasets/registry.h"
#include "core/encodings.h"

namespace relocus {
namespace {

using Json = nlohmann::ordered_json;

void list_methods(const Cli& cli) {
  std::string text;
  Json list = Json::array();
  for (const MethodInfo& info : methods()) {
    const auto options = info.options();
    text += fmt::format("{}  {}: {}\n{}\n", info.name, info.title, info.help, describe(*options));
    list.push_back({{"name", info.name},
                    {"title", info.title},
                    {"help", info.help},
                    {"modality", info.modality == Modality::Lidar ? "lidar" : "image"},
                    {"needs_weights", info.needs_weights},
                    {"reranks", info.reranks},
                    {"options", to_json(*options)}});
  }
  cli.tell(text, {{"methods", list}});
}

void list_datasets(const Cli& cli) {
  std::string text;
  Json list = Json::array();
  for (const DatasetFormat& format : datasets()) {
    text += fmt::format("{:<16} {}: {}\n", format.name, format.title, format.help);
    list.push_back({{"name", format.name}, {"title", format.title}, {"help", format.help}});
  }
  cli.tell(text, {{"datasets", list}});
}

void inform(const Cli& cli, const std::string& folder, bool deep) {
  const Sequence sequence = open_sequence(folder);
  const DataCheck found = check(sequence, deep, cli.progress());
  std::string text = fmt::format("{} ({}) in {}\n", sequence.name, sequence.format, sequence.folder.string());
  text += fmt::format("  {} frames, {} scans ({:.1f} MB), {} images, {} poses, {} label files\n", found.num_frames,
                      found.num_clouds, double(found.cloud_bytes) / 1e6, found.num_images, found.num_poses,
                      found.num_labels);
  if (sequence.num_database > 0)
    text += fmt::format("  {} frames are the database, {} ask\n", sequence.num_database,
                        sequence.frames.size() - sequence.num_database);
  else
    text += fmt::format("  {:.1f} s, {:.0f} m\n", found.duration, found.travelled);
  for (const std::string& remark : found.remarks) text += "  " + remark + "\n";
  text +=
      found.problems.empty() ? std::string("  no problems\n") : fmt::format("  {} problems:\n", found.problems.size());
  for (const std::string& problem : found.problems) text += "    " + problem + "\n";
  cli.tell(text, {{"name", sequence.name},
                  {"format", sequence.format},
                  {"folder", sequence.folder.string()},
                  {"frames", found.num_frames},
                  {"database_frames", sequence.num_database},
                  {"clouds", found.num_clouds},
                  {"cloud_bytes", found.cloud_bytes},
                  {"images", found.num_images},
                  {"poses", found.num_poses},
                  {"labels", found.num_labels},
                  {"duration", found.duration},
                  {"travelled", found.travelled},
                  {"remarks", found.remarks},
                  {"problems", found.problems}});
}

}  // namespace

void add_listing_commands(CLI::App& app, Cli& cli) {
  add_command(app, cli, "methods", "Methods and their options")->callback([&cli] { list_methods(cli); });
  add_command(app, cli, "datasets", "Layouts of files that are understood")->callback([&cli] { list_datasets(cli); });

  CLI::App* const info =
      add_command(app, cli, "info", "What a sequence holds and what is wrong with it, or what a method costs");
  const auto folder = std::make_shared<std::string>();
  const auto deep = std::make_shared<bool>(false);
  info->add_option("SEQUENCE", *folder, "Folder of a sequence");
  info->add_flag("--deep", *deep, "Read every scan and image too");
  const auto method = std::make_shared<MethodFlags>();
  const auto counted = std::make_shared<bool>(false);
  method->add_to(*info, /*required=*/false);
  info->add_flag("--count-only", *counted, "Of a method: do not measure time and memory");
  info->callback([&cli, folder, deep, method, counted] {
    if (folder->empty() == method->method.empty())
      throw CLI::ValidationError("give one of: SEQUENCE, --method M (clusvpr tells what it costs)");
    if (method->method.empty()) return inform(cli, *folder, *deep);
    const Complexity complexity =
        complexity_of(relocus::method(method->method), *method->options(), method->resources, !*counted);
    cli.tell(describe(complexity), to_json(complexity));
  });
}

}  // namespace relocus
