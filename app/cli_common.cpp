#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <stop_token>

#include "app/cli.h"
#include "core/error.h"

namespace relocus {
namespace {

constexpr std::chrono::milliseconds kReportEvery{200};

volatile std::sig_atomic_t interrupted = 0;

void interrupt(int) {
  if (interrupted) std::_Exit(130);  // the second Ctrl-C does not wait
  interrupted = 1;
}

/// Makes a flag of every value that it sees.
class FlagMaker final : public OptionVisitor {
 public:
  FlagMaker(CLI::App& command, ProtocolFlags::For purpose,
            std::vector<std::pair<std::string, std::shared_ptr<std::string>>>& values)
      : command_(command), purpose_(purpose), values_(values) {}

  void operator()(std::string_view name, bool& value, About about) override {
    add(name, "on|off", value ? "on" : "off", about);
  }
  void operator()(std::string_view name, int& value, Range<int>, About about) override {
    add(name, about.unit.empty() ? "N" : std::string(about.unit), std::to_string(value), about);
  }
  void operator()(std::string_view name, double& value, Range<double>, About about) override {
    add(name, about.unit.empty() ? "X" : std::string(about.unit), fmt::format("{}", value), about);
  }
  void operator()(std::string_view name, std::string& value, std::span<const std::string_view> choices,
                  About about) override {
    if (name != "preset") add(name, fmt::format("{}", fmt::join(choices, "|")), value, about);
  }

 private:
  void add(std::string_view name, const std::string& type, const std::string& standard, About about) {
    const auto text = std::make_shared<std::string>();
    const std::string flags = name == "num_candidates" && purpose_ == ProtocolFlags::For::Run ? "--candidates," : "";
    command_.add_option(flags + flag_of(name), *text, fmt::format("{} [{}]", about.help, standard))
        ->type_name(type)
        ->group("Protocol");
    values_.emplace_back(name, text);
  }

