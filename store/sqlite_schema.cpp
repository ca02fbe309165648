// SPDX-License-Identifier: Apache-2.0
// The catalog's tables, as numbered migrations.
#include "store/sqlite_schema.h"

#include <array>
#include <string>

#include "posix/test_hooks.h"
#include "store/sqlite_database.h"
#include "store/store_error.h"

namespace imgdedup::store {
namespace {

// "imgd": tells a catalog from any other SQLite file.
constexpr std::int64_t application_id = 0x696d6764;

// Enumerations are stored as the numbers of matching/ and store/records.h, which therefore only
// grow at their ends.
constexpr std::array<const char*, 5> migrations{R"sql(
CREATE TABLE directories (
  id INTEGER PRIMARY KEY,
  path BLOB NOT NULL UNIQUE
);
CREATE TABLE contents (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  digest BLOB NOT NULL UNIQUE,
  size_bytes INTEGER NOT NULL,
  format INTEGER NOT NULL,
  width_pixels INTEGER NOT NULL,
  height_pixels INTEGER NOT NULL,
  ahash INTEGER NOT NULL,
  dhash INTEGER NOT NULL,
  phash INTEGER NOT NULL,
  whash INTEGER NOT NULL,
  reduced_picture_digest INTEGER NOT NULL,
  detail REAL NOT NULL,
  fingerprint_version INTEGER NOT NULL
);
CREATE INDEX contents_by_size ON contents (size_bytes);
CREATE INDEX contents_by_reduced_picture ON contents (reduced_picture_digest);
CREATE TABLE files (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  directory_id INTEGER NOT NULL REFERENCES directories (id),
  name BLOB NOT NULL,
  device INTEGER NOT NULL,
  inode INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  ctime_ns INTEGER NOT NULL,
  hard_links INTEGER NOT NULL,
  state INTEGER NOT NULL,
  role INTEGER NOT NULL DEFAULT 0,
  content_id INTEGER REFERENCES contents (id),
  refusal_reason INTEGER,
  refusal_message TEXT,
  restored INTEGER NOT NULL DEFAULT 0,
  pending_sequence INTEGER,
  UNIQUE (directory_id, name)
);
CREATE INDEX files_by_inode ON files (inode, device);
CREATE INDEX files_by_content ON files (content_id) WHERE content_id IS NOT NULL;
CREATE INDEX files_originals ON files (content_id) WHERE state = 1 AND role = 1;
CREATE UNIQUE INDEX files_by_pending_sequence ON files (pending_sequence)
  WHERE pending_sequence IS NOT NULL;
CREATE INDEX files_refused ON files (id) WHERE refusal_reason IS NOT NULL;
CREATE TABLE decisions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  file_id INTEGER NOT NULL,
  original_file_id INTEGER NOT NULL,
  path BLOB NOT NULL,
  original_path BLOB NOT NULL,
  relation INTEGER NOT NULL,
  distance_bits INTEGER,
  ssim REAL,
  inliers INTEGER,
  similarity REAL,
  action INTEGER NOT NULL,
  action_limit INTEGER NOT NULL,
  content BLOB NOT NULL,
  original_content BLOB NOT NULL,
  decided_at_ns INTEGER NOT NULL,
  state INTEGER NOT NULL,
  supersedes INTEGER
);
CREATE INDEX decisions_by_file ON decisions (file_id);
CREATE UNIQUE INDEX decisions_standing_by_file ON decisions (file_id) WHERE state = 0;
CREATE INDEX decisions_in_force_by_original ON decisions (original_file_id, id) WHERE state <= 1;
CREATE INDEX decisions_to_carry_out ON decisions (id) WHERE state = 0 AND action = 1;
CREATE INDEX decisions_in_force ON decisions (id, relation) WHERE state <= 1;
CREATE TABLE quarantine (
  id INTEGER PRIMARY KEY REFERENCES decisions (id),
  state INTEGER NOT NULL,
  original_path BLOB NOT NULL,
  quarantine_directory BLOB NOT NULL,
  name BLOB NOT NULL,
  device INTEGER NOT NULL,
  inode INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  ctime_ns INTEGER NOT NULL,
  content BLOB NOT NULL,
  keeper_path BLOB NOT NULL,
  relation INTEGER NOT NULL,
  moved_at_ns INTEGER NOT NULL
);
CREATE INDEX quarantine_by_state ON quarantine (state, id);
CREATE TABLE distinct_pairs (
  low BLOB NOT NULL,
  high BLOB NOT NULL,
  PRIMARY KEY (low, high)
) WITHOUT ROWID;
CREATE TABLE roots (
  path BLOB PRIMARY KEY,
  filesystem_id INTEGER NOT NULL,
  inode INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE counters (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO counters (name, value) VALUES ('pending_sequence', 0),
  ('pending_sequence_first', 0), ('durability', 0);
)sql",
                                                // Figures without counting rows.
                                                R"sql(
CREATE TABLE file_counts (
  directory_id INTEGER NOT NULL,
  state INTEGER NOT NULL,
  files INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL,
  PRIMARY KEY (directory_id, state)
) WITHOUT ROWID;
INSERT INTO file_counts (directory_id, state, files, size_bytes)
  SELECT directory_id, state, COUNT(*), SUM(size_bytes) FROM files GROUP BY directory_id, state;
CREATE TRIGGER file_counted AFTER INSERT ON files BEGIN
  INSERT INTO file_counts (directory_id, state, files, size_bytes)
    VALUES (NEW.directory_id, NEW.state, 1, NEW.size_bytes)
    ON CONFLICT (directory_id, state) DO UPDATE SET
      files = files + 1, size_bytes = size_bytes + excluded.size_bytes;
END;
CREATE TRIGGER file_counted_no_more AFTER DELETE ON files BEGIN
  UPDATE file_counts SET files = files - 1, size_bytes = size_bytes - OLD.size_bytes
    WHERE directory_id = OLD.directory_id AND state = OLD.state;
  DELETE FROM file_counts
    WHERE directory_id = OLD.directory_id AND state = OLD.state AND files = 0;
END;
CREATE TRIGGER file_counted_elsewhere AFTER UPDATE OF directory_id, state, size_bytes ON files
  WHEN OLD.directory_id <> NEW.directory_id OR OLD.state <> NEW.state
    OR OLD.size_bytes <> NEW.size_bytes BEGIN
  UPDATE file_counts SET files = files - 1, size_bytes = size_bytes - OLD.size_bytes
    WHERE directory_id = OLD.directory_id AND state = OLD.state;
  INSERT INTO file_counts (directory_id, state, files, size_bytes)
    VALUES (NEW.directory_id, NEW.state, 1, NEW.size_bytes)
    ON CONFLICT (directory_id, state) DO UPDATE SET
      files = files + 1, size_bytes = size_bytes + excluded.size_bytes;
  DELETE FROM file_counts
    WHERE directory_id = OLD.directory_id AND state = OLD.state AND files = 0;
END;
INSERT INTO counters (name, value) VALUES ('contents', (SELECT COUNT(*) FROM contents));
CREATE TRIGGER content_counted AFTER INSERT ON contents BEGIN
  UPDATE counters SET value = value + 1 WHERE name = 'contents';
END;
CREATE TRIGGER content_counted_no_more AFTER DELETE ON contents BEGIN
  UPDATE counters SET value = value - 1 WHERE name = 'contents';
END;
CREATE TABLE decision_counts (
  relation INTEGER PRIMARY KEY,
  in_force INTEGER NOT NULL
);
INSERT INTO decision_counts (relation, in_force)
  SELECT relation, COUNT(*) FROM decisions WHERE state <= 1 GROUP BY relation;
CREATE TRIGGER decision_counted AFTER INSERT ON decisions WHEN NEW.state <= 1 BEGIN
  INSERT INTO decision_counts (relation, in_force) VALUES (NEW.relation, 1)
    ON CONFLICT (relation) DO UPDATE SET in_force = in_force + 1;
END;
CREATE TRIGGER decision_counted_anew AFTER UPDATE OF state ON decisions
  WHEN (OLD.state <= 1) <> (NEW.state <= 1) BEGIN
  INSERT INTO decision_counts (relation, in_force)
    VALUES (NEW.relation, (NEW.state <= 1) - (OLD.state <= 1))
    ON CONFLICT (relation) DO UPDATE SET in_force = in_force + excluded.in_force;
END;
CREATE INDEX files_by_refusal_reason ON files (refusal_reason) WHERE refusal_reason IS NOT NULL;
)sql",
                                                // What the relation `edited` goes by.
                                                R"sql(
CREATE TABLE features (
  content_id INTEGER PRIMARY KEY,
  strongest BLOB NOT NULL,
  others BLOB NOT NULL
);
ALTER TABLE contents ADD COLUMN features_version INTEGER NOT NULL DEFAULT 0;
CREATE INDEX contents_by_versions ON contents (fingerprint_version, features_version);
CREATE TRIGGER features_gone AFTER DELETE ON contents WHEN OLD.features_version <> 0 BEGIN
  DELETE FROM features WHERE content_id = OLD.id;
END;
ALTER TABLE decisions ADD COLUMN mirrored INTEGER;
ALTER TABLE decisions ADD COLUMN rotation_degrees REAL;
ALTER TABLE decisions ADD COLUMN scale REAL;
ALTER TABLE decisions ADD COLUMN overlap REAL;
)sql",
                                                // What a network makes of pictures.
                                                R"sql(
CREATE TABLE embedding_models (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  key BLOB NOT NULL UNIQUE
);
CREATE TABLE embeddings (
  content_id INTEGER PRIMARY KEY,
  vector BLOB NOT NULL
);
ALTER TABLE contents ADD COLUMN embedding_model INTEGER NOT NULL DEFAULT 0;
ALTER TABLE decisions ADD COLUMN embedding_model INTEGER NOT NULL DEFAULT 0;
CREATE INDEX decisions_by_embedding ON decisions (id) WHERE state = 0 AND embedding_model <> 0;
DROP INDEX contents_by_versions;
CREATE INDEX contents_by_versions
  ON contents (fingerprint_version, features_version, embedding_model);
CREATE TRIGGER embedding_gone AFTER DELETE ON contents WHEN OLD.embedding_model <> 0 BEGIN
  DELETE FROM embeddings WHERE content_id = OLD.id;
END;
INSERT INTO counters (name, value) VALUES ('embedding_seed', random());
)sql",
                                                // What is judged anew when a root comes back.
                                                R"sql(
