// SPDX-License-Identifier: Apache-2.0
// The catalog in SQLite: what contents were measured to be, and by which version.
#include "store/feature_blob.h"
#include "store/sqlite_catalog.h"
#include "store/sqlite_rows.h"

namespace imgdedup::store {
namespace {

constexpr int current = matching::fingerprint_version;

constexpr const char* versions_by_id =
    "SELECT fingerprint_version, features_version, embedding_model FROM contents WHERE id = ?1";
constexpr const char* upsert_features =
    "INSERT INTO features (content_id, strongest, others) VALUES (?1, ?2, ?3) "
    "ON CONFLICT (content_id) DO UPDATE SET strongest = ?2, others = ?3";
constexpr const char* update_features_version =
    "UPDATE contents SET features_version = ?2 WHERE id = ?1";
constexpr const char* forget_versions =
    "UPDATE contents SET fingerprint_version = 0, features_version = 0, embedding_model = 0 "
    "WHERE id = ?1";
constexpr const char* features_by_content =
    "SELECT f.strongest, f.others FROM contents AS c JOIN features AS f ON f.content_id = c.id "
    "WHERE c.id = ?1 AND c.fingerprint_version = ?2 AND c.features_version = ?2";

#define IMGDEDUP_FEATURE_PAGE                                                            \
  " FROM features AS f JOIN contents AS c ON c.id = f.content_id "                       \
  "WHERE f.content_id > ?1 AND c.fingerprint_version = ?3 AND c.features_version = ?3 "  \
  "AND EXISTS (SELECT 1 FROM files WHERE content_id = c.id AND state = 1 AND role = 1) " \
  "ORDER BY f.content_id LIMIT ?2"
constexpr const char* feature_page = "SELECT c.id, f.strongest, f.others" IMGDEDUP_FEATURE_PAGE;
constexpr const char* strongest_page = "SELECT c.id, f.strongest" IMGDEDUP_FEATURE_PAGE;
#undef IMGDEDUP_FEATURE_PAGE

constexpr const char* contents_not_measured =
    "SELECT id FROM contents WHERE id > ?1 AND (fingerprint_version <> ?2 "
    "OR (?3 AND features_version <> ?2) OR (?5 AND embedding_model <> ?6)) ORDER BY id LIMIT ?4";
// Four ranges of contents_by_versions instead of a look at every row.
constexpr const char* not_measured_count =
    "SELECT (SELECT COUNT(*) FROM contents WHERE fingerprint_version < ?1) + "
    "(SELECT COUNT(*) FROM contents WHERE fingerprint_version > ?1) + "
    "IIF(?2, (SELECT COUNT(*) FROM contents WHERE fingerprint_version = ?1 "
    "AND features_version < ?1) + (SELECT COUNT(*) FROM contents WHERE fingerprint_version = ?1 "
    "AND features_version > ?1), 0)";
// All of that index.
constexpr const char* not_measured_or_embedded_count =
    "SELECT COUNT(*) FROM contents INDEXED BY contents_by_versions WHERE fingerprint_version <> ?1 "
    "OR (?2 AND features_version <> ?1) OR embedding_model <> ?3";

}  // namespace

ContentId SqliteCatalog::add_content(const matching::Measurement& measurement) {
  const auto own = begin_own();
  const auto known = content_with_digest(measurement.fingerprint.content_digest);
  bool needs_fingerprint = false;
  bool needs_features = true;
  bool needs_embedding = true;
  if (known) {
    auto row = prepared(versions_by_id).run(*known);
    row.next();
    needs_fingerprint = row.integer(0) != current;
    needs_features = needs_fingerprint || row.integer(1) != current;
    needs_embedding = needs_fingerprint || row.integer(2) != embedding_model_;
  }
  const ContentId id = known ? *known : insert_content(measurement.fingerprint);
  if (needs_fingerprint) update_content(id, measurement.fingerprint);
  if (needs_features && measurement.features) set_features(id, *measurement.features);
  if (needs_embedding && measurement.embedding && embedding_model_ != 0)
    set_embedding(id, *measurement.embedding);
  if (own) own->commit();
  return id;
}

void SqliteCatalog::forget_measurement(ContentId id) { prepared(forget_versions).execute(id); }

void SqliteCatalog::set_features(ContentId id, const matching::PictureFeatures& features) {
  const FeatureBlobs blobs = to_blobs(features);
  prepared(upsert_features).execute(id, Blob{blobs.strongest}, Blob{blobs.others});
  prepared(update_features_version).execute(id, current);
}

std::optional<matching::PictureFeatures> SqliteCatalog::features(ContentId id) {
  auto row = prepared(features_by_content).run(id, current);
  if (!row.next()) return std::nullopt;
  return features_from_blobs(row.bytes(0), row.bytes(1));
}

std::vector<FeatureEntry> SqliteCatalog::feature_entries(std::size_t strongest, ContentId after,
                                                         std::size_t limit) {
  if (strongest <= strongest_features) {
    auto row = prepared(strongest_page).run(after, limit, current);
    return collect(row, [](const SqliteStatement::Run& columns) {
      return FeatureEntry{columns.integer(0), strongest_from_blob(columns.bytes(1))};
    });
  }
  auto row = prepared(feature_page).run(after, limit, current);
  return collect(row, [](const SqliteStatement::Run& columns) {
    return FeatureEntry{columns.integer(0),
                        features_from_blobs(columns.bytes(1), columns.bytes(2)).local};
  });
}

std::vector<ContentId> SqliteCatalog::contents_to_measure(const matching::Measures& wanted,
                                                          ContentId after, std::size_t limit) {
  auto row = prepared(contents_not_measured)
                 .run(after, current, wanted.features ? 1 : 0, limit, wanted.embedding ? 1 : 0,
                      embedding_model_);
  return collect(row, [](const SqliteStatement::Run& columns) { return columns.integer(0); });
}

std::uint64_t SqliteCatalog::count_contents_to_measure(const matching::Measures& wanted) {
  const int wants_features = wanted.features ? 1 : 0;
  auto row =
      wanted.embedding
          ? prepared(not_measured_or_embedded_count).run(current, wants_features, embedding_model_)
          : prepared(not_measured_count).run(current, wants_features);
  return row.next() ? row.bits(0) : 0;
}

}  // namespace imgdedup::store
