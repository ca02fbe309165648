// SPDX-License-Identifier: Apache-2.0
// Paths are bytes, JSON strings are UTF-8: how one carries the other without loss.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "protocol/json.h"

namespace imgdedup::protocol {

/// Adds a path to an object of a result. A path that is UTF-8 stands under `key` exactly as it is.
/// Any other stands under `key` as readable_text(), with its bytes in base64 under `key`_bytes.
void put_path(Json& object, std::string_view key, std::string_view path);
/// The bytes of a path that put_path() added. Throws Json::exception when `key` is missing or
/// malformed.
std::string get_path(const Json& object, std::string_view key);

/// A path as a parameter of a request: a string, or {"bytes": base64} when it is not UTF-8.
Json path_to_param(std::string_view path);
/// The bytes of a path in a request; empty unless `param` has one of the two forms and the path is
/// absolute and without NUL.
std::optional<std::string> path_from_param(const Json& param);

}  // namespace imgdedup::protocol
