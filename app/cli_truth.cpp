#include "app/cli_truth.h"

#include <algorithm>

#include "core/datasets/registry.h"
#include "core/truth_files.h"

namespace relocus {
namespace {

void make_truth(const Cli& cli, const std::string& path, const TruthRequest& request) {
  const Sequence sequence = open_sequence(path);
  const TruthFiles made = generate_truth(sequence, request, cli.progress());
  const PairTruth& truth = *made.truth;

  std::string text = fmt::format("{} pairs of {}, {} above {} overlap\n", truth.pairs.size(), sequence.name, made.loops,
                                 request.options.threshold);
  if (truth.measured < truth.pairs.size())
    text += fmt::format("{} of them were measured before\n", truth.pairs.size() - truth.measured);
  if (truth.measured > 0)
    text += fmt::format("measured in {:.1f} s: {:.0f} pairs per second, {} readings of scans\n", truth.seconds,
                        truth.pairs_per_second(), truth.scans);
  for (const std::string& remark : made.remarks) text += remark + "\n";
  std::vector<std::string> files;
  for (const auto& file : made.files) files.push_back(file.string());
  const std::size_t told = std::min<std::size_t>(files.size(), 8);
  for (std::size_t i = 0; i < told; ++i) text += "  " + files[i] + "\n";
  if (told < files.size()) text += fmt::format("  and {} more\n", files.size() - told);
  cli.tell(text, {{"sequence", sequence.name},
                  {"pairs", truth.pairs.size()},
                  {"measured", truth.measured},
                  {"loops", made.loops},
                  {"scans_read", truth.scans},
                  {"seconds", truth.seconds},
                  {"pairs_per_second", truth.pairs_per_second()},
                  {"files", files},
                  {"remarks", made.remarks},
                  {"options", to_json(request.options)}});
}

}  // namespace

void add_truth_command(CLI::App& app, Cli& cli) {
  CLI::App* const command =
      add_command(app, cli, "truth", "Ground truth of a sequence with poses: distance, overlaps and yaw of its pairs");
  const auto path = std::make_shared<std::string>();
  const auto request = std::make_shared<TruthRequest>();
  const auto formats = std::make_shared<std::vector<std::string>>();
  const auto assignments = std::make_shared<std::vector<std::string>>();
  std::string layouts = "What is written; may be given several times [csv]:";
  for (const TruthLayout& layout : truth_layouts()) layouts += fmt::format("\n  {:<20}{}", layout.name, layout.help);
  command->add_option("SEQUENCE", *path, "Folder of a sequence with poses")->required();
  command->add_option("--out", request->folder, "Folder; the same command completes an unfinished one")
      ->type_name("DIR")
      ->required();
  command->add_option("--format", *formats, layouts)->type_name("LAYOUT")->delimiter(',')->allow_extra_args(false);
  command->add_option("--name", request->label, "Name of the sequence in files [its own, without its dataset]")
      ->type_name("XX");
  command->add_option("--threads", request->threads, "Threads; 0: one per core [0]")
      ->type_name("N")
      ->check(CLI::Range(0, 1024));
  command->add_option("--set", *assignments, "Any option:\n" + describe(request->options))
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command->callback([&cli, path, request, formats, assignments] {
    for (const std::string& assignment : *assignments) set_option(request->options, assignment);
    if (!formats->empty()) request->layouts = *formats;
    make_truth(cli, *path, *request);
  });
}

}  // namespace relocus
