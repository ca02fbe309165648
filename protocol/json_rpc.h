// SPDX-License-Identifier: Apache-2.0
// JSON-RPC 2.0, one object a line: requests read as a stranger's word, replies and notifications.
// https://www.jsonrpc.org/specification; batches and requests without an id are refused.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "protocol/json.h"

namespace imgdedup::protocol {

inline constexpr std::size_t max_request_bytes = std::size_t{1} << 20;  ///< a line, newline and all
inline constexpr std::size_t max_request_depth = 32;
inline constexpr std::size_t max_request_members = 1024;  ///< of all its objects together

enum class ErrorCode : int {
  parse_error = -32700,
  invalid_request = -32600,
  unknown_method = -32601,
  invalid_params = -32602,
  internal_error = -32603,
  not_permitted = -32001,
  not_found = -32002,
  refused = -32003,  ///< understood, allowed, and not done: the message says why
  busy = -32004,
  timed_out = -32005,
  shutting_down = -32006,
};

/// "parse-error", "invalid-request", "unknown-method", "invalid-params", "internal-error",
/// "not-permitted", "not-found", "refused", "busy", "timed-out", "shutting-down".
std::string_view name_of(ErrorCode code);
/// Empty for a number that is no code of ours.
std::optional<ErrorCode> error_code_from_number(int number);

struct Request {
  Json id;  ///< an integer, or a string of at most 128 bytes
  std::string method;
  Json params;  ///< an object; empty when there was none
};

struct RequestError {
  Json id;  ///< the request's, or null when it could not be read
  ErrorCode code = ErrorCode::parse_error;
  std::string message;
};

/// Reads one line, with or without its newline. Never throws on bad input; time and memory are
/// linear in its length.
std::variant<Request, RequestError> parse_request(std::string_view line);

/// All lines end in a newline. `id` is the request's.
std::string request_line(const Json& id, std::string_view method, const Json& params);
std::string result_line(const Json& id, const Json& result);
/// The error object has "data": {"name": name_of(code)}.
std::string error_line(const Json& id, ErrorCode code, std::string_view message);
std::string error_line(const RequestError& error);
/// "progress" (ProgressReport) while `sync` waits, "decision" (DecisionReport) after `events` with
/// `follow`.
std::string notification_line(std::string_view method, const Json& params);

}  // namespace imgdedup::protocol
