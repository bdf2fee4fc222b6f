#include "app/cli_verify.h"

#include <filesystem>

#include "core/error.h"
#include "core/folder_lock.h"

namespace relocus {
namespace {

struct VerifyFlags {
  std::string experiment;
  VerifySettings settings;
  Resources resources;
  bool with_keypoints = false, anew = false;
};

/// What was verified before, unless it is unusable or not wanted.
VerifiedPairs known_pairs(const VerifyFlags& flags, const Experiment& experiment) {
  if (flags.anew) return {};
  return read_verified(flags.experiment, experiment).value_or(VerifiedPairs());
}

void verify_experiment(const Cli& cli, VerifyFlags& flags) {
  const Experiment experiment = load_experiment(flags.experiment);
  const Sequence sequence = open_sequence_of(experiment);
  const Trajectory truth = load_trajectory(flags.experiment);
  if (sequence.frames.size() != truth.size())
    throw Error("{} has {} frames now, the experiment is about {}: it is not the sequence that was run",
                experiment.sequence.string(), sequence.frames.size(), truth.size());
  std::unique_ptr<KeypointNetwork> network;
  if (flags.with_keypoints && !(network = keypoint_network(flags.resources)))
    throw Error("there are no weights of BEVNet's decoder; import a checkpoint of BEVNet, or leave --keypoints out");
  flags.settings.keypoints = network.get();

  const FolderLock lock(flags.experiment);
  VerifiedPairs known = known_pairs(flags, experiment);
  const auto keep = [&](const VerifiedPairs& pairs) { write_verified(flags.experiment, experiment, pairs); };
  const Verification result = verify(experiment, sequence, std::move(known), flags.settings, keep, cli.progress());

  const auto num_verified = std::ranges::count_if(result.pairs, [](const auto& each) { return each.second.verified; });
  std::string text = fmt::format("{} of {} pairs are verified", num_verified, result.pairs.size());
  if (result.measured > 0)
    text += fmt::format("; {} were measured now, {:.0f} ms each", result.measured, result.milliseconds);
  text += "\n";
  if (result.failed > 0) text += fmt::format("{} pairs could not be measured: {}\n", result.failed, result.failure);
  nlohmann::ordered_json line{{"pairs", result.pairs.size()},
                              {"verified", num_verified},
                              {"measured", result.measured},
                              {"failed", result.failed},
                              {"milliseconds", {{"pair", result.milliseconds}}}};
  if (const auto point = verified_point(experiment, truth, result.pairs)) {
    text += describe(*point);
    line["figures"] = to_json(*point);
  }
  line["path"] = (std::filesystem::path(flags.experiment) / "verified.csv").string();
  cli.tell(text, line);
}

}  // namespace

std::string describe(const OperatingPoint& point) {
  return fmt::format(
      "verified answers alone: precision {:.4f}, recall {:.4f}, F1 {:.4f} ({} right, {} wrong, {} could "
      "be right; an answer was measured of {})\n",
      point.precision(), point.recall(), point.f1(), point.true_positives, point.false_positives, point.answerable,
      point.measured);
}

nlohmann::ordered_json to_json(const OperatingPoint& point) {
  return {{"precision", point.precision()},
          {"recall", point.recall()},
          {"f1", point.f1()},
          {"true_positives", point.true_positives},
          {"false_positives", point.false_positives},
          {"answerable", point.answerable},
          {"measured_queries", point.measured}};
}

void add_verify_command(CLI::App& app, Cli& cli) {
  CLI::App* const command = add_command(
      app, cli, "verify",
      "Lay the scans of an experiment's answers over each other: those that fit are loops, with their poses; the same "
      "command again goes on where it was stopped");
  const auto flags = std::make_shared<VerifyFlags>();
  VerifySettings& settings = flags->settings;
  command->add_option("EXPERIMENT", flags->experiment, "Folder of an experiment; verified.csv is written there")
      ->required();
  command->add_option("--top", settings.top, "Answers of each query, best first [1]")->check(CLI::Range(1, 1000));
  command->add_option("--max-pairs", settings.max_pairs, "At most so many, those with the best scores; 0: all [0]")
      ->check(CLI::NonNegativeNumber);
  command
      ->add_option("--min-fitness", settings.thresholds.min_fitness,
                   fmt::format("Verified: share of the points with a partner within 1 m, at least [{}]",
                               settings.thresholds.min_fitness))
      ->check(CLI::Range(0., 1.));
  command
      ->add_option("--max-rmse", settings.thresholds.max_rmse,
                   fmt::format("Verified: root mean square of the partners' distances [m], at most [{}]",
                               settings.thresholds.max_rmse))
      ->check(CLI::NonNegativeNumber);
  command
      ->add_option("--min-structure", settings.thresholds.min_structure,
                   fmt::format("Verified: share of what stands upright that lies on a like plane, at least [{}]",
                               settings.thresholds.min_structure))
      ->check(CLI::Range(0., 1.));
  command->add_flag("--anew", flags->anew, "Measure again what was measured before");
  command->add_flag("--keypoints", flags->with_keypoints, "Begin with the keypoints of BEVNet, where its weights are");
  command
      ->add_option("--weights", flags->resources.weights, "Weights of BEVNet; otherwise those that the program ships")
      ->type_name("FILE|DIR");
  command->add_option("--device", flags->resources.device, "auto, cpu, cuda or cuda:1 [auto]")->type_name("DEVICE");
  command->callback([&cli, flags] { verify_experiment(cli, *flags); });
}

}  // namespace relocus
