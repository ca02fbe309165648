// SPDX-License-Identifier: Apache-2.0
// The commands of the client with their options, as values: for help, manual page and completions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/command_table.h"

namespace imgdedup::ctl {

/// What may stand for an argument, as far as a shell can help with it.
enum class ArgumentKind : std::uint8_t { none, anything, file, directory, relation };

struct OptionOutline {
  std::string name;   ///< "--under", "-0"
  std::string value;  ///< "DIR"; empty for a flag
  std::string help;   ///< a phrase without a full stop
  ArgumentKind kind = ArgumentKind::none;
};

struct CommandOutline {
  std::vector<std::string> words;  ///< {"quarantine", "list"}
  const protocol::Command* command = nullptr;
  const protocol::CommandWords* description = nullptr;
  std::vector<OptionOutline> options;
  /// What its arguments are; none if it takes none.
  ArgumentKind arguments = ArgumentKind::none;

  /// The words with a space between.
  [[nodiscard]] std::string name() const;
};

/// Help for a first word: the command's, or that of the commands which begin with it.
std::string help_of_first_word(const std::vector<CommandOutline>& commands,
                               const std::string& first);
/// Of "quarantine" by itself.
inline constexpr const char* quarantine_help =
    "list, restore or purge quarantined files, and apply new settings to old decisions";

/// "status", "quarantine", ...: each first word once, in the order of `commands`.
std::vector<std::string> first_words(const std::vector<CommandOutline>& commands);
/// The second words of those that begin with `first`; empty if it is a command by itself.
std::vector<std::string> second_words(const std::vector<CommandOutline>& commands,
                                      const std::string& first);

/// A phrase of help as a sentence: "list x" -> "List x.".
std::string sentence_of(std::string_view phrase);

/// `text` in lines of at most `columns`, each after `indent`, with a newline at the end.
std::string wrapped(std::string_view text, std::string_view indent, std::size_t columns);

}  // namespace imgdedup::ctl