ALTER TABLE files ADD COLUMN judged_without_offline INTEGER NOT NULL DEFAULT 0;
CREATE INDEX files_judged_without_offline ON files (id) WHERE judged_without_offline <> 0;
)sql"};

}  // namespace

int newest_schema_version() { return static_cast<int>(migrations.size()); }

void require_catalog(SqliteDatabase& database, const std::string& path) {
  const std::int64_t version = database.integer_pragma("user_version");
  const std::int64_t application = database.integer_pragma("application_id");
  const bool is_empty = database.integer_pragma("schema_version") == 0;
  if (!is_empty && application != application_id)
    throw StoreError("cannot use " + path +
                     " as the catalog: it is a database of another program; name another file "
                     "in the setting `catalog`");
  if (version > newest_schema_version())
    throw StoreError("cannot use the catalog " + path + ": it has version " +
                     std::to_string(version) + ", this build knows up to " +
                     std::to_string(newest_schema_version()) +
                     "; install the newer imgdedupd that wrote it");
}

bool says_it_is_catalog(SqliteDatabase& database) {
  return database.integer_pragma("application_id") == application_id;
}

void migrate(SqliteDatabase& database) {
  const std::int64_t version = database.integer_pragma("user_version");
  for (std::int64_t step = version; step < newest_schema_version(); ++step) {
    auto transaction = database.begin(Durability::power);
    database.execute(migrations[static_cast<std::size_t>(step)]);
    posix::test_point("migration_step");
    database.execute(("PRAGMA application_id=" + std::to_string(application_id)).c_str());
    database.execute(("PRAGMA user_version=" + std::to_string(step + 1)).c_str());
    transaction->commit();
    posix::test_point("migration_committed");
  }
}

}  // namespace imgdedup::store
