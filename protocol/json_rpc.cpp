// SPDX-License-Identifier: Apache-2.0
// JSON-RPC 2.0, one object a line: requests read as a stranger's word, replies and notifications.
#include "protocol/json_rpc.h"

#include <array>
#include <utility>

namespace imgdedup::protocol {
namespace {

constexpr std::size_t max_id_bytes = 128;
constexpr std::size_t max_method_bytes = 64;

constexpr auto code_names = std::to_array<std::pair<ErrorCode, std::string_view>>({
    {ErrorCode::parse_error, "parse-error"},
    {ErrorCode::invalid_request, "invalid-request"},
    {ErrorCode::unknown_method, "unknown-method"},
    {ErrorCode::invalid_params, "invalid-params"},
    {ErrorCode::internal_error, "internal-error"},
    {ErrorCode::not_permitted, "not-permitted"},
    {ErrorCode::not_found, "not-found"},
    {ErrorCode::refused, "refused"},
    {ErrorCode::busy, "busy"},
    {ErrorCode::timed_out, "timed-out"},
    {ErrorCode::shutting_down, "shutting-down"},
});

/// What must hold before the parser may see the line: it descends by recursion, and an object of
/// Json takes time quadratic in its members. Empty when all is well.
std::string limits_exceeded(std::string_view line) {
  std::size_t depth = 0;
  std::size_t members = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char byte = line[i];
    if (in_string) {
      if (byte == '\\')
        ++i;
      else if (byte == '"')
        in_string = false;
      continue;
    }
    if (byte == '"')
      in_string = true;
    else if (byte == ':')
      ++members;
    else if (byte == '}' || byte == ']')
      depth -= depth > 0 ? 1 : 0;
    else if (byte == '{' || byte == '[')
      ++depth;
    if (depth > max_request_depth)
      return "the request nests more than " + std::to_string(max_request_depth) + " deep";
    if (members > max_request_members)
      return "the request has more than " + std::to_string(max_request_members) + " members";
  }
  return {};
}

bool is_acceptable_id(const Json& id) {
  return id.is_number_integer() ||
         (id.is_string() && id.get_ref<const std::string&>().size() <= max_id_bytes);
}

/// `message` when the object is no request; `id` is what could be read of its id.
std::variant<Request, std::string> request_from(Json& object) {
  const auto version = object.find("jsonrpc");
  if (version == object.end() || *version != Json("2.0")) return "\"jsonrpc\" must be \"2.0\"";
  const auto method = object.find("method");
  if (method == object.end() || !method->is_string() ||
      method->get_ref<const std::string&>().size() > max_method_bytes)
    return "\"method\" must be a text of at most 64 bytes";
  const auto id = object.find("id");
  if (id == object.end() || !is_acceptable_id(*id))
    return "\"id\" must be an integer, or a text of at most 128 bytes";
  for (const auto& [name, value] : object.items())
    if (name != "jsonrpc" && name != "method" && name != "id" && name != "params")
      return "a request has only \"jsonrpc\", \"id\", \"method\" and \"params\"";
  const auto params = object.find("params");
  if (params != object.end() && !params->is_object()) return "\"params\" must be an object";
  return Request{*id, method->get<std::string>(),
                 params == object.end() ? Json::object() : std::move(*params)};
}

std::string line_of(const Json& message) { return dump_line(message) + "\n"; }

}  // namespace

std::string_view name_of(ErrorCode code) {
  for (const auto& [known, name] : code_names)
    if (known == code) return name;
  return "internal-error";
}

std::optional<ErrorCode> error_code_from_number(int number) {
  for (const auto& [known, name] : code_names)
    if (static_cast<int>(known) == number) return known;
  return std::nullopt;
}

std::variant<Request, RequestError> parse_request(std::string_view line) {
  const auto refuse = [](ErrorCode code, std::string message, Json id = nullptr) {
    return RequestError{std::move(id), code, std::move(message)};
  };
  if (line.size() > max_request_bytes)
    return refuse(ErrorCode::parse_error,
                  "the request is longer than " + std::to_string(max_request_bytes) + " bytes");
  if (std::string limit = limits_exceeded(line); !limit.empty())
    return refuse(ErrorCode::parse_error, std::move(limit));
  Json message = Json::parse(line, nullptr, false);
  if (message.is_discarded())
    return refuse(ErrorCode::parse_error, "the line is not one JSON value in UTF-8");
  if (message.is_array())
    return refuse(ErrorCode::invalid_request, "batches are not supported; send one request a line");
  if (!message.is_object()) return refuse(ErrorCode::invalid_request, "a request is a JSON object");
  Json id = nullptr;
  if (const auto member = message.find("id"); member != message.end() && is_acceptable_id(*member))
    id = *member;
  auto request = request_from(message);
  if (auto* problem = std::get_if<std::string>(&request))
    return refuse(ErrorCode::invalid_request, std::move(*problem), std::move(id));
  return std::get<Request>(std::move(request));
}

std::string request_line(const Json& id, std::string_view method, const Json& params) {
  return line_of({{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}});
}

std::string result_line(const Json& id, const Json& result) {
  return line_of({{"jsonrpc", "2.0"}, {"id", id}, {"result", result}});
}

std::string error_line(const Json& id, ErrorCode code, std::string_view message) {
  return line_of({{"jsonrpc", "2.0"},
                  {"id", id},
                  {"error",
                   {{"code", static_cast<int>(code)},
                    {"message", message},
                    {"data", {{"name", name_of(code)}}}}}});
}

std::string error_line(const RequestError& error) {
  return error_line(error.id, error.code, error.message);
}

std::string notification_line(std::string_view method, const Json& params) {
  return line_of({{"jsonrpc", "2.0"}, {"method", method}, {"params", params}});
}

}  // namespace imgdedup::protocol
