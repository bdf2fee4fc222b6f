#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/evaluation.h"
#include "core/methods/registry.h"
#include "core/progress.h"

namespace relocus {

/// What all commands share: where progress goes, how results are told, and how a person stops them.
class Cli {
 public:
  bool json = false;   ///< a machine-readable last line on stdout
  bool quiet = false;  ///< no progress on stderr

  /// Reports on stderr; its stop is Ctrl-C.
  Progress progress() const;

  /// The result for people, or with --json the last line for programs.
  void tell(const std::string& text, const nlohmann::ordered_json& line) const;
};

/// Adds a subcommand that knows --json and --quiet.
CLI::App* add_command(CLI::App& app, Cli& cli, const std::string& name, const std::string& help);

/// The protocol's flags: --protocol PRESET, one flag for every value and, for runs, --database SEQUENCE.
class ProtocolFlags {
 public:
  enum class For {
    Run,      ///< with --database
    Evaluate  ///< --candidates is a file there, and the protocol's number only where it is one
  };
  void add_to(CLI::App& command, For purpose);
  void set(const std::string& option, const std::string& text);

  /// `otherwise` (or the preset that was named) with the values that were given.
  Protocol apply_to(Protocol otherwise) const;

  std::string database;  ///< sequence that is searched; empty: the sequence itself
  bool given() const { return !preset_.empty() || !assignments().empty(); }

 private:
  std::vector<std::pair<std::string, std::string>> assignments() const;

  std::string preset_;
  std::vector<std::pair<std::string, std::shared_ptr<std::string>>> values_;  ///< option's name, text that was given
};

/// --method, --set, --weights, --device, --threads.
struct MethodFlags {
  std::string method;
  std::vector<std::string> assignments;
  Resources resources;

  void add_to(CLI::App& command, bool required = true);
  std::shared_ptr<const Options> options() const;
};

/// Lines of an evaluation's figures, with the protocol that they follow.
std::string describe(const Evaluation& evaluation);

// One function a group of commands; each adds them to the program.
void add_listing_commands(CLI::App& app, Cli& cli);     // methods, datasets, info
void add_simulate_command(CLI::App& app, Cli& cli);     // simulate
void add_experiment_commands(CLI::App& app, Cli& cli);  // run, evaluate
void add_export_command(CLI::App& app, Cli& cli);       // export
void add_match_command(CLI::App& app, Cli& cli);        // match
void add_bench_command(CLI::App& app, Cli& cli);        // bench
void add_manual_command(CLI::App& app);                 // manual, which is not listed: for packages

}  // namespace relocus
