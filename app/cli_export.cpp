#include "app/cli.h"
#include "core/error.h"
#include "core/exports/registry.h"
#include "core/verification.h"

namespace relocus {
namespace {

struct ExportFlags {
  std::string experiment, format, out;
  std::optional<double> threshold;
  bool accepted = false, verified = false, registers = false, list = false;
};

void list_formats(const Cli& cli) {
  std::string text;
  nlohmann::ordered_json formats = nlohmann::ordered_json::array();
  for (const ExportFormat& format : exports()) {
    const std::string only = format.method.empty() ? "" : "; of " + format.method + " alone";
    text += fmt::format("{:<19}{:<7}{}{}\n", format.name, format.extension, format.title, only);
    formats.push_back(
        {{"name", format.name}, {"extension", format.extension}, {"title", format.title}, {"method", format.method}});
  }
  cli.tell(text, {{"formats", formats}});
}

void hand_over(const Cli& cli, const ExportFlags& flags) {
  for (const auto& [value, name] :
       {std::pair(flags.experiment, "EXPERIMENT"), std::pair(flags.format, "--format"), std::pair(flags.out, "--out")})
    if (value.empty()) throw CLI::RequiredError(name);
  const ExportFormat& format = export_format(flags.format);
  const Experiment experiment = load_experiment(flags.experiment);
  const Trajectory trajectory = load_trajectory(flags.experiment);
  ExportOptions options;
  options.acceptance.threshold = flags.threshold;
  if (const auto reviews = std::filesystem::path(flags.experiment) / "reviews.json"; std::filesystem::exists(reviews))
    options.acceptance.verdicts = verdicts_of(read_reviews(reviews, trajectory.numbers));
  if (const auto pairs = read_verified(flags.experiment, experiment))
    options.verified = std::make_shared<VerifiedPairs>(*pairs);
  if (flags.verified && !options.verified)
    throw Error("no pair of {} was verified yet; run: relocus-cli verify {}", flags.experiment, flags.experiment);
  if (flags.verified) options.acceptance.verified = options.verified;
  options.accepted_only = flags.accepted || flags.verified;
  options.register_loops = flags.registers;
  options.sequence = sequence_at_hand(experiment, trajectory);
  options.progress = cli.progress();
  format.write(experiment, trajectory, options, flags.out);
  cli.tell(fmt::format("wrote {}", flags.out), {{"path", flags.out}, {"format", format.name}});
}

}  // namespace

void add_export_command(CLI::App& app, Cli& cli) {
  CLI::App* const command = add_command(app, cli, "export", "Hand an experiment to other programs");
  const auto flags = std::make_shared<ExportFlags>();
  std::string names;
  for (const ExportFormat& format : exports()) names += (names.empty() ? "" : ", ") + format.name;
  command->add_option("EXPERIMENT", flags->experiment, "Folder of an experiment");
  command->add_option("--format", flags->format, "One of: " + names)->type_name("F");
  command->add_option("--out", flags->out, "File to write")->type_name("PATH");
  command->add_option("--threshold", flags->threshold, "Score from which answers are accepted [that of the best F1]")
      ->type_name("X");
  command->add_flag("--accepted", flags->accepted, "Match lists hold the accepted answers alone");
  command
      ->add_flag("--verified", flags->verified,
                 "Accept the answers whose scans fit (see: relocus-cli verify) instead of those above a threshold")
      ->excludes("--threshold");
  command->add_flag("--register", flags->registers,
                    "g2o: lay the scans of loops over each other that were not verified before");
  command->add_flag("--list", flags->list, "Tell the formats");
  command->callback([&cli, flags] { flags->list ? list_formats(cli) : hand_over(cli, *flags); });
}

}  // namespace relocus
