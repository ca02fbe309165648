// SPDX-License-Identifier: Apache-2.0
// What the to_json() and from_json() of the reports share: words, contents, times, optionals.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "matching/fingerprint.h"
#include "protocol/json.h"
#include "protocol/time_text.h"

namespace imgdedup::protocol {

/// Throws Json::exception: member `key` of `json` is not what it must be.
[[noreturn]] void throw_bad_member(const Json& json, std::string_view key);

/// The member `key`, put through `parse` (std::string_view to optional<T>).
template <typename Parse>
auto parsed_member(const Json& json, std::string_view key, Parse parse) {
  const auto value = parse(json.at(std::string(key)).template get_ref<const std::string&>());
  if (!value) throw_bad_member(json, key);
  return *value;
}

/// The same, empty where the member is null.
template <typename Parse>
auto optional_parsed_member(const Json& json, std::string_view key, Parse parse)
    -> decltype(parse(std::string_view())) {
  if (json.at(std::string(key)).is_null()) return std::nullopt;
  return parsed_member(json, key, parse);
}

/// The member `key`, empty where it is null.
template <typename Value>
std::optional<Value> optional_member(const Json& json, std::string_view key) {
  const Json& member = json.at(std::string(key));
  if (member.is_null()) return std::nullopt;
  return member.get<Value>();
}

/// null where empty.
template <typename Value>
Json or_null(const std::optional<Value>& value) {
  return value ? Json(*value) : Json(nullptr);
}

}  // namespace imgdedup::protocol
