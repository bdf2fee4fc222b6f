#include "app/cli_train.h"

#include <fmt/ranges.h>

#include "core/training.h"

namespace relocus {
namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const TrainingPoint& point) {
  std::vector<std::string> values;
  for (const auto& [name, value] : point.values) values.push_back(fmt::format("{} {:.4g}", name, value));
  return fmt::format("{} {}/{} {} {} ({:.0f} s, {:.0f} s left)\n", point.stage, point.step, point.steps,
                     point.validation ? "held out:" : "", fmt::join(values, ", "), point.seconds, point.seconds_left);
}

Json to_json(const TrainingOutcome& outcome) {
  return {{"stage", outcome.stage},         {"step", outcome.step},
          {"best_step", outcome.best_step}, {"best_figure", outcome.best_figure},
          {"seconds", outcome.seconds},     {"stopped_early", outcome.stopped_early}};
}

std::string help_of(const std::string& method) {
  std::string help = "Any option of the stages";
  for (const TrainingStage& stage : training_stages(method))
    help += fmt::format("\n{} ({}):\n{}", stage.name, stage.title, describe(*stage.options()));
  return help;
}

void train_and_tell(const Cli& cli, const TrainingJob& job) {
  const auto outcomes = train(job, cli.progress(), [&](const TrainingPoint& point) {
    if (!cli.quiet && point.validation) fmt::print(stderr, "\n{}", text_of(point));
  });
  std::string text;
  Json line{{"model", job.out.string()}, {"stages", Json::array()}};
  for (const TrainingOutcome& outcome : outcomes) {
    if (outcome.step == 0 && outcome.best_figure == 0)
      text += fmt::format("{}: {:.0f} s\n", outcome.stage, outcome.seconds);
    else
      text += fmt::format("{}: {} steps in {:.0f} s, best at step {}{}\n", outcome.stage, outcome.step, outcome.seconds,
                          outcome.best_step, outcome.stopped_early ? "; stopped early" : "");
    line["stages"].push_back(to_json(outcome));
  }
  cli.tell(
      text + fmt::format("the weights are in {}: use them with --weights {}\n", job.out.string(), job.out.string()),
      line);
}

}  // namespace

void add_train_command(CLI::App& app, Cli& cli) {
  CLI::App* const command = add_command(app, cli, "train", "Train a method's networks on sequences with poses");
  const auto job = std::make_shared<TrainingJob>();
  command->add_option("METHOD", job->method, "overlap_netvlad, or netvlad: whose weights are Patch-NetVLAD's too")
      ->required();
  command->add_option("--sequences", job->sequences, "To learn from")->type_name("DIR...")->required();
  command->add_option("--validation", job->validation, "Held out: the best weights are chosen by them")
      ->type_name("DIR...");
  command->add_option("--out", job->out, "Folder of the training; its weights afterwards")
      ->type_name("DIR")
      ->required();
  command->add_option("--stage", job->stages, "Of the method, in order; all otherwise")->type_name("NAME...");
  command->add_option("--weights", job->start, "To begin with; otherwise random ones")->type_name("FILE|DIR");
  command->add_flag("--resume", job->resume, "Go on where the training in --out stopped");
  command->add_flag("--half", job->half, "Write the weights in half precision");
  command->add_option("--device", job->device, "auto, cpu, cuda or cuda:N")->capture_default_str();
  command->add_option("--threads", job->threads, "0: as many as the machine has")->capture_default_str();
  command
      ->add_option(
          "--set", job->assignments,
          help_of("overlap_netvlad") + help_of("netvlad").substr(std::string("Any option of the stages").size()))
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command->footer(
      "Several processes train together when RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT say so (torchrun), or under "
      "mpirun or srun.");
  command->callback([&cli, job] { train_and_tell(cli, *job); });
}

}  // namespace relocus
