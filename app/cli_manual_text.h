#pragma once

#include <string>
#include <vector>

namespace relocus {

/// What a shell can offer after an option or as an argument.
struct ManualValue {
  std::string name;                  ///< as the help shows it: "N", "on|off"; empty: an option that takes none
  std::vector<std::string> choices;  ///< where the values are known; otherwise files and folders are offered
  bool is_path = false;              ///< a file or folder
};

struct ManualOption {
  std::vector<std::string> flags;  ///< "--json", "-h"; empty: an argument by its place
  std::string help, group;
  ManualValue value;
  bool required = false;
};

struct ManualCommand {
  std::string name, help, footer;
  std::vector<ManualOption> options;
};

/// The command line of a program as its definition tells it: the one source of man pages and of completion.
struct Manual {
  std::string program, version;
  ManualCommand common;                 ///< the program itself
  std::vector<ManualCommand> commands;  ///< "run", …; none for a program without
};

std::string man_page(const Manual& manual);         ///< section 1, roff
std::string bash_completion(const Manual& manual);  ///< for bash-completion's folder
std::string zsh_completion(const Manual& manual);   ///< a function of zsh's fpath
std::string fish_completion(const Manual& manual);

}  // namespace relocus
