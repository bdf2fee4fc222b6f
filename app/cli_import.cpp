#include "app/cli_import.h"
#include "core/checkpoints.h"

namespace relocus {
namespace {

struct ImportFlags {
  std::vector<std::string> checkpoints;
  std::string method, out, check;
  ImportOptions options;
};

void import_files(const Cli& cli, const ImportFlags& flags) {
  const std::vector<std::filesystem::path> files(flags.checkpoints.begin(), flags.checkpoints.end());
  const ImportReport report = import_checkpoints(files, flags.method, flags.out, flags.options);
  std::string text =
      fmt::format("{} holds {} tensors of {}\n", flags.out, report.tensors.size(), fmt::join(report.networks, ", "));
  for (const std::string& remark : report.remarks) text += "  " + remark + "\n";
  nlohmann::ordered_json line = to_json(report);
  line["model"] = flags.out;
  if (!flags.check.empty()) {
    const FeatureCheck check = check_features(flags.out, flags.method, scans_to_check(flags.check));
    text += describe(check);
    line["check"] = to_json(check);
  }
  cli.tell(text, line);
}

}  // namespace

void add_import_command(CLI::App& app, Cli& cli) {
  CLI::App* const command = add_command(app, cli, "import", "Take over published checkpoints as a folder of weights");
  const auto flags = std::make_shared<ImportFlags>();
  command
      ->add_option("CHECKPOINT", flags->checkpoints,
                   "Files of torch.save (.ckpt .pth .pth.tar) or .safetensors; what they hold is told by their tensors. For "
                   "netvlad also MATLAB's .mat and TensorFlow's .index")
      ->required();
  command->add_option("--method", flags->method, "The method that they are for")->type_name("M")->required();
  command->add_option("--out", flags->out, "Folder; for --weights")->type_name("DIR")->required();
  command
      ->add_option(
          "--layout", flags->options.layout,
          "How sparse kernels lie: auto tells it by their shapes; 2.1 (spconv up to 2.1.25) or 2.2 insist [auto]")
      ->type_name("auto|2.1|2.2");
  command->add_flag("--repair-permutation", flags->options.repair_permutation,
                    "The large kernels were permuted by (3, 0, 1, 2) on their way to spconv 2.2: exchange them back");
  command->add_option("--check", flags->check, "See whether the features of a scan or a sequence look sound")
      ->type_name("SCAN|SEQUENCE");
  command->footer(
      "Checkpoints are never executed: a file that holds more than tensors, numbers and texts is refused by name.\n"
      "import.json in DIR tells for each tensor where it comes from and how its layout was converted.\n"
      "Python reads the result, kernels as [out, in, height, width], in one line:\n"
      "  state = safetensors.torch.load_file(\"DIR/weights.safetensors\")");
  command->callback([&cli, flags] { import_files(cli, *flags); });
}

}  // namespace relocus
