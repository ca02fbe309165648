// SPDX-License-Identifier: Apache-2.0
// Every command of the socket: name, parameters, level, words. Drives dispatch, checks, help, docs.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "protocol/json.h"

namespace imgdedup::protocol {

/// read: whoever may open the socket. change: root, the service's user, members of socket.group.
enum class CommandLevel : std::uint8_t { read, change };

/// "read", "change".
std::string_view name_of(CommandLevel level);

enum class ParameterKind : std::uint8_t {
  boolean,    ///< absent is false
  integer,    ///< between minimum and maximum
  id_list,    ///< positive integers, 1 to 1000 of them
  duration,   ///< text with a unit, "60s"; becomes integer milliseconds
  relation,   ///< "exact", "pixels", "near", "edited"
  path,       ///< absolute; text or {"bytes": base64}; becomes the raw bytes
  path_list,  ///< 1 to 64 paths; becomes the raw bytes of each
  cursor,     ///< `next` of the page before: an integer or a text of at most 64 bytes
};

enum class Presence : std::uint8_t { required, optional };

struct Parameter {
  std::string_view name;
  ParameterKind kind;
  Presence presence;
  std::string_view help;  ///< a phrase without a full stop
  std::int64_t minimum = 0;
  std::int64_t maximum = std::numeric_limits<std::int64_t>::max();
  std::optional<std::int64_t> absent_value;  ///< of an integer: filled in when it is not given
};

struct Command {
  std::string_view name;  ///< the method of a request, e.g. "quarantine.list"
  CommandLevel level;
  std::string_view usage;        ///< after "imgdedupctl "
  std::string_view help;         ///< one line, begins in lower case, without a full stop
  std::string_view description;  ///< paragraphs of Markdown for docs/protocol.md
  std::span<const Parameter> parameters;
  std::string_view example_params;        ///< JSON
  std::string_view example_result;        ///< JSON
  std::string_view example_notification;  ///< JSON of the params; empty: sends none
  std::string_view notification_method;
};

/// In the order of help and documentation.
std::span<const Command> all_commands();
/// nullptr when there is none of that name.
const Command* find_command(std::string_view name);

/// Says which parameter is wrong and what is allowed.
struct ParameterError {
  std::string message;
};

/// Checks `params` (an object) against the table. On success the normalised params: durations are
/// integer milliseconds, paths raw bytes in a string (so do not dump() it), absent_value filled in,
/// absent booleans false; other absent optional parameters stay absent. Where a command takes one
/// of several ("ids" or "all", "ids" or "older_than"), exactly one must be there. Does not throw.
std::variant<Json, ParameterError> validate_params(const Command& command, const Json& params);

/// The whole text of docs/protocol.md.
std::string protocol_markdown();

}  // namespace imgdedup::protocol
