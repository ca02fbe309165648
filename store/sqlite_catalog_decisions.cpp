// SPDX-License-Identifier: Apache-2.0
// The catalog in SQLite: decisions, groups, the journal of moves.
#include <limits>

#include "store/sqlite_catalog.h"
#include "store/sqlite_rows.h"
#include "store/store_error.h"

namespace imgdedup::store {
namespace {

constexpr const char* decision_by_id =
    "SELECT " IMGDEDUP_DECISION_COLUMNS " FROM decisions WHERE id = ?1";
constexpr const char* standing_by_file =
    "SELECT " IMGDEDUP_DECISION_COLUMNS " FROM decisions WHERE file_id = ?1 AND state = 0";
constexpr const char* last_by_file = "SELECT " IMGDEDUP_DECISION_COLUMNS
                                     " FROM decisions WHERE file_id = ?1 ORDER BY id DESC LIMIT 1";
constexpr const char* standing_by_original =
    "SELECT " IMGDEDUP_DECISION_COLUMNS
    " FROM decisions WHERE original_file_id = ?1 AND state <= 1 AND state = 0 ORDER BY id";
// Two merged lookups in one index, where one by (original_file_id, id) > (?1, ?2) would go through
// all of the group that is gone on with.
#define IMGDEDUP_IN_GROUPS_AFTER(columns)                                   \
  "SELECT " columns                                                         \
  " FROM decisions WHERE state <= 1 AND original_file_id = ?1 AND id > ?2 " \
  "UNION ALL SELECT " columns " FROM decisions WHERE state <= 1 AND original_file_id > ?1 "
constexpr const char* decisions_grouped =
    "SELECT * FROM (" IMGDEDUP_IN_GROUPS_AFTER(
        IMGDEDUP_DECISION_COLUMNS) "ORDER BY original_file_id, id LIMIT ?6) "
    "WHERE ?3 IS NULL OR (original_path >= ?3 AND original_path < ?4) "
    "OR (path >= ?3 AND path < ?4) ORDER BY original_file_id, id LIMIT ?5";
constexpr const char* grouped_after = IMGDEDUP_IN_GROUPS_AFTER(
    "original_file_id, id") "ORDER BY original_file_id, id LIMIT 1 OFFSET ?3";
constexpr const char* decision_count_by_original =
    "SELECT COUNT(*) FROM decisions WHERE original_file_id = ?1 AND state <= 1";
constexpr const char* decisions_uncarried =
    "SELECT " IMGDEDUP_DECISION_COLUMNS
    " FROM decisions WHERE state = 0 AND action = 1 AND id > ?1 ORDER BY id LIMIT ?2";
constexpr const char* decisions_by_id =
    "SELECT " IMGDEDUP_DECISION_COLUMNS " FROM decisions WHERE id > ?1 ORDER BY id LIMIT ?2";
constexpr const char* last_id = "SELECT COALESCE(MAX(id), 0) FROM decisions";
constexpr const char* reserved_id =
    "SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = 'decisions'";
constexpr const char* raise_reserved_id =
    "UPDATE sqlite_sequence SET seq = ?1 WHERE name = 'decisions' AND seq < ?1";
constexpr const char* insert_reserved_id =
    "INSERT INTO sqlite_sequence (name, seq) SELECT 'decisions', ?1 WHERE NOT EXISTS "
    "(SELECT 1 FROM sqlite_sequence WHERE name = 'decisions')";
constexpr const char* decisions_newest_first =
    "SELECT " IMGDEDUP_DECISION_COLUMNS
    " FROM decisions WHERE state <= 1 AND id < ?1 AND id >= ?6 AND (?2 IS NULL OR relation = ?2) "
    "AND (?3 IS NULL OR (path >= ?3 AND path < ?4)) ORDER BY id DESC LIMIT ?5";
constexpr const char* in_force_before =
    "SELECT id FROM decisions WHERE state <= 1 AND id < ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2";
constexpr const char* insert_decision =
    "INSERT INTO decisions (file_id, original_file_id, path, original_path, relation, "
    "distance_bits, ssim, inliers, similarity, action, action_limit, content, original_content, "
    "decided_at_ns, state, supersedes, mirrored, rotation_degrees, scale, overlap, "
    "embedding_model) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, 0, "
    "?15, ?16, ?17, ?18, ?19, ?20) RETURNING id";
constexpr const char* digest_of_file =
    "SELECT d.path, f.name, c.digest FROM files AS f JOIN directories AS d "
    "ON d.id = f.directory_id JOIN contents AS c ON c.id = f.content_id WHERE f.id = ?1";
constexpr const char* update_decision_state = "UPDATE decisions SET state = ?2 WHERE id = ?1";
constexpr const char* decision_counts = "SELECT relation, in_force FROM decision_counts";
constexpr const char* upsert_move =
    "INSERT INTO quarantine (" IMGDEDUP_QUARANTINE_COLUMNS
    ") VALUES (?1, ?14, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) "
    "ON CONFLICT (id) DO UPDATE SET state = ?14, original_path = ?2, quarantine_directory = ?3, "
    "name = ?4, device = ?5, inode = ?6, size_bytes = ?7, mtime_ns = ?8, ctime_ns = ?9, "
    "content = ?10, keeper_path = ?11, relation = ?12, moved_at_ns = ?13 WHERE state NOT IN (1, 8, "
    "9) "
    "RETURNING id";
// Their originals have no row; a number of its own, beyond those of all rows, keeps them apart.
constexpr const char* insert_adopted_decision =
    "INSERT OR IGNORE INTO decisions (" IMGDEDUP_DECISION_COLUMNS
    ") VALUES (?1, 0, 4611686018427387904 + ?1, ?2, ?3, ?4, NULL, NULL, NULL, NULL, 1, 0, ?5, ?6, "
    "?7, 1, NULL, NULL, NULL, NULL, NULL) "
    "RETURNING id";
// Taken by a catalog that was brought back from a time before the file was moved.
constexpr const char* take_up_decision =
    "UPDATE decisions SET state = 1 WHERE id = ?1 AND path = ?2 AND content = ?3 "
    "AND NOT EXISTS (SELECT 1 FROM quarantine WHERE id = ?1) RETURNING id";
constexpr const char* update_move_place =
    "UPDATE quarantine SET quarantine_directory = ?2, name = ?3 WHERE id = ?1";
constexpr const char* update_move_state = "UPDATE quarantine SET state = ?2 WHERE id = ?1";
constexpr const char* move_by_id =
    "SELECT " IMGDEDUP_QUARANTINE_COLUMNS " FROM quarantine WHERE id = ?1";
constexpr const char* moves_by_state =
    "SELECT " IMGDEDUP_QUARANTINE_COLUMNS
    " FROM quarantine WHERE state = ?1 AND id > ?2 ORDER BY id LIMIT ?3";
// In whatever state: a kill may have left a file behind whose row has ended.
constexpr const char* directories_of_moves = "SELECT DISTINCT quarantine_directory FROM quarantine";
constexpr const char* quarantine_counts =
    "SELECT COUNT(*), COALESCE(SUM(size_bytes), 0), COALESCE(SUM(NOT EXISTS (SELECT 1 FROM files "
    "JOIN contents AS c ON c.id = content_id WHERE c.digest = q.content AND files.state = 1)), 0) "
    "FROM quarantine AS q WHERE q.state = 1";

struct Identity {
  std::string path;
  matching::ContentDigest content;
};

Identity identity_of(SqliteStatement& statement, FileId id) {
  auto row = statement.run(id);
  if (!row.next())
    throw StoreError("catalog: file " + std::to_string(id) + " has no content to decide about");
  return {join_path(row.bytes(0), row.bytes(1)), digest_from_bytes(row.bytes(2))};
}

}  // namespace

DecisionId SqliteCatalog::add_decision(const NewDecision& decision) {
  const matching::DuplicateVerdict& verdict = decision.verdict;
  const Identity file = identity_of(prepared(digest_of_file), decision.file_id);
  const Identity original = identity_of(prepared(digest_of_file), verdict.original_file_id);
  const bool rests_on_embedding = verdict.action_limit == matching::ActionLimit::similarity;
  std::optional<std::int64_t> mirrored;
  if (verdict.evidence.mirrored) mirrored = *verdict.evidence.mirrored ? 1 : 0;
  auto row =
      prepared(insert_decision)
          .run(decision.file_id, verdict.original_file_id, Blob{file.path}, Blob{original.path},
               number_of(verdict.relation), verdict.evidence.distance_bits, verdict.evidence.ssim,
               verdict.evidence.inliers, verdict.evidence.similarity, number_of(verdict.action),
               number_of(verdict.action_limit), as_blob(file.content), as_blob(original.content),
               decision.decided_at_ns, decision.supersedes, mirrored,
               verdict.evidence.rotation_degrees, verdict.evidence.scale, verdict.evidence.overlap,
               rests_on_embedding ? embedding_model_ : 0);
  row.next();
  const DecisionId id = row.integer(0);
  row.next();
  return id;
}

void SqliteCatalog::set_decision_state(DecisionId id, matching::DecisionState state) {
  prepared(update_decision_state).execute(id, number_of(state));
}

std::optional<CatalogDecision> SqliteCatalog::decision(DecisionId id) {
  auto row = prepared(decision_by_id).run(id);
  if (!row.next()) return std::nullopt;
  return read_decision(row);
}

std::optional<CatalogDecision> SqliteCatalog::standing_decision_on(FileId file) {
  auto row = prepared(standing_by_file).run(file);
  if (!row.next()) return std::nullopt;
  return read_decision(row);
}

std::optional<CatalogDecision> SqliteCatalog::last_decision_on(FileId file) {
  auto row = prepared(last_by_file).run(file);
  if (!row.next()) return std::nullopt;
  return read_decision(row);
}

std::vector<CatalogDecision> SqliteCatalog::standing_decisions_against(FileId original) {
  auto row = prepared(standing_by_original).run(original);
  return collect(row, read_decision);
}

std::vector<CatalogDecision> SqliteCatalog::decisions_after(DecisionId after, std::size_t limit) {
  auto row = prepared(decisions_by_id).run(after, limit);
  return collect(row, read_decision);
}

DecisionId SqliteCatalog::last_decision_id() {
  auto row = prepared(last_id).run();
  return row.next() ? row.integer(0) : 0;
}

void SqliteCatalog::reserve_decision_ids(DecisionId id) {
  const auto own = begin_own();
  {
    auto row = prepared(reserved_id).run();
    if (row.next() && row.integer(0) >= id) return;
  }
  prepared(raise_reserved_id).execute(id);
  prepared(insert_reserved_id).execute(id);
  if (own) own->commit();
}

DecisionId SqliteCatalog::reserve_decision_id() {
  const auto own = begin_own();
  DecisionId id = 1;
  {
    auto row = prepared(reserved_id).run();
    if (row.next()) id = row.integer(0) + 1;
  }
  reserve_decision_ids(id);
  if (own) own->commit();
  return id;
}

DecisionPage SqliteCatalog::decisions_in_force(const DecisionFilter& filter, DecisionId before,
                                               const PageSize& size) {
  if (before <= 0) before = std::numeric_limits<DecisionId>::max();
  std::optional<std::int64_t> relation;
  if (filter.relation) relation = number_of(*filter.relation);
  const auto [lower, upper] = bounds_below(filter.under);
  std::optional<Blob> lower_bound;
  if (!filter.under.empty()) lower_bound = Blob{lower};
  std::optional<DecisionId> end;
  if ((relation || lower_bound) && size.is_bounded()) {
    auto row = prepared(in_force_before).run(before, size.rows_looked_at - 1);
    if (row.next()) end = row.integer(0);
  }
  auto row = prepared(decisions_newest_first)
                 .run(before, relation, lower_bound, Blob{upper}, size.rows, end.value_or(0));
  return page_of(collect(row, read_decision), size.rows, end,
                 [](const CatalogDecision& decision) { return decision.id; });
}

GroupPage SqliteCatalog::decisions_by_group(std::string_view under, const GroupPlace& after,
                                            const PageSize& size) {
  const auto [lower, upper] = bounds_below(under);
  std::optional<Blob> lower_bound;
  if (!under.empty()) lower_bound = Blob{lower};
  std::optional<GroupPlace> end;
  std::int64_t rows_looked_at = -1;
  if (!lower_bound) {
    rows_looked_at = static_cast<std::int64_t>(size.rows);
  } else if (size.is_bounded()) {
    rows_looked_at = static_cast<std::int64_t>(size.rows_looked_at);
    auto row =
        prepared(grouped_after).run(after.original_file_id, after.decision_id, rows_looked_at - 1);
    if (row.next()) end = GroupPlace{row.integer(0), row.integer(1)};
  }
  auto row = prepared(decisions_grouped)
                 .run(after.original_file_id, after.decision_id, lower_bound, Blob{upper},
                      size.rows, rows_looked_at);
  return page_of(collect(row, read_decision), size.rows, end, [](const CatalogDecision& decision) {
    return GroupPlace{decision.original_file_id, decision.id};
  });
}

std::uint64_t SqliteCatalog::count_decisions_against(FileId original) {
  auto row = prepared(decision_count_by_original).run(original);
  return row.next() ? row.bits(0) : 0;
}

std::vector<CatalogDecision> SqliteCatalog::decisions_to_carry_out(DecisionId after,
                                                                   std::size_t limit) {
  auto row = prepared(decisions_uncarried).run(after, limit);
  return collect(row, read_decision);
}

DecisionCounts SqliteCatalog::count_decisions() {
  DecisionCounts counts;
  auto row = prepared(decision_counts).run();
  while (row.next()) {
    const auto relation = static_cast<std::size_t>(row.integer(0));
    if (relation < counts.in_force_by_relation.size())
      counts.in_force_by_relation[relation] = row.bits(1);
  }
  return counts;
}

void SqliteCatalog::begin_move(const QuarantineEntry& entry) {
  auto transaction = database_.begin(Durability::power);
  write_move(entry);
  transaction->commit();
}

void SqliteCatalog::write_move(const QuarantineEntry& entry) {
  auto row =
      prepared(upsert_move)
          .run(entry.id, Blob{entry.original_path}, Blob{entry.quarantine_directory},
               Blob{entry.name}, entry.stamp.device, entry.stamp.inode, entry.stamp.size_bytes,
               entry.stamp.mtime_ns, entry.stamp.ctime_ns, as_blob(entry.content),
               Blob{entry.keeper_path}, number_of(entry.relation), entry.moved_at_ns,
               number_of(entry.state == MoveState::copying ? MoveState::copying
                                                           : MoveState::intent));
  if (!row.next())
    throw StoreError("catalog: cannot write move " + std::to_string(entry.id) +
                     " down: a file that it moved lies in quarantine");
  row.next();
}

// The digest of the file that was kept is not in the sidecar of a relation other than exact; the
// zero digest says "not known".
bool SqliteCatalog::adopt_quarantine_entry(const QuarantineEntry& entry) {
  auto transaction = database_.begin(Durability::power);
  const matching::ContentDigest kept =
      entry.relation == matching::Relation::exact ? entry.content : matching::ContentDigest{};
  const auto has_row = [](SqliteStatement::Run row) {
    if (!row.next()) return false;
    row.next();
    return true;
  };
  if (!has_row(prepared(take_up_decision)
                   .run(entry.id, Blob{entry.original_path}, as_blob(entry.content))) &&
      !has_row(prepared(insert_adopted_decision)
                   .run(entry.id, Blob{entry.original_path}, Blob{entry.keeper_path},
                        number_of(entry.relation), as_blob(entry.content), as_blob(kept),
                        entry.moved_at_ns)))
    return false;
  write_move(entry);
  set_move_state(entry.id, MoveState::quarantined);
  transaction->commit();
  return true;
}

void SqliteCatalog::set_move_place(DecisionId id, std::string_view quarantine_directory,
                                   std::string_view name) {
  prepared(update_move_place).execute(id, Blob{quarantine_directory}, Blob{name});
}

void SqliteCatalog::set_move_state(DecisionId id, MoveState state) {
  prepared(update_move_state).execute(id, number_of(state));
}

std::optional<QuarantineEntry> SqliteCatalog::quarantine_entry(DecisionId id) {
  auto row = prepared(move_by_id).run(id);
  if (!row.next()) return std::nullopt;
  return read_quarantine_entry(row);
}

std::vector<QuarantineEntry> SqliteCatalog::quarantine_entries(MoveState state, DecisionId after,
                                                               std::size_t limit) {
  auto row = prepared(moves_by_state).run(number_of(state), after, limit);
  return collect(row, read_quarantine_entry);
}

std::vector<std::string> SqliteCatalog::quarantine_directories() {
  auto row = prepared(directories_of_moves).run();
  return collect(row, [](const SqliteStatement::Run& found) { return found.bytes(0); });
}

QuarantineCounts SqliteCatalog::count_quarantine() {
  auto row = prepared(quarantine_counts).run();
  if (!row.next()) return {};
  return {row.bits(0), row.bits(1), row.bits(2)};
}

}  // namespace imgdedup::store
