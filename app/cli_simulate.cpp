#include "app/cli.h"
#include "core/simulator/simulator.h"

namespace relocus {

void add_simulate_command(CLI::App& app, Cli& cli) {
  CLI::App* const command = add_command(app, cli, "simulate", "Make a city and a drive through it as a KITTI sequence");
  const auto out = std::make_shared<std::string>();
  const auto options = std::make_shared<SimulatorOptions>();
  const auto assignments = std::make_shared<std::vector<std::string>>();
  command->add_option("OUT", *out, "Folder; an unfinished one is completed")->required();
  command->add_option("--frames", options->frames, "Length of the drive")->type_name("N")->capture_default_str();
  command->add_option("--seed", options->seed, "Another number makes another city")
      ->type_name("S")
      ->capture_default_str();
  command->add_flag("--images", options->images, "The camera's images too");
  command->add_option("--set", *assignments, "Any option:\n" + describe(*options))
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command->callback([&cli, out, options, assignments] {
    const auto given = to_json(*options);
    SimulatorOptions checked;
    set_options(checked, given);
    for (const std::string& assignment : *assignments) set_option(checked, assignment);
    simulate(*out, checked, cli.progress());
    cli.tell(fmt::format("{} holds {} frames", *out, checked.frames),
             {{"sequence", *out}, {"frames", checked.frames}, {"options", to_json(checked)}});
  });
}

}  // namespace relocus
