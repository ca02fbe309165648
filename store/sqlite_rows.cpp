// SPDX-License-Identifier: Apache-2.0
// Columns of the catalog's tables to values.
#include "store/sqlite_rows.h"

#include <algorithm>

namespace imgdedup::store {
CatalogFile read_file(const SqliteStatement::Run& row) {
  CatalogFile file;
  file.id = row.integer(0);
  file.path = join_path(row.bytes(1), row.bytes(2));
  file.stamp = {row.bits(3), row.bits(4), row.integer(5), row.integer(6), row.integer(7)};
  file.hard_links = row.bits(8);
  file.state = enumerator(row.integer(9), matching::FileState::not_an_image);
  file.role = enumerator(row.integer(10), FileRole::duplicate);
  file.content_id = row.optional_integer(11);
  if (!row.is_null(12))
    file.refusal = matching::Refusal{
        enumerator(row.integer(12), matching::RefusalReason::out_of_memory), row.bytes(13)};
  file.restored = row.integer(14) != 0;
  return file;
}

CatalogDecision read_decision(const SqliteStatement::Run& row) {
  CatalogDecision decision;
  decision.id = row.integer(0);
  decision.file_id = row.integer(1);
  decision.original_file_id = row.integer(2);
  decision.path = row.bytes(3);
  decision.original_path = row.bytes(4);
  decision.relation = enumerator(row.integer(5), matching::Relation::edited);
  if (!row.is_null(6)) decision.evidence.distance_bits = static_cast<int>(row.integer(6));
  decision.evidence.ssim = row.optional_real(7);
  if (!row.is_null(8)) decision.evidence.inliers = static_cast<int>(row.integer(8));
  decision.evidence.similarity = row.optional_real(9);
  decision.action = enumerator(row.integer(10), matching::Action::quarantine);
  decision.action_limit = enumerator(row.integer(11), matching::last_action_limit);
  decision.content = digest_from_bytes(row.bytes(12));
  decision.original_content = digest_from_bytes(row.bytes(13));
  decision.decided_at_ns = row.integer(14);
  decision.state = enumerator(row.integer(15), matching::DecisionState::dismissed);
  decision.supersedes = row.optional_integer(16);
  if (!row.is_null(17)) decision.evidence.mirrored = row.integer(17) != 0;
  decision.evidence.rotation_degrees = row.optional_real(18);
  decision.evidence.scale = row.optional_real(19);
  decision.evidence.overlap = row.optional_real(20);
  return decision;
}

QuarantineEntry read_quarantine_entry(const SqliteStatement::Run& row) {
  QuarantineEntry entry;
  entry.id = row.integer(0);
  entry.state = enumerator(row.integer(1), MoveState::restoring);
  entry.original_path = row.bytes(2);
  entry.quarantine_directory = row.bytes(3);
  entry.name = row.bytes(4);
  entry.stamp = {row.bits(5), row.bits(6), row.integer(7), row.integer(8), row.integer(9)};
  entry.content = digest_from_bytes(row.bytes(10));
  entry.keeper_path = row.bytes(11);
  entry.relation = enumerator(row.integer(12), matching::Relation::edited);
  entry.moved_at_ns = row.integer(13);
  return entry;
}

matching::ContentDigest digest_from_bytes(const std::string& bytes) {
  matching::ContentDigest digest;
  if (bytes.size() != digest.bytes.size())
    throw MeaninglessRow("catalog: a content digest of " + std::to_string(bytes.size()) +
                         " bytes instead of 32; the catalog is damaged");
  std::transform(bytes.begin(), bytes.end(), digest.bytes.begin(),
                 [](char byte) { return static_cast<std::uint8_t>(byte); });
  return digest;
}

Blob as_blob(const matching::ContentDigest& digest) {
  return {{reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()}};
}

std::pair<std::string_view, std::string_view> split_path(std::string_view path) {
  const auto slash = path.rfind('/');
  if (slash == std::string_view::npos) return {"", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

std::string_view path_below(std::string_view root, std::string_view path) {
  path.remove_prefix(std::min(path.size(), root.size()));
  if (path.starts_with('/')) path.remove_prefix(1);
  return path;
}

std::string join_path(std::string_view directory, std::string_view name) {
  std::string path(directory);
  if (path.empty() || path.back() != '/') path += '/';
  path += name;
  return path;
}

std::pair<std::string, std::string> bounds_below(std::string_view directory) {
  while (!directory.empty() && directory.back() == '/') directory.remove_suffix(1);
  std::string lower(directory);
  std::string upper(directory);
  lower += '/';
  upper += static_cast<char>('/' + 1);
  return {lower, upper};
}

}  // namespace imgdedup::store
