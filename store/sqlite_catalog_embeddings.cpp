// SPDX-License-Identifier: Apache-2.0
// The catalog in SQLite: what a network made of contents, and which network.
#include "store/embedding_blob.h"
#include "store/sqlite_catalog.h"
#include "store/sqlite_rows.h"

namespace imgdedup::store {
namespace {

constexpr const char* insert_model =
    "INSERT INTO embedding_models (key) SELECT ?1 WHERE NOT EXISTS "
    "(SELECT 1 FROM embedding_models WHERE key = ?1)";
constexpr const char* model_by_key = "SELECT id FROM embedding_models WHERE key = ?1";
constexpr const char* upsert_embedding =
    "INSERT INTO embeddings (content_id, vector) VALUES (?1, ?2) "
    "ON CONFLICT (content_id) DO UPDATE SET vector = ?2";
constexpr const char* update_embedding_model =
    "UPDATE contents SET embedding_model = ?2 WHERE id = ?1";
constexpr const char* embedding_by_content =
    "SELECT e.vector FROM contents AS c JOIN embeddings AS e ON e.content_id = c.id "
    "WHERE c.id = ?1 AND c.embedding_model = ?2";
constexpr const char* embedding_page =
    "SELECT c.id, e.vector FROM embeddings AS e JOIN contents AS c ON c.id = e.content_id "
    "WHERE e.content_id > ?1 AND c.embedding_model = ?3 AND length(e.vector) > 0 "
    "AND EXISTS (SELECT 1 FROM files WHERE content_id = c.id AND state = 1 AND role = 1) "
    "ORDER BY e.content_id LIMIT ?2";
#define IMGDEDUP_FIRST_EMBEDDINGS "(SELECT content_id FROM embeddings ORDER BY content_id LIMIT ?1)"
constexpr const char* forget_models =
    "UPDATE contents SET embedding_model = 0 WHERE id IN " IMGDEDUP_FIRST_EMBEDDINGS;
constexpr const char* forget_vectors =
    "DELETE FROM embeddings WHERE content_id IN " IMGDEDUP_FIRST_EMBEDDINGS;
#undef IMGDEDUP_FIRST_EMBEDDINGS
constexpr const char* any_embedding = "SELECT 1 FROM embeddings LIMIT 1";
constexpr const char* decisions_by_embedding =
    "SELECT " IMGDEDUP_DECISION_COLUMNS
    " FROM decisions WHERE state = 0 AND embedding_model <> 0 AND embedding_model <> ?3 "
    "AND id > ?1 ORDER BY id LIMIT ?2";
constexpr const char* seed = "SELECT value FROM counters WHERE name = 'embedding_seed'";

}  // namespace

void SqliteCatalog::use_embedding_model(std::string_view key) {
  prepared(insert_model).execute(Blob{key});
  auto row = prepared(model_by_key).run(Blob{key});
  row.next();
  embedding_model_ = row.integer(0);
}

void SqliteCatalog::set_embedding(ContentId id, const matching::Embedding& embedding) {
  const std::string vector = to_blob(embedding);
  prepared(upsert_embedding).execute(id, Blob{vector});
  prepared(update_embedding_model).execute(id, embedding_model_);
}

std::optional<matching::Embedding> SqliteCatalog::embedding(ContentId id) {
  if (embedding_model_ == 0) return std::nullopt;
  auto row = prepared(embedding_by_content).run(id, embedding_model_);
  if (!row.next()) return std::nullopt;
  return embedding_from_blob(row.bytes(0));
}

std::vector<EmbeddingEntry> SqliteCatalog::embedding_entries(ContentId after, std::size_t limit) {
  if (embedding_model_ == 0) return {};
  auto row = prepared(embedding_page).run(after, limit, embedding_model_);
  return collect(row, [](const SqliteStatement::Run& columns) {
    return EmbeddingEntry{columns.integer(0), embedding_from_blob(columns.bytes(1))};
  });
}

bool SqliteCatalog::forget_embeddings(std::size_t limit) {
  const auto own = begin_own();
  prepared(forget_models).execute(limit);
  prepared(forget_vectors).execute(limit);
  if (own) own->commit();
  return prepared(any_embedding).run().next();
}

std::vector<CatalogDecision> SqliteCatalog::decisions_by_other_models(DecisionId after,
                                                                      std::size_t limit) {
  auto row = prepared(decisions_by_embedding).run(after, limit, embedding_model_);
  return collect(row, read_decision);
}

std::uint64_t SqliteCatalog::embedding_seed() {
  auto row = prepared(seed).run();
  return row.next() ? row.bits(0) : 0;
}

}  // namespace imgdedup::store
