// SPDX-License-Identifier: Apache-2.0
// The rows of the catalog as values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "matching/decision.h"
#include "matching/decision_state.h"
#include "matching/image_record.h"
#include "matching/refusal.h"

namespace imgdedup::store {

using FileId = std::int64_t;
using ContentId = std::int64_t;
using DecisionId = std::int64_t;

/// What a file is in its group, once it has been judged.
enum class FileRole : std::uint8_t { none, original, duplicate };

/// One name of one file in the watched folders.
struct CatalogFile {
  FileId id = 0;
  std::string path;  ///< absolute, bytes
  matching::FileStamp stamp;
  std::uint64_t hard_links = 1;
  matching::FileState state = matching::FileState::pending;
  FileRole role = FileRole::none;
  /// The content it had when it was last read; a pending file may have another one by now.
  std::optional<ContentId> content_id;
  std::optional<matching::Refusal> refusal;  ///< for incomplete, unreadable, unsupported, ...
  /// Its owner took it out of quarantine: not judged a duplicate again until it changes.
  bool restored = false;
};

struct CatalogContent {
  ContentId id = 0;
  matching::Fingerprint fingerprint;
  /// matching::fingerprint_version when it was measured. Hashes of other versions than the build's
  /// are neither compared nor indexed.
  int fingerprint_version = 0;
  bool has_features = false;  ///< and they are of that version
  /// Of the model in use, even if without values.
  bool has_embedding = false;

  [[nodiscard]] bool is_current() const {
    return fingerprint_version == matching::fingerprint_version;
  }
};

/// A decision as it was taken, and what became of it.
struct CatalogDecision {
  DecisionId id = 0;  ///< grows with every decision, never used twice
  FileId file_id = 0;
  FileId original_file_id = 0;
  std::string path;           ///< where the file is, or was when it left the watched folders
  std::string original_path;  ///< likewise
  matching::Relation relation = matching::Relation::exact;
  matching::Evidence evidence;
  matching::Action action = matching::Action::log;
  matching::ActionLimit action_limit = matching::ActionLimit::none;
  matching::ContentDigest content;
  matching::ContentDigest original_content;
  std::int64_t decided_at_ns = 0;  ///< since 1970, UTC
  matching::DecisionState state = matching::DecisionState::standing;
  std::optional<DecisionId> supersedes;
};

enum class MoveState : std::uint8_t {
  intent,       ///< written down; the rename may or may not have happened
  quarantined,  ///< lies in quarantine
  undone,       ///< not moved, or put back: the file is where it was
  failed,       ///< the system refused the rename: the file is where it was
  restored,     ///< its owner took it back
  purged,       ///< its owner deleted it for good
  lost,         ///< gone from quarantine by other hands
  copying,      ///< being copied into quarantine on another mount: the file is where it was
  copied,       ///< lies in quarantine; the file it was copied from may be there still
  restoring,    ///< being copied back to another mount: lies in quarantine still
};

/// Whether a row in this state is one of a move that has not come to its end.
constexpr bool is_unfinished(MoveState state) {
  return state == MoveState::intent || state == MoveState::copying || state == MoveState::copied ||
         state == MoveState::restoring;
}

/// One row of the journal of moves. Its id is that of the decision which caused it.
struct QuarantineEntry {
  DecisionId id = 0;
  MoveState state = MoveState::intent;
  std::string original_path;         ///< absolute: where it was
  std::string quarantine_directory;  ///< absolute
  std::string name;                  ///< in that directory
  matching::FileStamp stamp;         ///< as it was before the move
  matching::ContentDigest content;
  std::string keeper_path;  ///< the original it was held against
  matching::Relation relation = matching::Relation::exact;
  std::int64_t moved_at_ns = 0;  ///< since 1970, UTC
};

/// Which file system and directory a watched root was when it was last seen with files.
struct RootIdentity {
  std::uint64_t filesystem_id = 0;
  std::uint64_t inode = 0;

  bool operator==(const RootIdentity&) const = default;
};

}  // namespace imgdedup::store
