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
    entry.id = json.at("id").get<DecisionId>();
    entry.state = MoveState::quarantined;
    entry.name = json.at("name").get<std::string>();
    entry.original_path = decode(json, "original_path_base64");
    entry.keeper_path = decode(json, "kept_base64");
    const auto content = matching::content_digest_from_hex(json.at("sha256").get<std::string>());
    const auto relation = matching::relation_from_name(json.at("relation").get<std::string>());
    entry.stamp = {json.at("device").get<std::uint64_t>(), json.at("inode").get<std::uint64_t>(),
                   json.at("size_bytes").get<std::int64_t>(),
                   json.at("mtime_ns").get<std::int64_t>(),
                   json.at("ctime_ns").get<std::int64_t>()};
    entry.moved_at_ns = json.at("moved_at_ns").get<std::int64_t>();
    if (!content || !relation || entry.original_path.empty() || entry.name.empty() ||
        entry.name.find('/') != std::string::npos)
      return std::nullopt;
    entry.content = *content;
    entry.relation = *relation;
    return entry;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

}  // namespace imgdedup::store