  CLI::App& command_;
  ProtocolFlags::For purpose_;
  std::vector<std::pair<std::string, std::shared_ptr<std::string>>>& values_;
};

std::string figures_line(const std::string& name, const Figures& figures) {
  return fmt::format("  {:<16}{:>8}{:>9.4f}{:>9.4f}{:>9.4f}{:>9.4f}\n", name, figures.num_queries,
                     figures.recall_at.empty() ? 0.0 : figures.recall_at.front(), figures.max_f1,
                     figures.average_precision, figures.extended_precision);
}

}  // namespace

Progress Cli::progress() const {
  static std::stop_source stop;
  static const bool listening = [] {
    std::signal(SIGINT, interrupt);
    std::signal(SIGTERM, interrupt);
    return true;
  }();
  static_cast<void>(listening);
  const bool terminal = ::isatty(STDERR_FILENO) != 0;
  auto report = [last_stage = std::string(), last = std::chrono::steady_clock::time_point(), silent = quiet, terminal](
                    std::string_view stage, std::size_t done, std::size_t total) mutable {
    if (interrupted) stop.request_stop();
    const auto now = std::chrono::steady_clock::now();
    const bool finished = done >= total;
    const bool due = now - last > (terminal ? kReportEvery : 10 * kReportEvery);
    if (silent || (!finished && !due && stage == last_stage) || (finished && stage == last_stage && done == 0)) return;
    last_stage = stage;
    last = now;
    fmt::print(stderr, "{}{} {}/{}{}", terminal ? "\r\033[K" : "", stage, done, total,
               terminal && !finished ? "" : "\n");
  };
  return Progress(std::move(report), stop.get_token());
}

void Cli::tell(const std::string& text, const nlohmann::ordered_json& line) const {
  if (json) {
    fmt::print("{}\n", line.dump());
  } else {
    fmt::print("{}", text);
    if (!text.empty() && text.back() != '\n') fmt::print("\n");
  }
}

CLI::App* add_command(CLI::App& app, Cli& cli, const std::string& name, const std::string& help) {
  CLI::App* const command = app.add_subcommand(name, help);
  command->add_flag("--json", cli.json, "The last line on stdout is JSON");
  command->add_flag("--quiet", cli.quiet, "No progress on stderr");
  return command;
}

void ProtocolFlags::add_to(CLI::App& command, For purpose) {
  std::string names;
  for (const ProtocolPreset& preset : protocol_presets()) names += (names.empty() ? "" : ", ") + preset.name;
  command.add_option("--protocol", preset_, "Preset that the values below change: " + names)
      ->type_name("PRESET")
      ->group("Protocol");
  if (purpose == For::Run) {
    command
        .add_option("--database", database, "Sequence that is searched, with poses in the same frame [its own past]")
        ->type_name("SEQUENCE")
        ->group("Protocol");
  }
  Protocol standard;
  FlagMaker maker(command, purpose, values_);
  standard.visit(maker);
}

void ProtocolFlags::set(const std::string& option, const std::string& text) {
  values_.emplace_back(option, std::make_shared<std::string>(text));
}

std::vector<std::pair<std::string, std::string>> ProtocolFlags::assignments() const {
  std::vector<std::pair<std::string, std::string>> given;
  for (const auto& [name, text] : values_) {
    if (!text->empty()) given.emplace_back(name, *text);
  }
  return given;
}

Protocol ProtocolFlags::apply_to(Protocol otherwise) const {
  Protocol protocol = preset_.empty() ? std::move(otherwise) : protocol_preset(preset_);
  for (const auto& [name, text] : assignments()) set_option(protocol, fmt::format("{}={}", name, text));
  return stamped(protocol);
}

void MethodFlags::add_to(CLI::App& command, bool required) {
  std::string names;
  for (const MethodInfo& info : methods()) names += (names.empty() ? "" : ", ") + info.name;
  auto* const option = command.add_option("--method", method, "One of: " + names)->type_name("M");
  if (required) option->required();
  command
      .add_option("--set", assignments, "Option of the method, for example --set rings=40 (see: relocus-cli methods)")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command.add_option("--weights", resources.weights, "Weights; otherwise those that the program ships")
      ->type_name("FILE|DIR");
  command.add_option("--device", resources.device, "auto, cpu, cuda or cuda:1 [auto]")->type_name("DEVICE");
  command.add_option("--threads", resources.threads, "Threads; 0: one per core [0]")
      ->type_name("N")
      ->check(CLI::Range(0, 1024));
}

std::shared_ptr<const Options> MethodFlags::options() const {
  std::shared_ptr<Options> options = relocus::method(method).options();
  for (const std::string& assignment : assignments) set_option(*options, assignment);
  return options;
}

std::string describe(const Evaluation& evaluation) {
  const Figures& figures = evaluation.figures;
  const Protocol& protocol = evaluation.protocol;
  std::string text = fmt::format("protocol {}: {}\n", protocol.preset, to_json(protocol).dump());
  text += fmt::format("{} queries have a right answer, {} were asked\n", figures.num_queries, figures.num_asked);
  for (const std::size_t n : {1, 5, 10, 15, 20, 25}) {
    if (n <= figures.recall_at.size()) text += fmt::format("  Recall@{:<10}{:.4f}\n", n, figures.recall_at[n - 1]);
  }
  text += fmt::format("  Recall@1 %       {:.4f}  (N = {})\n", figures.recall_at_1_percent, figures.one_percent);
  text += fmt::format("  max F1           {:.4f}  at score {:.4f}\n", figures.max_f1, figures.max_f1_threshold);
  text += fmt::format("  AP               {:.4f}\n", figures.average_precision);
  text += fmt::format("  EP               {:.4f}\n", figures.extended_precision);
  text += fmt::format("  recall at P = 1  {:.4f}\n", figures.recall_at_full_precision);
  if (!evaluation.strata.empty()) {
    text += fmt::format("  {:<16}{:>8}{:>9}{:>9}{:>9}{:>9}\n", "", "queries", "R@1", "max F1", "AP", "EP");
    for (const auto& [name, stratum] : evaluation.strata) text += figures_line(name, stratum);
  }
  for (const std::string& remark : evaluation.remarks) text += "  " + remark + "\n";
  return text;
}

}  // namespace relocus
