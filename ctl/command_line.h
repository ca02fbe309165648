// SPDX-License-Identifier: Apache-2.0
// The tree of subcommands and options that the command line is read by.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "ctl/command_outline.h"
#include "protocol/command_table.h"
#include "protocol/json.h"

namespace imgdedup::ctl {

/// Built from the command table; read once. Words of help come from the table.
class CommandLine {
 public:
  CommandLine();

  /// Throws CLI::ParseError.
  void parse(std::vector<std::string> arguments);

  /// The command that was asked for; nullptr for help.
  [[nodiscard]] const protocol::Command* command() const;
  /// The options of the command that are parameters of the request as they stand.
  [[nodiscard]] protocol::Json params() const;
  /// The words of the subcommands that were reached, also when parse() threw half-way.
  [[nodiscard]] std::vector<std::string> reached() const;
  /// The help of a command given by its words, {"quarantine", "list"}; of none the overview.
  /// Throws std::invalid_argument where there is no such command.
  [[nodiscard]] std::string help_of(const std::vector<std::string>& words) const;

  /// Every command with its options, in the order of help.
  [[nodiscard]] std::vector<CommandOutline> outline() const;

  // Values that are no parameters, or not as they stand.
  std::string socket_path;
  bool json = false;
  bool nul = false;
  std::optional<std::uint64_t> limit;
  std::vector<std::string> files;
  std::vector<std::int64_t> ids;
  std::vector<std::string> help_words;

 private:
  struct ParameterOption {
    const protocol::Parameter* parameter = nullptr;
    std::string text;
    CLI::Option* option = nullptr;
  };
  struct Subcommand {
    const protocol::Command* command = nullptr;
    CLI::App* app = nullptr;
    std::deque<ParameterOption> options;  // CLI11 keeps references to their texts.

    void add(const std::string& names, std::string_view parameter_name,
             const std::string& type_name = "");
    void add_ids(std::vector<std::int64_t>& ids);
  };

  Subcommand& add(CLI::App& parent, const std::string& word, std::string_view name);
  [[nodiscard]] const Subcommand* chosen() const;
  /// The help of a word with commands below it.
  [[nodiscard]] std::string family_text(const CLI::App* family) const;
  [[nodiscard]] CommandOutline outline_of(const Subcommand& subcommand) const;

  CLI::App app_{"", "imgdedupctl"};
  std::deque<Subcommand> subcommands_;
};

/// What `imgdedupctl --help` prints: the usage of every command.
std::string overview_text();
/// "imgdedupctl 0.1.0".
std::string version_text();

}  // namespace imgdedup::ctl
