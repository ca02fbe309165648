// SPDX-License-Identifier: Apache-2.0
// The parameters of a request, checked against the command table.
#include "protocol/params.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <chrono>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "matching/relation.h"
#include "matching/units.h"
#include "protocol/path_text.h"
#include "protocol/utf8.h"

namespace imgdedup::protocol {
namespace {

constexpr std::chrono::milliseconds longest_duration = std::chrono::hours(24) * 36'500;
constexpr std::size_t max_cursor_bytes = 64;
constexpr std::size_t max_shown_bytes = 64;

/// Foreign text in an error message: short and safe.
std::string in_quotes(std::string_view text) {
  if (text.size() <= max_shown_bytes) return "\"" + readable_text(text) + "\"";
  std::size_t end = max_shown_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
  return "\"" + readable_text(text.substr(0, end)) + "...\"";
}

std::string shown(const Json& value) {
  return value.is_string() ? in_quotes(value.get_ref<const std::string&>()) : dump_line(value);
}

/// `value` when it is an integer of JSON that fits.
std::optional<std::int64_t> integer_of(const Json& value) {
  if (!value.is_number_integer()) return std::nullopt;
  if (value.is_number_unsigned() &&
      value.get<std::uint64_t>() > std::uint64_t{std::numeric_limits<std::int64_t>::max()})
    return std::nullopt;
  return value.get<std::int64_t>();
}

std::string without_trailing_slash(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

std::string allowed(const Parameter& parameter) {
  switch (parameter.kind) {
    case ParameterKind::boolean:
      return "true or false";
    case ParameterKind::integer:
      return "an integer from " + std::to_string(parameter.minimum) + " to " +
             std::to_string(parameter.maximum);
    case ParameterKind::id_list:
      return "a list of 1 to " + std::to_string(max_listed_ids) + " positive integers";
    case ParameterKind::duration:
      return "a duration with its unit, such as \"500ms\", \"60s\", \"10m\", \"24h\" or \"30d\"";
    case ParameterKind::relation:
      return "\"exact\", \"pixels\", \"near\" or \"edited\"";
    case ParameterKind::path:
      return "an absolute path: a text, or {\"bytes\": its bytes in base64}";
    case ParameterKind::path_list:
      return "a list of 1 to " + std::to_string(max_listed_paths) +
             " absolute paths, each a text or {\"bytes\": its bytes in base64}";
    case ParameterKind::cursor:
      return "`next` of the page before: a positive integer, or a text of 1 to " +
             std::to_string(max_cursor_bytes) + " bytes";
  }
  return {};
}

std::optional<Json> normalised_list(const Json& value, std::size_t max_items,
                                    std::optional<Json> (*normalise_item)(const Json&)) {
  if (!value.is_array() || value.empty() || value.size() > max_items) return std::nullopt;
  Json list = Json::array();
  for (const Json& item : value) {
    auto normalised_item = normalise_item(item);
    if (!normalised_item) return std::nullopt;
    list.push_back(*std::move(normalised_item));
  }
  return list;
}

std::optional<Json> normalised_id(const Json& value) {
  const auto id = integer_of(value);
  if (!id || *id < 1) return std::nullopt;
  return Json(*id);
}

std::optional<Json> normalised_path(const Json& value) {
  auto path = path_from_param(value);
  if (!path) return std::nullopt;
  return Json(without_trailing_slash(*std::move(path)));
}

/// Empty when `value` is not what `parameter` allows.
std::optional<Json> normalised(const Parameter& parameter, const Json& value) {
  switch (parameter.kind) {
    case ParameterKind::boolean:
      return value.is_boolean() ? std::optional(value) : std::nullopt;
    case ParameterKind::integer: {
      const auto number = integer_of(value);
      if (!number || *number < parameter.minimum || *number > parameter.maximum)
        return std::nullopt;
      return Json(*number);
    }
    case ParameterKind::id_list:
      return normalised_list(value, max_listed_ids, normalised_id);
    case ParameterKind::duration: {
      if (!value.is_string()) return std::nullopt;
      const auto time = matching::parse_duration(value.get_ref<const std::string&>());
      // Purging by age subtracts it from the clock in nanoseconds.
      if (!time || *time > longest_duration) return std::nullopt;
      return Json(static_cast<std::int64_t>(time->count()));
    }
    case ParameterKind::relation:
      if (!value.is_string() || !matching::relation_from_name(value.get_ref<const std::string&>()))
        return std::nullopt;
      return value;
    case ParameterKind::path:
      return normalised_path(value);
    case ParameterKind::path_list:
      return normalised_list(value, max_listed_paths, normalised_path);
    case ParameterKind::cursor:
      if (value.is_string()) {
        const auto& text = value.get_ref<const std::string&>();
        return text.empty() || text.size() > max_cursor_bytes ? std::nullopt : std::optional(value);
      }
      return normalised_id(value);
  }
  return std::nullopt;
}

std::string joined_names(std::span<const std::string_view> names, std::string_view last_word) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " " + std::string(last_word) + " " : ", ";
    text += "\"" + std::string(names[i]) + "\"";
  }
  return text;
}

std::string known_names(const Command& command) {
  if (command.parameters.empty()) return "it takes none";
  std::vector<std::string_view> names;
  for (const Parameter& parameter : command.parameters) names.push_back(parameter.name);
  return "it takes " + joined_names(names, "and");
}

const Parameter* find_parameter(const Command& command, std::string_view name) {
  for (const Parameter& parameter : command.parameters)
    if (parameter.name == name) return &parameter;
  return nullptr;
}

/// Whether a parameter asks for something: {"all": false} does not choose "all".
bool is_given(const Json& params, std::string_view name) {
  const auto member = params.find(name);
  return member != params.end() && *member != Json(false);
}

}  // namespace

std::variant<Json, ParameterError> validate_params(const Command& command, const Json& params) {
  assert(params.is_object());
  for (const auto& [name, value] : params.items())
    if (find_parameter(command, name) == nullptr)
      return ParameterError{std::string(command.name) + " has no parameter " + in_quotes(name) +
                            "; " + known_names(command)};

  Json result = Json::object();
  for (const Parameter& parameter : command.parameters) {
    const std::string name(parameter.name);
    const auto member = params.find(name);
    if (member == params.end()) {
      if (parameter.presence == Presence::required)
        return ParameterError{std::string(command.name) + " needs the parameter \"" + name +
                              "\": " + allowed(parameter)};
      if (parameter.kind == ParameterKind::boolean)
        result[name] = false;
      else if (parameter.absent_value)
        result[name] = *parameter.absent_value;
      continue;
    }
    auto value = normalised(parameter, *member);
    if (!value)
      return ParameterError{std::string(command.name) + ": the parameter \"" + name +
                            "\" must be " + allowed(parameter) +
                            (member->is_primitive() ? ", not " + shown(*member) : "")};
    result[name] = *std::move(value);
  }

  if (!command.one_of.empty()) {
    std::size_t given = 0;
    for (const std::string_view name : command.one_of) given += is_given(result, name) ? 1U : 0U;
    if (given != 1)
      return ParameterError{std::string(command.name) + " needs exactly one of the parameters " +
                            joined_names(command.one_of, "and")};
  }
  return result;
}

}  // namespace imgdedup::protocol
