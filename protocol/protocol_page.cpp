// SPDX-License-Identifier: Apache-2.0
// docs/protocol.md, written from the command table.
#include <array>
#include <utility>

#include "protocol/command_table.h"
#include "protocol/json.h"
#include "protocol/json_rpc.h"

namespace imgdedup::protocol {
namespace {

constexpr std::string_view introduction = R"(# The control socket

This page is written by the program from its table of commands; `script/test` holds the two together. To write it
again after the table has changed: `build/imgdedup-protocol-page > docs/protocol.md`.

`imgdedupd` listens on a Unix stream socket (`socket.path`, `/run/imgdedupd/control.sock` unless set). It speaks
[JSON-RPC 2.0](https://www.jsonrpc.org/specification), one object a line, in UTF-8. `imgdedupctl --json` prints the
`result` of the same commands (of listings: the items of all pages as one array), so all that follows is true of it too.

- A request is at most 1 MiB long, nests at most 32 deep and has at most 1024 members. `id` is an integer or a string
  and must be there; `params` is an object. Batches are refused. A parameter that is not listed here is an error.
- Replies to one connection come in the order of its requests. A notification has a `method` and no `id`.
- Members that are not named here may be added later; none will be taken away or change its meaning.
- Reading needs access to the socket. A command of level *change* needs root, the service's own user, or membership
  of `socket.group`.

## Values

- **path**: absolute. In a result `path` is the path itself when it is UTF-8. When it is not, `path` is a readable form
  of it and `path_bytes` beside it holds its bytes in base64; likewise `original_bytes` and `quarantine_path_bytes`. In a
  request a path is a text, or `{"bytes": "..."}` with its bytes in base64.
- **content**: the SHA-256 of a file's bytes, 64 hex digits.
- **time**: ISO 8601, UTC, with milliseconds. **duration**: a text with its unit: `500ms`, `60s`, `10m`, `24h`, `30d`.
- **relation**: `exact`, `pixels`, `near` or `edited`. **action**: `log` or `quarantine`.
- **decision state**: `standing`, `quarantined`, `restored`, `purged`, `superseded` or `dismissed`.
- **page**: a listing answers `{"items": [...], "next": ...}`. `next` is what `after` of the next request must be, with
  the other parameters as they were, and nothing else should be read into it. A page may be short or empty, for it ends
  after 5,000 rows that were looked at and after 1 MiB; only `"next": null` ends a listing.

## Errors

An error has a `code`, a `message` for people, and `data.name`, the code as a word:

)";

constexpr auto documented_codes = std::to_array<std::pair<ErrorCode, std::string_view>>({
    {ErrorCode::parse_error, "the line is no JSON, or over a limit"},
    {ErrorCode::invalid_request, "the JSON is no request"},
    {ErrorCode::unknown_method, "there is no such command"},
    {ErrorCode::invalid_params, "a parameter is missing, not known or not allowed"},
    {ErrorCode::internal_error, "the service failed at it; its log has more"},
    {ErrorCode::not_permitted, "the caller may not change anything"},
    {ErrorCode::not_found, "no such file or entry in the catalog"},
    {ErrorCode::refused, "understood and not done; the message says why"},
    {ErrorCode::busy, "too much at once; try again later"},
    {ErrorCode::timed_out, "the time limit of the request passed"},
    {ErrorCode::shutting_down, "the service is ending"},
});

std::string_view kind_words(ParameterKind kind) {
  switch (kind) {
    case ParameterKind::boolean:
      return "true or false";
    case ParameterKind::integer:
      return "integer";
    case ParameterKind::id_list:
      return "list of 1 to 100 ids";
    case ParameterKind::duration:
      return "duration";
    case ParameterKind::relation:
      return "relation";
    case ParameterKind::path:
      return "path";
    case ParameterKind::path_list:
      return "list of 1 to 64 paths";
    case ParameterKind::cursor:
      return "`next` of a page";
  }
  return {};
}

std::string error_table() {
  std::string text = "| code | name | meaning |\n|---|---|---|\n";
  for (const auto& [code, meaning] : documented_codes) {
    text += "| " + std::to_string(static_cast<int>(code)) + " | `" + std::string(name_of(code)) +
            "` | ";
    text += meaning;
    text += " |\n";
  }
  return text;
}

std::string parameter_table(const Command& command) {
  if (command.parameters.empty()) return "No parameters.\n";
  std::string text = "| parameter | value | |\n|---|---|---|\n";
  for (const Parameter& parameter : command.parameters) {
    text += "| `" + std::string(parameter.name) + "`";
    if (parameter.presence == Presence::required) text += " (required)";
    text += " | " + std::string(kind_words(parameter.kind));
    if (parameter.kind == ParameterKind::integer)
      text += ", " + std::to_string(parameter.minimum) + " to " + std::to_string(parameter.maximum);
    if (parameter.absent_value) text += "; absent: " + std::to_string(*parameter.absent_value);
    text += " | " + std::string(parameter.help) + " |\n";
  }
  return text;
}

std::string command_section(const Command& command) {
  const CommandPage& page = page_of(command);
  std::string text = "\n## " + std::string(command.name) + "\n\n`imgdedupctl " +
                     std::string(command.usage) + "` - " + std::string(command.help) +
                     ". Level: " + std::string(name_of(command.level)) + ".\n\n" +
                     std::string(page.description) + "\n\n" + parameter_table(command) +
                     "\nRequest:\n\n```json\n" +
                     request_line(1, command.name, Json::parse(page.example_params)) + "```\n";
  if (!page.notification_method.empty()) {
    text += "\nNotification:\n\n```json\n" +
            notification_line(page.notification_method, Json::parse(page.example_notification)) +
            "```\n";
  }
  return text + "\nResult, broken into lines for reading:\n\n```json\n" +
         Json::parse(page.example_result).dump(2) + "\n```\n";
}

}  // namespace

std::string protocol_markdown() {
  std::string text(introduction);
  text += error_table();
  for (const Command& command : all_commands()) text += command_section(command);
  return text;
}

}  // namespace imgdedup::protocol
