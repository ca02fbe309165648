// SPDX-License-Identifier: Apache-2.0
// The owner's word, apart from the catalog.
#include "store/verdicts.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "matching/base64.h"
#include "store/catalog_files.h"
#include "store/read_connection.h"
#include "store/sqlite_rows.h"
#include "store/sqlite_statement.h"
#include "store/store_error.h"

namespace imgdedup::store {
namespace {

using Json = nlohmann::ordered_json;

constexpr int verdicts_version = 1;

std::string line_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json json_of(const RestoredFile& file) {
  Json json;
  json["restored"] = file.path;
  json["restored_base64"] = matching::base64_encode(file.path);
  json["device"] = file.stamp.device;
  json["inode"] = file.stamp.inode;
  json["size_bytes"] = file.stamp.size_bytes;
  json["mtime_ns"] = file.stamp.mtime_ns;
  json["ctime_ns"] = file.stamp.ctime_ns;
  json["hard_links"] = file.hard_links;
  return json;
}

template <typename Integer>
Integer integer(const Json& json, const char* key) {
  if (!json.at(key).is_number_integer()) throw Json::type_error::create(302, key, &json);
  return json.at(key).get<Integer>();
}

RestoredFile restored_from(const Json& json) {
  RestoredFile file;
  file.path = matching::base64_decode(json.at("restored_base64").get<std::string>()).value_or("");
  if (!file.path.starts_with('/')) throw Json::other_error::create(501, "path", &json);
  file.stamp = {integer<std::uint64_t>(json, "device"), integer<std::uint64_t>(json, "inode"),
                integer<std::int64_t>(json, "size_bytes"), integer<std::int64_t>(json, "mtime_ns"),
                integer<std::int64_t>(json, "ctime_ns")};
  file.hard_links = integer<std::uint64_t>(json, "hard_links");
  return file;
}

matching::ContentDigest digest_from(const Json& json) {
  const auto digest = matching::content_digest_from_hex(json.get<std::string>());
  if (!digest) throw Json::other_error::create(501, "digest", &json);
  return *digest;
}

Verdicts parse_lines(std::string_view text) {
  Verdicts verdicts;
  std::size_t distinct_count = 0;
  std::size_t restored_count = 0;
  bool is_first = true;
  while (!text.empty()) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) throw Json::other_error::create(501, "cut", nullptr);
    const Json json = Json::parse(text.substr(0, end));
    text.remove_prefix(end + 1);
    if (std::exchange(is_first, false)) {
      if (json.at("imgdedup_verdicts") != verdicts_version)
        throw Json::other_error::create(501, "version", &json);
      verdicts.last_decision_id = integer<DecisionId>(json, "last_decision_id");
      distinct_count = integer<std::size_t>(json, "distinct");
      restored_count = integer<std::size_t>(json, "restored");
    } else if (json.contains("distinct")) {
      verdicts.distinct.emplace_back(digest_from(json.at("distinct").at(0)),
                                     digest_from(json.at("distinct").at(1)));
    } else {
      verdicts.restored.push_back(restored_from(json));
    }
  }
  if (is_first || verdicts.distinct.size() != distinct_count ||
      verdicts.restored.size() != restored_count)
    throw Json::other_error::create(501, "count", nullptr);
  return verdicts;
}

}  // namespace

std::string verdicts_text(const Verdicts& verdicts) {
  Json first;
  first["imgdedup_verdicts"] = verdicts_version;
  first["last_decision_id"] = verdicts.last_decision_id;
  first["distinct"] = verdicts.distinct.size();
  first["restored"] = verdicts.restored.size();
  std::string text = line_of(first);
  for (const auto& [low, high] : verdicts.distinct)
    text += line_of({{"distinct", {to_hex(low), to_hex(high)}}});
  for (const RestoredFile& file : verdicts.restored) text += line_of(json_of(file));
  return text;
}

std::optional<Verdicts> parse_verdicts(std::string_view text) {
  try {
    return parse_lines(text);
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

Verdicts read_verdicts(sqlite3* database) {
  Verdicts verdicts;
  SqliteStatement pairs(database, "SELECT low, high FROM distinct_pairs ORDER BY low, high");
  for (auto row = pairs.run(); row.next();)
    verdicts.distinct.emplace_back(digest_from_bytes(row.bytes(0)),
                                   digest_from_bytes(row.bytes(1)));
  SqliteStatement files(
      database,
      "SELECT d.path, f.name, f.device, f.inode, f.size_bytes, f.mtime_ns, f.ctime_ns, "
      "f.hard_links FROM files AS f JOIN directories AS d ON d.id = f.directory_id "
      "WHERE f.restored <> 0 ORDER BY f.id");
  for (auto row = files.run(); row.next();)
    verdicts.restored.push_back(
        {join_path(row.bytes(0), row.bytes(1)),
         {row.bits(2), row.bits(3), row.integer(4), row.integer(5), row.integer(6)},
         row.bits(7)});
  SqliteStatement last(
      database, "SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = 'decisions'");
  auto row = last.run();
  if (row.next()) verdicts.last_decision_id = row.integer(0);
  return verdicts;
}

void export_verdicts(const std::string& catalog, const std::atomic<bool>& stop) {
  std::string text;
  {
    const ReadConnection connection(catalog, ReadConnection::Of::running, &stop);
    SqliteStatement(connection.handle(), "BEGIN").execute();
    text = verdicts_text(read_verdicts(connection.handle()));
  }
  write_whole_file(verdicts_path(catalog), text);
}

std::optional<Verdicts> saved_verdicts(const std::string& catalog) {
  if (const auto text = read_whole_file(verdicts_path(catalog)))
    if (auto verdicts = parse_verdicts(*text)) return verdicts;
  auto backups = timed_backups(catalog);
  std::reverse(backups.begin(), backups.end());
  for (const std::string& backup : backups) {
    try {
      const ReadConnection connection(backup, ReadConnection::Of::copy);
      return read_verdicts(connection.handle());
    } catch (const StoreError&) {
      // Damaged as well: the one before it may be sound.
    }
  }
  return std::nullopt;
}

}  // namespace imgdedup::store
