#include "app/cli_manual_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace relocus {
namespace {

/// Roff takes "-" for a hyphen, "\" for its own, and a point or quote at the start of a line for a request.
std::string roff(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    const bool line_start = escaped.empty() || escaped.back() == '\n';
    if (line_start && (c == '.' || c == '\'')) escaped += "\\&";
    if (c == '-') escaped += '\\';
    escaped += c == '\\' ? std::string("\\e") : std::string(1, c);
  }
  return escaped;
}

/// Lines that are a table stay lines.
std::string roff_lines(std::string_view text) {
  std::string lines = roff(text);
  for (std::size_t at = 0; (at = lines.find('\n', at)) != std::string::npos; at += 5) lines.insert(at + 1, ".br\n");
  return lines;
}

std::string quoted(std::string_view text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

/// The first sentence or line: as much as a list of a shell has room for.
std::string brief(std::string_view text) {
  text = text.substr(0, text.find('\n'));
  text = text.substr(0, text.find("; "));
  return std::string(text);
}

bool is_argument(const ManualOption& option) { return option.flags.empty(); }

std::string man_option(const ManualOption& option) {
  std::string flags;
  for (const std::string& flag : option.flags) flags += (flags.empty() ? "\\fB" : ", \\fB") + roff(flag) + "\\fR";
  if (!option.value.name.empty()) flags += (flags.empty() ? "\\fI" : " \\fI") + roff(option.value.name) + "\\fR";
  return fmt::format(".TP\n{}\n{}{}\n", flags, roff_lines(option.help), option.required ? " (required)" : "");
}

std::string man_options(const ManualCommand& command) {
  std::string text, group;
  for (const bool arguments : {true, false})
    for (const ManualOption& option : command.options) {
      if (is_argument(option) != arguments) continue;
      if (option.group != group && !option.group.empty()) text += fmt::format(".PP\n{}:\n", roff(option.group));
      group = option.group;
      text += man_option(option);
    }
  return text;
}

std::string synopsis(const std::string& words, const ManualCommand& command) {
  std::string text = fmt::format("\\fB{}\\fR [\\fIOPTIONS\\fR]", roff(words));
  for (const ManualOption& option : command.options)
    if (is_argument(option))
      text += option.required || option.value.name.starts_with('[')
                  ? fmt::format(" \\fI{}\\fR", roff(option.value.name))
                  : fmt::format(" [\\fI{}\\fR]", roff(option.value.name));
  return text;
}

std::string flags_of(const ManualCommand& command) {
  std::string flags;
  for (const ManualOption& option : command.options)
    for (const std::string& flag : option.flags) flags += (flags.empty() ? "" : " ") + flag;
  return flags;
}

std::string names_of(const Manual& manual) {
  std::string names;
  for (const ManualCommand& command : manual.commands) names += (names.empty() ? "" : " ") + command.name;
  return names;
}

/// The cases "command:--flag" whose values are known, or are neither that nor files.
std::string bash_cases(const ManualCommand& command) {
  std::string cases;
  for (const ManualOption& option : command.options) {
    if (option.flags.empty() || option.value.name.empty() || option.value.is_path) continue;
    std::string patterns;
    for (const std::string& flag : option.flags)
      patterns += fmt::format("{}{}:{}", patterns.empty() ? "" : "|", command.name, flag);
    cases += fmt::format("    {}) COMPREPLY=($(compgen -W {} -- \"$word\")); return ;;\n", patterns,
                         quoted(fmt::format("{}", fmt::join(option.value.choices, " "))));
  }
  return cases;
}

std::string function_of(const Manual& manual) {
  std::string name = "_" + manual.program;
  std::ranges::replace(name, '-', '_');
  return name;
}

/// In zsh's specifications brackets and colons have a meaning.
std::string zsh_text(std::string_view text) {
  std::string escaped;
  for (const char c : brief(text))
    escaped += (c == '[' || c == ']' || c == ':') ? std::string("\\") + c : std::string(1, c);
  return escaped;
}

std::string zsh_action(const ManualValue& value) {
  if (!value.choices.empty()) return fmt::format("({})", fmt::join(value.choices, " "));
  return value.is_path ? "_files" : " ";
}

std::string zsh_arguments(const ManualCommand& command) {
  std::string text = "_arguments -S";
  for (const ManualOption& option : command.options) {
    const std::string value = zsh_text(option.value.name), action = zsh_action(option.value);
    for (const std::string& flag : option.flags)
      text += " \\\n        " + quoted(fmt::format("*{}[{}]{}", flag, zsh_text(option.help),
                                                   value.empty() ? "" : fmt::format(":{}:{}", value, action)));
    if (is_argument(option)) text += " \\\n        " + quoted(fmt::format("*:{}:{}", value, action));
  }
  return text;
}

std::string fish_options(const Manual& manual, const ManualCommand& command) {
  std::string text;
  const std::string condition =
      &command == &manual.common ? "" : fmt::format(" -n '__fish_seen_subcommand_from {}'", command.name);
  for (const ManualOption& option : command.options) {
    std::string line = fmt::format("complete -c {}{}", manual.program, condition);
    for (const std::string& flag : option.flags)
      line += flag.starts_with("--") ? " -l " + flag.substr(2) : " -s " + flag.substr(1);
    if (!option.value.name.empty() && !is_argument(option)) line += option.value.is_path ? " -r -F" : " -x";
    if (!option.value.choices.empty()) line += " -a " + quoted(fmt::format("{}", fmt::join(option.value.choices, " ")));
    if (is_argument(option) && option.value.choices.empty()) continue;  // files, as fish offers them anyway
    text += fmt::format("{} -d {}\n", line, quoted(brief(option.help)));
  }
  return text;
}

}  // namespace

