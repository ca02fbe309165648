// SPDX-License-Identifier: Apache-2.0
// The note beside each quarantined file.
#include "store/sidecar.h"

#include <charconv>

#include <nlohmann/json.hpp>

#include "matching/base64.h"

namespace imgdedup::store {
namespace {

using Json = nlohmann::ordered_json;

constexpr int sidecar_version = 1;

std::string decode(const Json& json, const char* key) {
  return matching::base64_decode(json.at(key).get<std::string>()).value_or("");
}

// A conversion from a floating-point number outside the range would be undefined.
template <typename Integer>
Integer integer(const Json& json, const char* key) {
  if (!json.at(key).is_number_integer()) throw Json::type_error::create(302, key, &json);
  return json.at(key).get<Integer>();
}

// Whoever can write into the quarantine folder could write a sidecar, and a restore follows it.
bool is_plain_absolute_path(const std::string& path) {
  return path.size() > 1 && path.front() == '/' && path.back() != '/' &&
         path.find('\0') == std::string::npos && (path + "/").find("/../") == std::string::npos;
}

bool is_name_of(const std::string& name, DecisionId id) {
  return id_from_quarantine_name(name) == id && name != sidecar_name(id) &&
         name.find('/') == std::string::npos && name.find('\0') == std::string::npos;
}

}  // namespace

std::string sidecar_name(DecisionId id) { return "q" + std::to_string(id) + ".json"; }

std::optional<DecisionId> id_from_quarantine_name(std::string_view name) {
  if (!name.starts_with('q')) return std::nullopt;
  DecisionId id = 0;
  const char* end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(name.data() + 1, end, id);
  if (error != std::errc{} || id <= 0 || rest == end || (*rest != '-' && *rest != '.'))
    return std::nullopt;
  return id;
}

std::string sidecar_text(const QuarantineEntry& entry) {
  Json json;
  json["imgdedup_sidecar"] = sidecar_version;
  json["id"] = entry.id;
  json["name"] = entry.name;
  json["original_path"] = entry.original_path;
  json["original_path_base64"] = matching::base64_encode(entry.original_path);
  json["sha256"] = to_hex(entry.content);
  json["size_bytes"] = entry.stamp.size_bytes;
  json["device"] = entry.stamp.device;
  json["inode"] = entry.stamp.inode;
  json["mtime_ns"] = entry.stamp.mtime_ns;
  json["ctime_ns"] = entry.stamp.ctime_ns;
  json["relation"] = name_of(entry.relation);
  json["kept"] = entry.keeper_path;
  json["kept_base64"] = matching::base64_encode(entry.keeper_path);
  json["moved_at_ns"] = entry.moved_at_ns;
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::optional<QuarantineEntry> parse_sidecar(std::string_view text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return std::nullopt;
  try {
    if (json.at("imgdedup_sidecar") != sidecar_version) return std::nullopt;
    QuarantineEntry entry;
    entry.id = integer<DecisionId>(json, "id");
    entry.state = MoveState::quarantined;
    entry.name = json.at("name").get<std::string>();
    entry.original_path = decode(json, "original_path_base64");
    entry.keeper_path = decode(json, "kept_base64");
    const auto content = matching::content_digest_from_hex(json.at("sha256").get<std::string>());
    const auto relation = matching::relation_from_name(json.at("relation").get<std::string>());
    entry.stamp = {integer<std::uint64_t>(json, "device"), integer<std::uint64_t>(json, "inode"),
                   integer<std::int64_t>(json, "size_bytes"),
                   integer<std::int64_t>(json, "mtime_ns"),
                   integer<std::int64_t>(json, "ctime_ns")};
    entry.moved_at_ns = integer<std::int64_t>(json, "moved_at_ns");
    if (!content || !relation || !is_plain_absolute_path(entry.original_path) ||
        !is_name_of(entry.name, entry.id))
      return std::nullopt;
    entry.content = *content;
    entry.relation = *relation;
    return entry;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

}  // namespace imgdedup::store
