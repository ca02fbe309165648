// SPDX-License-Identifier: Apache-2.0
// The parameters of a request, checked against the command table.
#pragma once

#include <string>
#include <variant>

#include "protocol/command_table.h"
#include "protocol/json.h"

namespace imgdedup::protocol {

/// Says which parameter is wrong and what is allowed; safe to show.
struct ParameterError {
  std::string message;
};

/// Checks `params` (an object) against the table. On success the normalised params:
/// - a duration is an integer of milliseconds,
/// - a path is a string of its raw bytes, without a trailing slash (so never dump() these params),
/// - an absent boolean is false, an absent integer its absent_value if it has one,
/// - whatever else is absent stays absent.
/// A parameter that the table does not name is refused. Does not throw.
std::variant<Json, ParameterError> validate_params(const Command& command, const Json& params);

}  // namespace imgdedup::protocol
