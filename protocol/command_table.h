// SPDX-License-Identifier: Apache-2.0
// Every command of the socket: name, parameters, level, words. Drives dispatch, checks, help, docs.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace imgdedup::protocol {

/// read: whoever may open the socket. change: root, the service's user, members of socket.group.
enum class CommandLevel : std::uint8_t { read, change };

/// "read", "change".
std::string_view name_of(CommandLevel level);

enum class ParameterKind : std::uint8_t {
  boolean,    ///< absent is false
  integer,    ///< between minimum and maximum
  id_list,    ///< 1 to max_listed_ids positive integers
  duration,   ///< text with a unit, "60s"
  relation,   ///< "exact", "pixels", "near", "edited"
  path,       ///< absolute; text or {"bytes": base64}
  path_list,  ///< 1 to max_listed_paths paths
  cursor,     ///< `next` of the page before: a positive integer or a text of 1 to 64 bytes
};

inline constexpr std::size_t max_listed_ids = 100;
inline constexpr std::size_t max_listed_paths = 64;

enum class Presence : std::uint8_t { required, optional };

struct Parameter {
  std::string_view name;
  ParameterKind kind = ParameterKind::boolean;
  Presence presence = Presence::optional;
  std::string_view help;  ///< a phrase without a full stop
  std::int64_t minimum = 0;
  std::int64_t maximum = std::numeric_limits<std::int64_t>::max();
  std::optional<std::int64_t> absent_value = std::nullopt;  ///< of an integer that is not given
};

struct Command {
  std::string_view name;  ///< the method of a request, e.g. "quarantine.list"
  CommandLevel level = CommandLevel::read;
  std::string_view usage;  ///< what follows "imgdedupctl "
  std::string_view help;   ///< one line, begins in lower case, without a full stop
  std::span<const Parameter> parameters;
  /// Names of optional parameters of which exactly one must be given; mostly empty.
  std::span<const std::string_view> one_of;
};

/// In the order of help and documentation.
std::span<const Command> all_commands();
/// nullptr when there is none of that name.
const Command* find_command(std::string_view name);

/// What docs/protocol.md says about a command beyond the table.
struct CommandPage {
  std::string_view name;                  ///< the command's
  std::string_view description;           ///< paragraphs of Markdown
  std::string_view example_params;        ///< JSON
  std::string_view example_result;        ///< JSON
  std::string_view notification_method;   ///< sent before or after the result; empty: none
  std::string_view example_notification;  ///< JSON of its params
};

/// Every command has one.
const CommandPage& page_of(const Command& command);

/// What help and the manual page say about a command beyond the table.
struct CommandWords {
  std::string_view name;     ///< the command's
  std::string_view text;     ///< one paragraph of plain text
  std::string_view example;  ///< what follows "imgdedupctl ", in a folder that has photos/
};

/// Every command has some.
const CommandWords& words_of(const Command& command);

/// The whole text of docs/protocol.md.
std::string protocol_markdown();

}  // namespace imgdedup::protocol
