#include "app/cli_selftest.h"

#include "core/error.h"
#include "core/self_test.h"

namespace relocus {
namespace {

void test_this_machine(const Cli& cli) {
  const SelfTest test = self_test(cli.progress());
  std::string text;
  auto values = nlohmann::ordered_json::array();
  for (const SelfTestValue& value : test.values) {
    text += fmt::format("{} {:<44}{:>14.7g}  expected {:.7g} ± {:g}\n", value.agrees() ? "ok  " : "OFF ", value.name,
                        value.measured, value.expected, value.tolerance);
    values.push_back({{"name", value.name},
                      {"measured", value.measured},
                      {"expected", value.expected},
                      {"tolerance", value.tolerance},
                      {"agrees", value.agrees()}});
  }
  for (const std::string& remark : test.remarks) text += "     " + remark + "\n";
  cli.tell(text, {{"passed", test.passed()}, {"values", values}, {"remarks", test.remarks}});
  if (!test.passed())
    throw Error(
        "this machine computes other numbers than those that ship: was a library exchanged? Results are not "
        "comparable with those of other machines.");
}

}  // namespace

void add_selftest_command(CLI::App& app, Cli& cli) {
  CLI::App* const command = add_command(
      app, cli, "selftest", "Compare what this machine computes of a small scene with the values that ship");
  const auto out = std::make_shared<std::string>();
  command->add_option("--write", *out, "Only write the values of OverlapNetVLAD's weights, after training new ones")
      ->type_name("FILE");
  command->callback([&cli, out] { out->empty() ? test_this_machine(cli) : write_self_test(*out); });
}

}  // namespace relocus
