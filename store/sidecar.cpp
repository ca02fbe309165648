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

Json time_as_json(const timespec& time) { return Json::array({time.tv_sec, time.tv_nsec}); }

timespec time_from(const Json& json, const char* key) {
  const Json& time = json.at(key);
  constexpr std::int64_t second_ns = 1'000'000'000;
  if (!time.is_array() || time.size() != 2 || !time[0].is_number_integer() ||
      !time[1].is_number_integer() || time[1].get<std::int64_t>() < 0 ||
      time[1].get<std::int64_t>() >= second_ns)
    throw Json::type_error::create(302, key, &json);
  return {time[0].get<time_t>(), time[1].get<long>()};
}

Json as_json(const posix::FileAttributes& attributes) {
  Json json;
  json["mode"] = attributes.mode;
  json["owner"] = attributes.owner;
  json["group"] = attributes.group;
  json["accessed"] = time_as_json(attributes.accessed);
  json["modified"] = time_as_json(attributes.modified);
  json["extended_base64"] = Json::array();
  for (const posix::ExtendedAttribute& attribute : attributes.extended)
    json["extended_base64"].push_back(Json::array(
        {matching::base64_encode(attribute.name), matching::base64_encode(attribute.value)}));
  return json;
}

bool is_name_of(const std::string& name, DecisionId id) {
  return id_from_quarantine_name(name) == id && name != sidecar_name(id) &&
         name.find('/') == std::string::npos && name.find('\0') == std::string::npos;
}

}  // namespace

std::string sidecar_name(DecisionId id) { return "q" + std::to_string(id) + ".json"; }

std::string part_name(const std::string& name) { return name + ".part"; }

std::optional<DecisionId> id_from_quarantine_name(std::string_view name) {
  if (!name.starts_with('q')) return std::nullopt;
  DecisionId id = 0;
  const char* end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(name.data() + 1, end, id);
  if (error != std::errc{} || id <= 0 || rest == end || (*rest != '-' && *rest != '.'))
    return std::nullopt;
  return id;
}

std::string sidecar_text(const QuarantineEntry& entry, const posix::FileAttributes* attributes) {
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
  if (attributes) json["attributes"] = as_json(*attributes);
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

std::optional<posix::FileAttributes> attributes_in_sidecar(std::string_view text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("attributes")) return std::nullopt;
  try {
    const Json& given = json.at("attributes");
    posix::FileAttributes attributes;
    attributes.mode = integer<mode_t>(given, "mode") & 07777;
    attributes.owner = integer<uid_t>(given, "owner");
    attributes.group = integer<gid_t>(given, "group");
    attributes.accessed = time_from(given, "accessed");
    attributes.modified = time_from(given, "modified");
    if (!given.at("extended_base64").is_array()) return std::nullopt;
    for (const Json& pair : given.at("extended_base64")) {
      const auto name = matching::base64_decode(pair.at(0).get<std::string>());
      const auto value = matching::base64_decode(pair.at(1).get<std::string>());
      if (!name || !value) return std::nullopt;
      attributes.extended.push_back({*name, *value});
    }
    return attributes;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

}  // namespace imgdedup::store
