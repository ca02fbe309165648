// SPDX-License-Identifier: Apache-2.0
// Paths are bytes, JSON strings are UTF-8: how one carries the other without loss.
#include "protocol/path_text.h"

#include "matching/base64.h"
#include "protocol/utf8.h"

namespace imgdedup::protocol {
namespace {

std::string bytes_key(std::string_view key) { return std::string(key) + "_bytes"; }

}  // namespace

void put_path(Json& object, std::string_view key, std::string_view path) {
  if (is_valid_utf8(path)) {
    object[std::string(key)] = path;
    return;
  }
  object[std::string(key)] = readable_text(path);
  object[bytes_key(key)] = matching::base64_encode(path);
}

std::string get_path(const Json& object, std::string_view key) {
  const auto encoded = object.find(bytes_key(key));
  if (encoded == object.end()) return object.at(std::string(key)).get<std::string>();
  const auto path = matching::base64_decode(encoded->get_ref<const std::string&>());
  if (!path) throw Json::other_error::create(501, bytes_key(key) + " is not base64", &*encoded);
  return *path;
}

Json path_to_param(std::string_view path) {
  if (is_valid_utf8(path)) return path;
  return Json{{"bytes", matching::base64_encode(path)}};
}

std::optional<std::string> path_from_param(const Json& param) {
  std::optional<std::string> path;
  if (param.is_string()) {
    path = param.get<std::string>();
  } else if (param.is_object() && param.size() == 1 && param.contains("bytes") &&
             param["bytes"].is_string()) {
    path = matching::base64_decode(param["bytes"].get_ref<const std::string&>());
  }
  if (!path || !path->starts_with('/') || path->find('\0') != std::string::npos)
    return std::nullopt;
  return path;
}

}  // namespace imgdedup::protocol
