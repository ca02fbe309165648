// SPDX-License-Identifier: Apache-2.0
// The results of the commands other than `status`: plain values with their JSON forms.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "matching/decision.h"
#include "matching/decision_state.h"
#include "matching/image_record.h"
#include "matching/refusal.h"
#include "protocol/json.h"
#include "protocol/status_report.h"
#include "protocol/time_text.h"

// Every type has to_json() and from_json() for Json; from_json() throws Json::exception when a
// member is missing, of another kind or an unknown word. An absent optional is null. Contents are
// 64 hex digits. Paths are bytes and go through put_path().
namespace imgdedup::protocol {

/// A decision: one line of the duplicates log, one item of `duplicates` and `events`.
struct DecisionReport {
  std::int64_t id = 0;  ///< grows with time
  matching::Relation relation = matching::Relation::exact;
  std::string path;      ///< the duplicate
  std::string original;  ///< path of the original
  matching::Action action = matching::Action::log;
  /// Why the action is milder than the policy's; null in JSON for none.
  matching::ActionLimit action_limit = matching::ActionLimit::none;
  matching::Evidence evidence;
  matching::ContentDigest content;
  matching::ContentDigest original_content;
  Time decided_at;
  matching::DecisionState state = matching::DecisionState::standing;
  std::optional<std::int64_t> supersedes;  ///< id of the decision that this one replaced
  /// Why the file has not been moved to quarantine, though it was to be. In listings only; its
  /// member is absent where there is nothing to say.
  std::optional<std::string> not_moved;

  bool operator==(const DecisionReport&) const = default;
};

/// One line of the duplicates log without its newline.
std::string decision_line(const DecisionReport& decision);

/// An original with its duplicates: one item of `groups`. A group that does not fit on a page goes
/// on at the next one as an item with the same id.
struct GroupReport {
  std::int64_t id = 0;   ///< file id of the original
  std::string original;  ///< its path
  matching::ContentDigest content;
  std::uint64_t copies = 0;  ///< duplicates in the whole group
  std::vector<DecisionReport> duplicates;

  bool operator==(const GroupReport&) const = default;
};

/// Where a page of `groups` ended: it lists decisions in the order (original, decision).
struct GroupCursor {
  std::int64_t group_id = 0;
  std::int64_t decision_id = 0;

  bool operator==(const GroupCursor&) const = default;
};
/// "17:2345".
std::string to_text(const GroupCursor& cursor);
std::optional<GroupCursor> group_cursor_from_text(std::string_view text);

/// What a file that was asked about would be judged to be.
enum class Judgement : std::uint8_t {
  original,   ///< nothing in the catalog is like it
  duplicate,  ///< of `original`
  incomplete,
  unreadable,
  unsupported,
  not_an_image,
};

/// "original", "duplicate", "incomplete", "unreadable", "unsupported", "not-an-image".
std::string_view name_of(Judgement judgement);
std::optional<Judgement> judgement_from_name(std::string_view name);

/// One item of `query`.
struct QueryReport {
  std::string path;  ///< as asked
  Judgement judged = Judgement::original;
  std::optional<matching::ContentDigest> content;
  std::optional<matching::Relation> relation;     ///< when a duplicate
  std::optional<std::string> original;            ///< when a duplicate
  std::optional<matching::Evidence> evidence;     ///< when a duplicate
  std::optional<matching::RefusalReason> reason;  ///< when neither original nor duplicate
  std::optional<std::string> message;             ///< the same for people

  bool operator==(const QueryReport&) const = default;
};

/// One item of `quarantine.list`.
struct QuarantineEntryReport {
  std::int64_t id = 0;          ///< what restore and purge are given: the decision's id
  std::string path;             ///< where the file lay
  std::string quarantine_path;  ///< where it lies
  matching::ContentDigest content;
  std::uint64_t bytes = 0;
  matching::Relation relation = matching::Relation::exact;
  std::string original;
  Time quarantined_at;
  bool last_copy = false;  ///< no other file with this content is left: an orphan
  bool changed = false;    ///< somebody has written into it since it was moved
  matching::DecisionState state = matching::DecisionState::quarantined;

  bool operator==(const QuarantineEntryReport&) const = default;
};

/// What happened to one entry: an item of `quarantine.apply`, `quarantine.restore` and
/// `quarantine.purge`.
struct MoveReport {
  std::int64_t id = 0;
  std::string path;  ///< where the file lay; empty when the id is not known
  bool done = false;
  std::optional<std::string> message;  ///< why not

  bool operator==(const MoveReport&) const = default;
};

/// One item of `files`.
struct FileReport {
  std::int64_t id = 0;
  std::string path;
  matching::FileState state = matching::FileState::pending;
  std::uint64_t bytes = 0;
  std::optional<matching::ContentDigest> content;

  bool operator==(const FileReport&) const = default;
};

/// One item of `unreadable`.
struct UnreadableReport {
  std::int64_t id = 0;
  std::string path;
  matching::FileState state = matching::FileState::unreadable;
  matching::RefusalReason reason = matching::RefusalReason::damaged;
  std::string message;

  bool operator==(const UnreadableReport&) const = default;
};

/// The result of `sync`: everything that lay in the folders has its decision.
struct SyncReport {
  std::uint64_t files = 0;  ///< that were judged while it waited
  double seconds = 0;       ///< that it waited

  bool operator==(const SyncReport&) const = default;
};

/// The params of a "progress" notification.
struct ProgressReport {
  std::uint64_t pending = 0;
  std::uint64_t total = 0;

  bool operator==(const ProgressReport&) const = default;
};

/// The result of `distinct`.
struct DistinctReport {
  matching::ContentDigest first_content;
  matching::ContentDigest second_content;
  bool distinct = true;  ///< what holds now
  bool changed = true;   ///< whether the call changed it

  bool operator==(const DistinctReport&) const = default;
};

/// The result of `rescan`, `pause`, `resume`, `reload`.
struct StateReport {
  ServiceState state = ServiceState::idle;

  bool operator==(const StateReport&) const = default;
};

void to_json(Json& json, const DecisionReport& report);
void from_json(const Json& json, DecisionReport& report);
void to_json(Json& json, const GroupReport& report);
void from_json(const Json& json, GroupReport& report);
void to_json(Json& json, const QueryReport& report);
void from_json(const Json& json, QueryReport& report);
void to_json(Json& json, const QuarantineEntryReport& report);
void from_json(const Json& json, QuarantineEntryReport& report);
void to_json(Json& json, const MoveReport& report);
void from_json(const Json& json, MoveReport& report);
void to_json(Json& json, const FileReport& report);
void from_json(const Json& json, FileReport& report);
void to_json(Json& json, const UnreadableReport& report);
void from_json(const Json& json, UnreadableReport& report);
void to_json(Json& json, const SyncReport& report);
void from_json(const Json& json, SyncReport& report);
void to_json(Json& json, const ProgressReport& report);
void from_json(const Json& json, ProgressReport& report);
void to_json(Json& json, const DistinctReport& report);
void from_json(const Json& json, DistinctReport& report);
void to_json(Json& json, const StateReport& report);
void from_json(const Json& json, StateReport& report);

/// A page of a listing: {"items": [...], "next": what the next page's `after` is, or null}.
Json make_page(Json items, Json next);

}  // namespace imgdedup::protocol
