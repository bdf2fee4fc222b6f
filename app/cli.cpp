#include "app/cli.h"

#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>

#include "app/cli_import.h"
#include "app/cli_selftest.h"
#include "app/cli_train.h"
#include "app/cli_truth.h"
#include "app/cli_verify.h"
#include "core/environment.h"
#include "core/error.h"

namespace {

// Exit codes of the command line's contract; 130 is the shell's custom for Ctrl-C.
constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr int kInterrupted = 130;

int fail(const relocus::Cli& cli, const std::string& what, int code) {
  fmt::print(stderr, "relocus-cli: {}\n", what);
  if (cli.json) fmt::print("{}\n", nlohmann::ordered_json{{"error", what}}.dump());
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace relocus;
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error with a name, not the end of the program
  Cli cli;
  CLI::App app("Relocus finds the places that a LiDAR drive visited before, and tells how well a method does that.",
               "relocus-cli");
  app.set_version_flag("--version", version());
  app.require_subcommand(1);
  app.footer(
      "Every command has --help. Exit codes: 0 done, 1 an error that is named on stderr, 2 wrong usage, 130 stopped "
      "by Ctrl-C (what was stored stays, the same command goes on from there).");
  add_listing_commands(app, cli);
  add_simulate_command(app, cli);
  add_experiment_commands(app, cli);
  add_verify_command(app, cli);
  add_export_command(app, cli);
  add_match_command(app, cli);
  add_bench_command(app, cli);
  add_import_command(app, cli);
  add_truth_command(app, cli);
  add_train_command(app, cli);
  add_selftest_command(app, cli);
  add_manual_command(app);

  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  } catch (const Cancelled&) {
    return fail(cli, "stopped; what was stored stays, the same command goes on from there", kInterrupted);
  } catch (const Error& error) {
    return fail(cli, error.what(), kFailed);
  } catch (const std::bad_alloc&) {
    return fail(cli, "the memory is not enough for this", kFailed);
  } catch (const std::exception& error) {  // of a library, for example a file system that is full
    return fail(cli, error.what(), kFailed);
  }
}
