// SPDX-License-Identifier: Apache-2.0
// The tree of subcommands and options that the command line is read by.
#include "ctl/command_line.h"

#include <algorithm>
#include <cassert>
#include <stdexcept>

#include "build_formats.h"
#include "ctl/export_command.h"
#include "ctl/invocation.h"
#include "protocol/path_text.h"
#include "protocol/utf8.h"

namespace imgdedup::ctl {
namespace {

using protocol::Command;
using protocol::Json;
using protocol::Parameter;
using protocol::ParameterKind;

const Parameter* parameter_of(const Command& command, std::string_view name) {
  for (const Parameter& parameter : command.parameters)
    if (parameter.name == name) return &parameter;
  assert(!"the command has that parameter");
  return nullptr;
}

Json param_of(ParameterKind kind, const std::string& text) {
  if (kind == ParameterKind::path) return protocol::path_to_param(absolute_path(text));
  if (kind == ParameterKind::cursor) return std::stoll(text);
  return text;
}

/// Refuses all but 1 to 18 digits that are not all zero.
const CLI::Validator& positive_integer() {
  static const CLI::Validator validator(
      [](std::string& text) -> std::string {
        const bool is_number = !text.empty() && text.size() <= 18 &&
                               text.find_first_not_of("0123456789") == std::string::npos &&
                               text.find_first_not_of('0') != std::string::npos;
        return is_number ? "" : "\"" + protocol::readable_text(text) + "\" is no positive number";
      },
      "");
  return validator;
}

ArgumentKind argument_kind(std::string_view value) {
  if (value == "DIR") return ArgumentKind::directory;
  if (value == "FILE" || value == "A" || value == "B") return ArgumentKind::file;
  if (value == "R") return ArgumentKind::relation;
  return ArgumentKind::anything;
}

std::string help_text(const CommandOutline& outline) {
  constexpr std::size_t columns = 80;
  const std::string help(outline.command->help);
  std::string text = "Usage: imgdedupctl " + std::string(outline.command->usage) + "\n\n";
  text += wrapped(sentence_of(help), "", columns) + "\n" +
          wrapped(outline.description->text, "", columns);
  if (outline.command->level == protocol::CommandLevel::change)
    text += wrapped("Needs the right to change things: root, the service's user, or socket.group.",
                    "", columns);
  if (!outline.options.empty()) text += "\nOptions:\n";
  for (const OptionOutline& option : outline.options)
    text += "  " + option.name + (option.value.empty() ? "" : " " + option.value) + "\n" +
            wrapped(option.help, "      ", columns);
  return text + "\nExample:\n  imgdedupctl " + std::string(outline.description->example) + "\n";
}

}  // namespace

CommandLine::CommandLine() {
  app_.fallthrough();
  app_.require_subcommand(0, 1);
  app_.set_version_flag("--version", version_text(), "print the version");
  app_.add_option("--socket", socket_path, "the socket of the service")->type_name("PATH");
  app_.add_flag("--json", json,
                "print one JSON value, as /usr/share/doc/imgdedup/protocol.md describes it");

  add(app_, "status", "status");
  add(app_, "sync", "sync").add("--timeout", "timeout", "TIME");
  Subcommand& duplicates = add(app_, "duplicates", "duplicates");
  duplicates.add("--relation", "relation", "R");
  duplicates.add("--under", "under", "DIR");
  duplicates.app->add_option("--limit", limit, "so many decisions at most")
      ->type_name("N")
      ->check(positive_integer());
  duplicates.add("--after", "after", "ID");
  add(app_, "groups", "groups").add("--under", "under", "DIR");
  Subcommand& query = add(app_, "query", "query");
  query.app->add_option("FILE", files, "files to judge")->required();
  Subcommand& explain = add(app_, "explain", "explain");
  explain.add("A", "first");
  explain.add("B", "second");
  Subcommand& distinct = add(app_, "distinct", "distinct");
  distinct.add("A", "first");
  distinct.add("B", "second");
  distinct.add("--undo", "undo");

  CLI::App* quarantine = app_.add_subcommand("quarantine", quarantine_help);
  quarantine->require_subcommand(0, 1);
  add(*quarantine, "list", "quarantine.list").add("--orphans", "orphans");
  Subcommand& apply = add(*quarantine, "apply", "quarantine.apply");
  apply.add_ids(ids);
  apply.add("--all", "all");
  Subcommand& restore = add(*quarantine, "restore", "quarantine.restore");
  restore.add_ids(ids);
  restore.add("--all", "all");
  Subcommand& purge = add(*quarantine, "purge", "quarantine.purge");
  purge.add_ids(ids);
  purge.add("--older-than", "older_than", "TIME");
  purge.add("--force", "force");

  Subcommand& all_files = add(app_, "files", "files");
  all_files.add("--under", "under", "DIR");
  all_files.app->add_flag("-0", nul, "end each path with NUL instead of a newline");
  add(app_, "unreadable", "unreadable");
  Subcommand& exported = add(app_, "export", "export");
  exported.add("--duplicates", "duplicates", "DIR");
  exported.add("--unique", "unique", "DIR");
  exported.add("--link", "link");
  exported.add("--under", "under", "DIR");
  add(app_, "rescan", "rescan").add("DIR", "directory");
  for (const char* word : {"pause", "resume", "reload"}) add(app_, word, word);
  add(app_, "events", "events").add("--follow", "follow");
  add(app_, "metrics", "metrics");
  app_.add_subcommand("help", "say more about a command")
      ->add_option("COMMAND", help_words, "the command");
}

CommandLine::Subcommand& CommandLine::add(CLI::App& parent, const std::string& word,
                                          std::string_view name) {
  Subcommand& subcommand = subcommands_.emplace_back();
  subcommand.command =
      name == export_command().name ? &export_command() : protocol::find_command(name);
  assert(subcommand.command != nullptr);
  subcommand.app = parent.add_subcommand(word, std::string(subcommand.command->help));
  return subcommand;
}

void CommandLine::Subcommand::add(const std::string& names, std::string_view parameter_name,
                                  const std::string& type_name) {
  ParameterOption& added = options.emplace_back();
  added.parameter = parameter_of(*command, parameter_name);
  const std::string help(added.parameter->help);
  if (added.parameter->kind == ParameterKind::boolean) {
    added.option = app->add_flag(names, help);
    return;
  }
  added.option = app->add_option(names, added.text, help)->type_name(type_name);
  if (added.parameter->kind == ParameterKind::cursor) added.option->check(positive_integer());
  if (added.parameter->presence == protocol::Presence::required) added.option->required();
}

void CommandLine::Subcommand::add_ids(std::vector<std::int64_t>& ids) {
  app->add_option("ID", ids, std::string(parameter_of(*command, "ids")->help))
      ->type_name("")
      ->check(positive_integer());
}

void CommandLine::parse(std::vector<std::string> arguments) {
  // CLI11 would take "[a,b]" for a list; as a path it is the same as this.
  for (std::string& argument : arguments)
    if (argument.starts_with('[')) argument.insert(0, "./");
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
  app_.parse(std::move(arguments));
}

const CommandLine::Subcommand* CommandLine::chosen() const {
  for (const Subcommand& subcommand : subcommands_)
    if (subcommand.app->parsed()) return &subcommand;
  return nullptr;
}

const Command* CommandLine::command() const {
  const Subcommand* subcommand = chosen();
  return subcommand == nullptr ? nullptr : subcommand->command;
}

Json CommandLine::params() const {
  Json params = Json::object();
  const Subcommand* subcommand = chosen();
  if (subcommand == nullptr) return params;
  for (const auto& [parameter, text, option] : subcommand->options) {
    if (option->count() == 0) continue;
    const std::string name(parameter->name);
    if (parameter->kind == ParameterKind::boolean)
      params[name] = true;
    else
      params[name] = param_of(parameter->kind, text);
  }
  return params;
}

std::vector<CommandOutline> CommandLine::outline() const {
  std::vector<CommandOutline> result;
  for (const Subcommand& subcommand : subcommands_) result.push_back(outline_of(subcommand));
  return result;
}

CommandOutline CommandLine::outline_of(const Subcommand& subcommand) const {
  CommandOutline outline;
  if (subcommand.app->get_parent() != &app_)
    outline.words.push_back(subcommand.app->get_parent()->get_name());
  outline.words.push_back(subcommand.app->get_name());
  outline.command = subcommand.command;
  outline.description = subcommand.command == &export_command()
                            ? &export_words()
                            : &protocol::words_of(*subcommand.command);
  for (const CLI::Option* option : subcommand.app->get_options()) {
    if (option == subcommand.app->get_help_ptr()) continue;
    const auto kind =
        argument_kind(option->get_positional() ? option->get_name() : option->get_type_name());
    if (option->get_positional()) {
      outline.arguments = kind;
      continue;
    }
    const bool is_flag = option->get_items_expected_max() == 0;
    outline.options.push_back({option->get_name(), is_flag ? "" : option->get_type_name(),
                               option->get_description(), is_flag ? ArgumentKind::none : kind});
  }
  return outline;
}

std::vector<std::string> CommandLine::reached() const {
  std::vector<std::string> words;
  const CLI::App* app = &app_;
  while (!app->get_subcommands().empty()) {
    app = app->get_subcommands().front();
    words.push_back(app->get_name());
  }
  return words;
}

std::string CommandLine::family_text(const CLI::App* family) const {
  std::string text = "Usage: imgdedupctl " + family->get_name() + " COMMAND\n\n" +
                     sentence_of(family->get_description()) + "\n\nCommands:\n";
  for (const Subcommand& subcommand : subcommands_)
    if (subcommand.app->get_parent() == family)
      text += "  " + std::string(subcommand.command->usage) + "\n        " +
              std::string(subcommand.command->help) + "\n";
  return text;
}

std::string CommandLine::help_of(const std::vector<std::string>& words) const {
  const CLI::App* app = &app_;
  for (const std::string& word : words) {
    const auto below =
        app->get_subcommands([&](const CLI::App* each) { return each->get_name() == word; });
    if (below.empty()) throw std::invalid_argument("there is no command " + word);
    app = below.front();
  }
  for (const Subcommand& subcommand : subcommands_)
    if (subcommand.app == app) return help_text(outline_of(subcommand));
  if (app == &app_) return overview_text();
  if (words == std::vector<std::string>{"help"})
    return "Usage: imgdedupctl help [COMMAND]\n\nSay more about a command. Without one, list them "
           "all.\n";
  return family_text(app);
}

std::string overview_text() {
  std::string text =
      "Asks imgdedupd, the service that finds duplicate pictures, and tells it what to do.\n\n"
      "Usage: imgdedupctl [--socket PATH] [--json] COMMAND\n\nCommands:\n";
  const auto add = [&](const Command& command) {
    text += "  " + std::string(command.usage) + "\n        " + std::string(command.help) + "\n";
  };
  for (const Command& command : protocol::all_commands()) add(command);
  add(export_command());
  text +=
      "  help [COMMAND]\n        say more about a command\n\n"
      "Options:\n"
      "  --socket PATH   the socket of the service; else $IMGDEDUPD_SOCKET, else\n"
      "                  /run/imgdedupd/control.sock\n"
      "  --json          print one JSON value, as /usr/share/doc/imgdedup/protocol.md\n"
      "                  describes it\n"
      "  --version       print the version\n\n"
      "Exit status: 0 done, 1 failed, 2 wrong usage, 3 the service cannot be reached,\n"
      "4 a time limit passed.\n";
  return text;
}

std::string version_text() {
  return std::string("imgdedupctl " IMGDEDUP_VERSION "\n") + formats_text;
}

}  // namespace imgdedup::ctl
