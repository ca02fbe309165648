// SPDX-License-Identifier: Apache-2.0
// What lets bash, zsh and fish complete imgdedupctl, written from its table of commands.
#include "ctl/completions.h"

#include "ctl/command_line.h"

namespace imgdedup::ctl {
namespace {

constexpr const char* head =
    "# SPDX-License-Identifier: Apache-2.0\n"
    "# Written by imgdedup-client-pages from the table of commands.\n";
constexpr const char* relations = "exact pixels near edited";

std::string joined(const std::vector<std::string>& words, std::string_view between = " ") {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : std::string(between)) + word;
  return text;
}

/// In single quotes of a shell, and of zsh's own language within.
std::string zsh_quoted(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '\'')
      result += "'\\''";
    else if (c == '[' || c == ']' || c == ':')
      result += std::string("\\") + c;
    else
      result += c;
  }
  return result;
}

std::string fish_quoted(std::string_view text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') result += '\\';
    result += c;
  }
  return result + "'";
}

std::string zsh_action(ArgumentKind kind) {
  switch (kind) {
    case ArgumentKind::file:
      return "_files";
    case ArgumentKind::directory:
      return "_files -/";
    case ArgumentKind::relation:
      return std::string("(") + relations + ")";
    case ArgumentKind::anything:
    case ArgumentKind::none:
      break;
  }
  return " ";
}

std::string bash_arguments(ArgumentKind kind) {
  switch (kind) {
    case ArgumentKind::file:
      return "_imgdedupctl_files -f";
    case ArgumentKind::directory:
      return "_imgdedupctl_files -d";
    case ArgumentKind::relation:
      return std::string("words='") + relations + "'";
    case ArgumentKind::anything:
    case ArgumentKind::none:
      break;
  }
  return ":";
}

std::string bash_values(const std::vector<CommandOutline>& commands) {
  std::string text;
  for (const auto kind : {ArgumentKind::file, ArgumentKind::directory, ArgumentKind::relation,
                          ArgumentKind::anything}) {
    std::vector<std::string> patterns;
    for (const CommandOutline& command : commands)
      for (const OptionOutline& option : command.options) {
        const std::string pattern = "'" + command.name() + " " + option.name + "'";
        if (option.kind == kind) patterns.push_back(pattern);
      }
    if (patterns.empty()) continue;
    text += "    " + joined(patterns, " | ") + ")\n      " + bash_arguments(kind) +
            (kind == ArgumentKind::relation ? "\n" : "\n      return\n") + "      ;;\n";
  }
  return text;
}

std::string bash_commands(const std::vector<CommandOutline>& commands) {
  std::string text;
  for (const CommandOutline& command : commands) {
    std::vector<std::string> options;
    for (const OptionOutline& option : command.options) options.push_back(option.name);
    options.emplace_back("--help");
    text += "    '" + command.name() + "')\n      words='" + joined(options) + "'\n";
    if (command.arguments == ArgumentKind::file || command.arguments == ArgumentKind::directory)
      text += "      [[ $current == -* ]] || " + bash_arguments(command.arguments) + "\n";
    text += "      ;;\n";
  }
  return text;
}

}  // namespace

std::string bash_completion() {
  const std::vector<CommandOutline> commands = CommandLine().outline();
  std::string text(head);
  text +=
      "# shellcheck shell=bash disable=SC2207\n"
      "\n"
      "_imgdedupctl_files() {\n"
      "  local IFS=$'\\n'\n"
      "  compopt -o filenames 2>/dev/null\n"
      "  COMPREPLY=($(compgen \"$1\" -- \"$current\"))\n"
      "}\n"
      "\n"
      "_imgdedupctl() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
      "  local command='' words='' index word\n"
      "  for ((index = 1; index < COMP_CWORD; ++index)); do\n"
      "    word=${COMP_WORDS[index]}\n"
      "    case $word in\n"
      "      --socket) ((++index)) ;;\n"
      "      -*) ;;\n"
      "      *)\n"
      "        case $command in\n"
      "          '' | quarantine | help | 'help quarantine') command+=\"${command:+ }$word\" ;;\n"
      "        esac\n"
      "        ;;\n"
      "    esac\n"
      "  done\n"
      "  COMPREPLY=()\n"
      "  case \"$command $previous\" in\n"
      "    *' --socket') _imgdedupctl_files -f; return ;;\n";
  text += bash_values(commands);
  text +=
      "  esac\n"
      "  [[ -n $words ]] || case $command in\n"
      "    '') words='--socket --json --version --help " +
      joined(first_words(commands)) +
      " help' ;;\n"
      "    help) words='" +
      joined(first_words(commands)) +
      "' ;;\n"
      "    quarantine | 'help quarantine') words='" +
      joined(second_words(commands, "quarantine")) + "' ;;\n";
  text += bash_commands(commands);
  text +=
      "  esac\n"
      "  ((${#COMPREPLY[@]})) || COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
      "}\n"
      "complete -F _imgdedupctl imgdedupctl\n";
  return text;
}