std::string man_page(const Manual& manual) {
  std::string upper = manual.program;
  std::ranges::transform(upper, upper.begin(), [](char c) { return char(std::toupper(c)); });
  const std::string name = brief(manual.common.help);
  std::string text = fmt::format(".TH {} 1 \"\" \"Relocus {}\" \"User Commands\"\n.SH NAME\n{} \\- {}\n.SH SYNOPSIS\n",
                                 roff(upper), manual.version, roff(manual.program), roff(name));
  if (manual.commands.empty()) text += synopsis(manual.program, manual.common) + "\n";
  for (const ManualCommand& command : manual.commands)
    text += synopsis(manual.program + " " + command.name, command) + "\n.br\n";
  text += fmt::format(".SH DESCRIPTION\n{}\n.PP\n{}\n.SH OPTIONS\n{}", roff(manual.common.help),
                      roff_lines(manual.common.footer), man_options(manual.common));
  if (!manual.commands.empty()) text += ".SH COMMANDS\n";
  for (const ManualCommand& command : manual.commands) {
    text += fmt::format(".SS {}\n{}.\n", synopsis(command.name, command), roff(command.help));
    text += man_options(command);
    if (!command.footer.empty() && command.footer != manual.common.footer)
      text += fmt::format(".PP\n{}\n", roff_lines(command.footer));
  }
  return text;
}

std::string bash_completion(const Manual& manual) {
  const std::string function = function_of(manual);
  std::string cases, words;
  for (const ManualCommand& command : manual.commands) {
    cases += bash_cases(command);
    std::string choices;
    for (const ManualOption& option : command.options)
      if (is_argument(option)) choices = fmt::format("{}", fmt::join(option.value.choices, " "));
    words +=
        fmt::format("    {}) flags={}; arguments={} ;;\n", command.name, quoted(flags_of(command)), quoted(choices));
  }
  ManualCommand common = manual.common;
  common.name.clear();
  cases += bash_cases(common);
  return fmt::format(R"(# Completion of {0} in bash, made by relocus-cli manual.
{1}() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} command='' flags='' arguments=''
  local i
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case " {2} " in *" ${{COMP_WORDS[i]}} "*) command=${{COMP_WORDS[i]}}; break ;; esac
  done
  case "$command:$before" in
{3}    *) ;;
  esac
  case "$command" in
{4}    *) flags={5}; arguments={6} ;;
  esac
  if [[ $word == -* ]]; then COMPREPLY=($(compgen -W "$flags" -- "$word"))
  elif [[ -n $arguments ]]; then COMPREPLY=($(compgen -W "$arguments" -- "$word"))
  else COMPREPLY=($(compgen -f -- "$word")); compopt -o filenames 2> /dev/null
  fi
}}
complete -F {1} {0}
)",
                     manual.program, function, names_of(manual), cases, words, quoted(flags_of(manual.common)),
                     quoted(names_of(manual)));
}

std::string zsh_completion(const Manual& manual) {
  std::string text = fmt::format("#compdef {}\n# Made by relocus-cli manual.\n", manual.program);
  if (manual.commands.empty()) return text + zsh_arguments(manual.common) + "\n";
  std::string list, cases;
  for (const ManualCommand& command : manual.commands) {
    list += "    " + quoted(fmt::format("{}:{}", command.name, zsh_text(command.help))) + "\n";
    cases += fmt::format("    {})\n      {}\n      ;;\n", command.name, zsh_arguments(command));
  }
  return text + fmt::format(R"(local -a commands=(
{})
if (( CURRENT == 2 )); then
  _describe command commands
  compadd -- {}
else
  local command=$words[2]
  shift words; (( CURRENT-- ))
  case $command in
{}  esac
fi
)",
                            list, flags_of(manual.common), cases);
}

std::string fish_completion(const Manual& manual) {
  std::string text = fmt::format("# Completion of {} in fish, made by relocus-cli manual.\n", manual.program);
  for (const ManualCommand& command : manual.commands)
    text += fmt::format("complete -c {} -n __fish_use_subcommand -f -a {} -d {}\n", manual.program, command.name,
                        quoted(brief(command.help)));
  text += fish_options(manual, manual.common);
  for (const ManualCommand& command : manual.commands) text += fish_options(manual, command);
  return text;
}

}  // namespace relocus
