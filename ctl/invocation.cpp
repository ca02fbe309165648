// SPDX-License-Identifier: Apache-2.0
// The command line, read and checked.
#include "ctl/invocation.h"

#include <filesystem>
#include <stdexcept>

#include "ctl/command_line.h"
#include "protocol/client.h"
#include "protocol/params.h"
#include "protocol/utf8.h"

namespace imgdedup::ctl {
namespace {

using protocol::Json;

EarlyExit wrong_usage(const std::string& problem) {
  return {ExitStatus::wrong_usage,
          "imgdedupctl: " + protocol::readable_text(problem) + " (see imgdedupctl --help)\n"};
}

/// What is wrong with a command that works on quarantine entries; empty when nothing is.
std::string problem_of_choice(const Invocation& invocation) {
  const bool has_ids = !invocation.ids.empty();
  for (const std::string word : {"apply", "restore"})
    if (invocation.command->name == "quarantine." + word &&
        has_ids == invocation.params.contains("all"))
      return "quarantine " + word + " needs either IDs or --all";
  if (invocation.command->name == "quarantine.purge" &&
      has_ids == invocation.params.contains("older_than"))
    return "quarantine purge needs either IDs or --older-than";
  return {};
}

/// The parameters as the service will see them first: some are added page by page.
Json params_to_check(const Invocation& invocation) {
  Json params = invocation.params;
  if (!invocation.ids.empty()) params["ids"] = Json::array({1});
  if (!invocation.files.empty()) params["paths"] = Json::array({"/"});
  return params;
}

std::variant<Invocation, EarlyExit> checked(Invocation invocation) {
  if (const std::string problem = problem_of_choice(invocation); !problem.empty())
    return wrong_usage(problem);
  auto params = protocol::validate_params(*invocation.command, params_to_check(invocation));
  if (const auto* error = std::get_if<protocol::ParameterError>(&params))
    return wrong_usage(error->message);
  if (const Json& normalised = std::get<Json>(params); normalised.contains("timeout"))
    invocation.timeout = std::chrono::milliseconds(normalised["timeout"].get<std::int64_t>());
  return invocation;
}

}  // namespace

std::string absolute_path(const std::string& path) {
  std::string normal = std::filesystem::absolute(path).lexically_normal().native();
  while (normal.size() > 1 && normal.ends_with('/')) normal.pop_back();
  return normal;
}

std::variant<Invocation, EarlyExit> parse_arguments(std::span<const std::string> arguments,
                                                    std::string_view socket_variable) {
  CommandLine line;
  try {
    line.parse({arguments.begin(), arguments.end()});
    const std::vector<std::string> words = line.reached();
    if (words == std::vector<std::string>{"help"} && line.json)
      return wrong_usage("help is for people; it has no JSON form");
    if (words == std::vector<std::string>{"help"})
      return EarlyExit{ExitStatus::done, line.help_of(line.help_words)};
    if (line.command() == nullptr)
      return wrong_usage(words.empty() ? "which command?" : words.front() + " what?");
  } catch (const CLI::CallForHelp&) {
    return EarlyExit{ExitStatus::done, line.help_of(line.reached())};
  } catch (const CLI::CallForVersion&) {
    return EarlyExit{ExitStatus::done, version_text() + "\n"};
  } catch (const CLI::ParseError& error) {
    return wrong_usage(error.what());
  } catch (const std::invalid_argument& error) {
    return wrong_usage(error.what());
  }

  Invocation invocation;
  invocation.socket_path = !line.socket_path.empty()  ? line.socket_path
                           : !socket_variable.empty() ? std::string(socket_variable)
                                                      : std::string(protocol::default_socket_path);
  invocation.form = line.json ? OutputForm::json : OutputForm::for_people;
  invocation.command = line.command();
  invocation.params = line.params();
  invocation.files = line.files;
  invocation.ids = line.ids;
  invocation.separator = line.nul ? Separator::nul : Separator::newline;
  invocation.max_items = line.limit;
  return checked(std::move(invocation));
}

}  // namespace imgdedup::ctl