std::string zsh_completion() {
  const std::vector<CommandOutline> commands = CommandLine().outline();
  std::string text = "#compdef imgdedupctl\n" + std::string(head) + "\n";
  const auto described = [&](const std::string& name, const std::string& help) {
    return "    '" + zsh_quoted(name) + ":" + zsh_quoted(help) + "'\n";
  };
  text += "_imgdedupctl_commands() {\n  local -a commands=(\n";
  for (const std::string& first : first_words(commands))
    text += described(first, help_of_first_word(commands, first));
  text += described("help", "say more about a command") +
          "  )\n  _describe command commands\n}\n\n"
          "_imgdedupctl_quarantine_commands() {\n  local -a commands=(\n";
  for (const CommandOutline& command : commands)
    if (command.words.size() > 1)
      text += described(command.words[1], std::string(command.command->help));
  text +=
      "  )\n  _describe command commands\n}\n\n"
      "_imgdedupctl() {\n"
      "  local curcontext=$curcontext state line\n"
      "  local -a options=(\n"
      "    '--socket[the socket of the service]:socket:_files'\n"
      "    '--json[print one JSON value]'\n"
      "  )\n"
      "  _arguments -C $options '--version[print the version]' '--help[print the usage of every "
      "command]' \\\n"
      "    '1:command:_imgdedupctl_commands' '*::argument:->argument'\n"
      "  [[ $state == argument ]] || return\n"
      "  local command=$line[1]\n"
      "  if [[ $command == quarantine ]]; then\n"
      "    if ((CURRENT == 1)); then\n"
      "      _imgdedupctl_quarantine_commands\n"
      "      return\n"
      "    fi\n"
      "    command=\"quarantine $words[1]\"\n"
      "  fi\n"
      "  case $command in\n"
      "    help) ((CURRENT > 1)) || _imgdedupctl_commands ;;\n";
  for (const CommandOutline& command : commands) {
    text += "    '" + command.name() + "') _arguments $options";
    for (const OptionOutline& option : command.options) {
      text += " \\\n      '" + option.name + "[" + zsh_quoted(option.help) + "]";
      if (!option.value.empty()) text += ":" + option.value + ":" + zsh_action(option.kind);
      text += "'";
    }
    if (command.arguments != ArgumentKind::none)
      text += std::string(" \\\n      '*:argument:") + zsh_action(command.arguments) + "'";
    text += " ;;\n";
  }
  return text + "  esac\n}\n\n_imgdedupctl \"$@\"\n";
}

std::string fish_completion() {
  const std::vector<CommandOutline> commands = CommandLine().outline();
  std::string text(head);
  text +=
      "complete -c imgdedupctl -f\n"
      "complete -c imgdedupctl -l socket -r -F -d 'the socket of the service'\n"
      "complete -c imgdedupctl -l json -d 'print one JSON value'\n"
      "complete -c imgdedupctl -n __fish_use_subcommand -l version -d 'print the version'\n"
      "complete -c imgdedupctl -n __fish_use_subcommand -l help -d 'print every command'\n";
  const auto command_line = [](const std::string& condition, const std::string& word,
                               std::string_view help) {
    return "complete -c imgdedupctl -n " + fish_quoted(condition) + " -a " + word + " -d " +
           fish_quoted(help) + "\n";
  };
  for (const std::string& first : first_words(commands))
    text += command_line("__fish_use_subcommand", first, help_of_first_word(commands, first));
  text += command_line("__fish_use_subcommand", "help", "say more about a command") +
          "complete -c imgdedupctl -n '__fish_seen_subcommand_from help' -a '" +
          joined(first_words(commands)) + "'\n";
  const std::string second = joined(second_words(commands, "quarantine"));
  for (const CommandOutline& command : commands) {
    std::string condition = "__fish_seen_subcommand_from " + command.words.back();
    if (command.words.size() > 1) {
      text += command_line(
          "__fish_seen_subcommand_from quarantine; and not "
          "__fish_seen_subcommand_from " +
              second,
          command.words[1], command.command->help);
      condition = "__fish_seen_subcommand_from quarantine; and " + condition;
    }
    for (const OptionOutline& option : command.options) {
      const bool is_long = option.name.starts_with("--");
      text += "complete -c imgdedupctl -n " + fish_quoted(condition) +
              (is_long ? " -l " + option.name.substr(2) : " -s " + option.name.substr(1)) + " -d " +
              fish_quoted(option.help);
      if (option.kind == ArgumentKind::relation) text += std::string(" -x -a '") + relations + "'";
      if (option.kind == ArgumentKind::file) text += " -r -F";
      if (option.kind == ArgumentKind::directory) text += " -x -a '(__fish_complete_directories)'";
      if (option.kind == ArgumentKind::anything) text += " -x";
      text += "\n";
    }
    if (command.arguments == ArgumentKind::file)
      text += "complete -c imgdedupctl -n " + fish_quoted(condition) + " -F\n";
    if (command.arguments == ArgumentKind::directory)
      text += "complete -c imgdedupctl -n " + fish_quoted(condition) +
              " -a '(__fish_complete_directories)'\n";
  }
  return text;
}

}  // namespace imgdedup::ctl
