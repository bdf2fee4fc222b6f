#include <filesystem>

#include "app/cli.h"
#include "app/cli_manual_text.h"
#include "app/window_options.h"
#include "core/environment.h"
#include "core/exports/registry.h"
#include "core/files.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

template <class Entries>
std::vector<std::string> names_in(const Entries& entries) {
  std::vector<std::string> names;
  for (const auto& entry : entries) names.push_back(entry.name);
  return names;
}

/// "on|off" names its values; "FILE|DIR" only tells what they are.
std::vector<std::string> listed_in(const std::string& type) {
  std::vector<std::string> values;
  if (type.find('|') == std::string::npos) return values;
  for (std::size_t at = 0; at <= type.size();) {
    const std::size_t end = std::min(type.find('|', at), type.size());
    values.push_back(type.substr(at, end - at));
    at = end + 1;
    if (!values.back().empty() && std::isupper(static_cast<unsigned char>(values.back()[0]))) return {};
  }
  return values;
}

/// What may follow: the names under which help speaks of values are few.
ManualValue value_of(std::string type) {
  type = type.substr(0, std::min(type.find(':'), type.find(" in ")));
  ManualValue value{type, listed_in(type), false};
  if (type == "M" || type == "METHOD") value.choices = names_in(methods());
  if (type == "PRESET") value.choices = names_in(protocol_presets());
  if (type == "F") value.choices = names_in(exports());
  if (type == "DEVICE") value.choices = {"auto", "cpu", "cuda"};
  if (!value.choices.empty()) return value;
  for (const char* path : {"DIR", "FILE", "FOLDER", "PATH", "EXPERIMENT", "SEQUENCE", "SCAN", "NPY", "PNG", "OUT",
                           "CHECKPOINT", "SESSION", "out.png"})
    value.is_path |= type.starts_with(path);
  return value;
}

ManualOption told(const CLI::Option& option) {
  ManualOption result;
  result.help = option.get_description();
  result.required = option.get_required();
  result.group = option.get_group() == "Options" ? "" : option.get_group();
  if (!option.nonpositional()) {
    result.value = value_of(option.get_name(true));
    result.value.is_path = result.value.choices.empty();  // two scans are called A and B
    return result;
  }
  for (const std::string& name : option.get_lnames()) result.flags.push_back("--" + name);
  for (const std::string& name : option.get_snames()) result.flags.push_back("-" + name);
  if (option.get_items_expected_max() > 0)
    result.value = value_of(option.get_type_name().empty() ? "VALUE" : option.get_type_name());
  return result;
}

ManualCommand told(const CLI::App& app) {
  ManualCommand command{app.get_name(), app.get_description(), app.get_footer(), {}};
  for (const CLI::Option* option : app.get_options())
    if (!option->get_group().empty()) command.options.push_back(told(*option));
  return command;
}

Manual manual_of(const CLI::App& app) {
  Manual manual{app.get_name(), version(), told(app), {}};
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    if (!command->get_group().empty()) manual.commands.push_back(told(*command));
  return manual;
}

Manual manual_of_window() {
  Manual manual{"relocus", version(), {"relocus", kWindowHelp, "", {}}, {}};
  std::vector<ManualOption>& options = manual.common.options;
  options.push_back({{}, kWindowArgumentsHelp, "", {kWindowArguments, {}, true}, false});
  for (const WindowOption& option : kWindowOptions) {
    std::string help = option.help;
    if (*option.standard) help += fmt::format(" [{}]", option.standard);
    options.push_back({{std::string("--") + option.name}, help, "", value_of(option.value), false});
  }
  options.push_back({{"--help", "-h"}, "Print a help message and exit", "", {}, false});
  options.push_back({{"--version", "-v"}, "Print the version and exit", "", {}, false});
  return manual;
}

void write(const Manual& manual, const fs::path& folder) {
  write_atomically(folder / (manual.program + ".1"), man_page(manual));
  write_atomically(folder / (manual.program + ".bash"), bash_completion(manual));
  write_atomically(folder / (manual.program + ".zsh"), zsh_completion(manual));
  write_atomically(folder / (manual.program + ".fish"), fish_completion(manual));
}

}  // namespace

void add_manual_command(CLI::App& app) {
  CLI::App* const command = app.add_subcommand("manual", "Write man pages and the completion of bash, zsh and fish");
  command->group("");  // not listed
  const auto out = std::make_shared<std::string>();
  command->add_option("--out", *out, "Folder")->type_name("DIR")->required();
  command->callback([&app, out] {
    fs::create_directories(*out);
    write(manual_of(app), *out);
    write(manual_of_window(), *out);
  });
}

}  // namespace relocus
