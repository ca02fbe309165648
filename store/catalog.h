// SPDX-License-Identifier: Apache-2.0
// The catalog: what survives a restart. The comments here are the contract of every backend, and
// tests/store/catalog_contract_test.cpp holds each backend to it.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "matching/measurement.h"
#include "matching/policy.h"
#include "store/records.h"

namespace imgdedup::store {

/// Whether a commit survives the loss of power, or only that of the process.
enum class Durability : std::uint8_t { process, power };

/// Lies before the place of every waiting file.
inline constexpr std::int64_t before_all_pending = std::numeric_limits<std::int64_t>::min();

/// A unit of change: all of it or nothing. Leaving scope without commit() undoes it.
class Transaction {
 public:
  virtual ~Transaction() = default;
  /// Throws StoreError; then nothing of the transaction has happened.
  virtual void commit() = 0;
};

/// Which rows of an inode: the one that stands for it, or the further names.
enum class InodeRow : std::uint8_t { own, alias };

/// Where in the order of waiting files a file is put.
enum class QueuePlace : std::uint8_t {
  last,   ///< it has just arrived
  first,  ///< it was judged before: whoever waits for those before it waits for it too
};

struct FileCounts {
  std::array<std::uint64_t, 7> by_state{};  ///< by matching::FileState
  std::uint64_t judged_bytes = 0;           ///< sizes of all judged files

  [[nodiscard]] std::uint64_t of(matching::FileState state) const {
    return by_state[static_cast<std::size_t>(state)];
  }
};

struct DecisionCounts {
  std::array<std::uint64_t, 4> in_force_by_relation{};  ///< standing or quarantined
};

struct QuarantineCounts {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t orphans = 0;  ///< whose content no judged file has
};

/// Which decisions in force a listing shows.
struct DecisionFilter {
  std::optional<matching::Relation> relation;
  std::string under;  ///< a directory; empty: everywhere
};

struct NewDecision {
  FileId file_id = 0;
  matching::DuplicateVerdict verdict;
  std::int64_t decided_at_ns = 0;
  std::optional<DecisionId> supersedes;
};

struct IndexEntry {
  ContentId content_id = 0;
  matching::PerceptualHash hash;
};

struct FeatureEntry {
  ContentId content_id = 0;
  matching::LocalFeatures features;
};

struct EmbeddingEntry {
  ContentId content_id = 0;
  matching::Embedding embedding;
};

/// A place in the listing of decisions by group.
struct GroupPlace {
  FileId original_file_id = 0;
  DecisionId decision_id = 0;

  bool operator==(const GroupPlace&) const = default;
};

/// How much one page of a listing gives, and how much it may cost.
struct PageSize {
  PageSize(std::size_t most_rows, std::size_t most_rows_looked_at = 0)
      : rows(most_rows), rows_looked_at(most_rows_looked_at) {}
  [[nodiscard]] bool is_bounded() const { return rows_looked_at > 0; }

  std::size_t rows;            ///< > 0
  std::size_t rows_looked_at;  ///< also those that the listing leaves out; 0: any number
};

/// A page of a listing that leaves rows out: it may be short or empty and not be the last.
template <typename Row, typename Place>
struct Page {
  std::vector<Row> rows;
  std::optional<Place> next;  ///< the key after which the next page begins; empty: this is the last
};
using FilePage = Page<CatalogFile, FileId>;
using DecisionPage = Page<CatalogDecision, DecisionId>;
using GroupPage = Page<CatalogDecision, GroupPlace>;

/// Loop thread only. Every method throws StoreError when the backend fails; a change outside a
/// transaction is one of its own. Paths are bytes: absolute, '/' between parts, none at the end.
/// Listings are pages: at most `limit` rows whose key comes after the one given (0 or "" to start).
class Catalog {
 public:
  virtual ~Catalog() = default;

  /// Not to be nested.
  [[nodiscard]] virtual std::unique_ptr<Transaction> begin(
      Durability durability = Durability::process) = 0;
  /// All commits so far survive the loss of power from here on.
  virtual void make_durable() = 0;

  // --- files ---

  [[nodiscard]] virtual std::optional<CatalogFile> file(FileId id) = 0;
  [[nodiscard]] virtual std::optional<CatalogFile> file_at(std::string_view path) = 0;
  /// The files that lie directly in `directory`, by name in byte order.
  [[nodiscard]] virtual std::vector<CatalogFile> files_in_directory(std::string_view directory,
                                                                    std::string_view after_name,
                                                                    std::size_t limit) = 0;
  /// All files at any depth below `directory` ("" or "/": all there are), by id.
  [[nodiscard]] virtual FilePage files_below(std::string_view directory, FileId after,
                                             const PageSize& size) = 0;
  /// `directory` and directories at any depth below it that hold files of the catalog.
  [[nodiscard]] virtual std::vector<std::string> directories_below(std::string_view directory) = 0;
  /// Every name of one inode, oldest row first.
  [[nodiscard]] virtual std::vector<CatalogFile> files_with_inode(std::uint64_t device,
                                                                  std::uint64_t inode) = 0;
  /// The oldest row but `except` of an inode that is one, or that is an alias of it; empty if none.
  /// For an inode with thousands of names it costs no more than for one with two.
  [[nodiscard]] virtual std::optional<CatalogFile> one_with_inode(std::uint64_t device,
                                                                  std::uint64_t inode,
                                                                  InodeRow which,
                                                                  FileId except) = 0;
  /// Files that were refused for this reason, by id.
  [[nodiscard]] virtual std::vector<CatalogFile> files_refused_for(matching::RefusalReason reason,
                                                                   FileId after,
                                                                   std::size_t limit) = 0;
  /// Incomplete, unreadable and unsupported files, by id.
  [[nodiscard]] virtual FilePage refused_files(FileId after, const PageSize& size) = 0;

  /// A new row, pending or alias. Precondition: no row at `path`.
  virtual FileId add_file(std::string_view path, const matching::FileStamp& stamp,
                          std::uint64_t hard_links, matching::FileState state) = 0;
  /// The file has, or may have, other bytes than before: it waits for its decision. Content and
  /// role stay until the new bytes are known. A file that waits already keeps its place.
  virtual void mark_pending(FileId id, const matching::FileStamp& stamp, std::uint64_t hard_links,
                            QueuePlace place = QueuePlace::last) = 0;
  /// The stamp moved, the bytes did not (a rename, a new hard link, another device number).
  virtual void set_stamp(FileId id, const matching::FileStamp& stamp, std::uint64_t hard_links) = 0;
  /// The same file under another name; decisions in force show the new path.
  virtual void move_file(FileId id, std::string_view path) = 0;
  /// Each of the two files has the path that the other one had; decisions in force show it.
  virtual void exchange_paths(FileId a, FileId b) = 0;
  /// The file has this content and role; it waits no longer and is not refused.
  virtual void set_judged(FileId id, ContentId content, FileRole role) = 0;
  /// The file cannot be judged; it waits no longer and has no role and no content. But one that was
  /// restored keeps its content, for the reason may pass and the bytes be the same.
  virtual void set_refused(FileId id, matching::FileState state,
                           const matching::Refusal& refusal) = 0;
  /// Another name of an inode that has a row of its own.
  virtual void set_alias(FileId id) = 0;
  virtual void set_restored(FileId id, bool restored) = 0;
  /// Whether the file, when it was judged, resembled an original in a root that was away.
  virtual void set_judged_without_offline(FileId id, bool is_so) = 0;
  /// Files of which that is so, by id.
  [[nodiscard]] virtual std::vector<CatalogFile> files_judged_without_offline(
      FileId after, std::size_t limit) = 0;
  /// The row begins a new life with other bytes, as if first seen now: its new id. Decisions that
  /// were taken on it go with it. Precondition: none stands against it.
  virtual FileId renew_file(FileId id) = 0;
  /// Forgets the row. Decisions in force on the file must have been ended before.
  virtual void remove_file(FileId id) = 0;

  // --- files that wait for a decision, in the order in which they began to wait ---

  struct PendingFile {
    std::int64_t sequence = 0;  ///< place in the order; no two are ever the same
    CatalogFile file;
  };
  /// before_all_pending as `after_sequence` begins with the first.
  [[nodiscard]] virtual std::vector<PendingFile> pending_files(std::int64_t after_sequence,
                                                               std::size_t limit) = 0;
  /// A file that waits waits behind all others from now on: its new place. Nothing for one that
  /// does not wait.
  virtual std::optional<std::int64_t> put_last(FileId id) = 0;
  /// The place of the last that ever arrived.
  [[nodiscard]] virtual std::int64_t last_pending_sequence() = 0;
  /// How many wait whose place is at most `sequence`.
  [[nodiscard]] virtual std::uint64_t pending_up_to(std::int64_t sequence) = 0;

  // --- contents ---

  [[nodiscard]] virtual std::optional<CatalogContent> content(ContentId id) = 0;
  [[nodiscard]] virtual std::optional<ContentId> content_with_digest(
      const matching::ContentDigest& digest) = 0;
  [[nodiscard]] virtual bool has_content_of_size(std::uint64_t size_bytes) = 0;
  /// The row of this content, made if there is none. One that was measured by another version, or
  /// lacks features or the embedding that the measurement has, takes what was measured now.
  /// Contents of which no file is left vanish by themselves, and their features and embeddings with
  /// them.
  virtual ContentId add_content(const matching::Measurement& measurement) = 0;
  ContentId add_content(const matching::Fingerprint& fingerprint) {
    return add_content(matching::Measurement{fingerprint, std::nullopt, std::nullopt});
  }
  /// What is known of the content counts as measured by another version from now on. To be called
  /// when no judged file has it.
  virtual void forget_measurement(ContentId id) = 0;
  /// Empty if none were measured, or by another version than this build's.
  [[nodiscard]] virtual std::optional<matching::PictureFeatures> features(ContentId id) = 0;
  /// Contents of this build's version with this reduced picture and size as shown, oldest first.
  [[nodiscard]] virtual std::vector<ContentId> contents_with_reduced_picture(
      const matching::Fingerprint& fingerprint, std::size_t limit) = 0;
  /// Judged originals of this content, oldest row first.
  [[nodiscard]] virtual std::vector<CatalogFile> originals_with_content(ContentId id) = 0;
  /// All judged files of this content, oldest row first.
  [[nodiscard]] virtual std::vector<CatalogFile> files_with_content(ContentId id) = 0;
  /// The hash of every content of this build's version that a judged original has, by content id.
  [[nodiscard]] virtual std::vector<IndexEntry> index_entries(matching::HashKind kind,
                                                              ContentId after,
                                                              std::size_t limit) = 0;
  /// The features of every content with features of this build's version that a judged original
  /// has, by content id: at least the `strongest` strongest of each, if it has so many.
  [[nodiscard]] virtual std::vector<FeatureEntry> feature_entries(std::size_t strongest,
                                                                  ContentId after,
                                                                  std::size_t limit) = 0;
  /// From here on embeddings are those by the model with this key (matching::embedding_key()).
  /// Those by other models count as not measured until others take their place. Not called: there
  /// are no embeddings, and none are kept.
  virtual void use_embedding_model(std::string_view key) = 0;
  /// Empty if none was measured by the model in use.
  [[nodiscard]] virtual std::optional<matching::Embedding> embedding(ContentId id) = 0;
  /// The embedding, by the model in use, of every content that a judged original has, by content
  /// id; those without values are left out.
  [[nodiscard]] virtual std::vector<EmbeddingEntry> embedding_entries(ContentId after,
                                                                      std::size_t limit) = 0;
  /// Removes up to `limit` embeddings, by whatever model; whether there are more. Precondition: no
  /// model is in use.
  virtual bool forget_embeddings(std::size_t limit) = 0;
  /// Standing decisions that rest on embeddings alone, by another model than the one in use; by id.
  [[nodiscard]] virtual std::vector<CatalogDecision> decisions_by_other_models(
      DecisionId after, std::size_t limit) = 0;
  /// A number drawn once for each catalog: the seed of the hyperplanes of its embeddings.
  [[nodiscard]] virtual std::uint64_t embedding_seed() = 0;
  /// Contents that were measured by another version than this build's or, where `wanted` says so,
  /// have no features of this version, or no embedding by the model in use; by id.
  [[nodiscard]] virtual std::vector<ContentId> contents_to_measure(const matching::Measures& wanted,
                                                                   ContentId after,
                                                                   std::size_t limit) = 0;
  /// How many these are. Costs a look at each of them.
  [[nodiscard]] virtual std::uint64_t count_contents_to_measure(
      const matching::Measures& wanted) = 0;

  // --- decisions ---

  /// Records that a judged file is a duplicate. Paths and digests are taken from the two files'
  /// rows. Precondition: both have a content, and no standing decision is on the file.
  virtual DecisionId add_decision(const NewDecision& decision) = 0;
  virtual void set_decision_state(DecisionId id, matching::DecisionState state) = 0;
  [[nodiscard]] virtual std::optional<CatalogDecision> decision(DecisionId id) = 0;
  [[nodiscard]] virtual std::optional<CatalogDecision> standing_decision_on(FileId file) = 0;
  /// The last decision ever taken on the file, whatever its state.
  [[nodiscard]] virtual std::optional<CatalogDecision> last_decision_on(FileId file) = 0;
  /// Standing decisions that hold a file against `original`.
  [[nodiscard]] virtual std::vector<CatalogDecision> standing_decisions_against(
      FileId original) = 0;
  /// Every decision ever taken, in the order of ids.
  [[nodiscard]] virtual std::vector<CatalogDecision> decisions_after(DecisionId after,
                                                                     std::size_t limit) = 0;
  [[nodiscard]] virtual DecisionId last_decision_id() = 0;
  /// Decisions to come get ids above `id`, so that ids of a lost catalog are not used again.
  virtual void reserve_decision_ids(DecisionId id) = 0;
  /// An id that no decision has or had, and that none to come gets by itself.
  virtual DecisionId reserve_decision_id() = 0;
  /// Standing or quarantined, newest first; `before`: 0 to start.
  [[nodiscard]] virtual DecisionPage decisions_in_force(const DecisionFilter& filter,
                                                        DecisionId before,
                                                        const PageSize& size) = 0;
  /// Decisions in force whose duplicate or original lies below `under` ("": everywhere), by
  /// original and id.
  [[nodiscard]] virtual GroupPage decisions_by_group(std::string_view under,
                                                     const GroupPlace& after,
                                                     const PageSize& size) = 0;
  [[nodiscard]] virtual std::uint64_t count_decisions_against(FileId original) = 0;
  /// Standing decisions whose action is quarantine and which no move has carried out, by id.
  [[nodiscard]] virtual std::vector<CatalogDecision> decisions_to_carry_out(DecisionId after,
                                                                            std::size_t limit) = 0;

  // --- the owner's word ---

  virtual void set_distinct(const matching::ContentDigest& a, const matching::ContentDigest& b,
                            bool distinct) = 0;
  [[nodiscard]] virtual bool are_distinct(const matching::ContentDigest& a,
                                          const matching::ContentDigest& b) = 0;

  // --- the journal of moves ---

  /// A row in the entry's state (intent, copying), durable against power loss when this returns
  /// (not inside a transaction). Replaces a row of the same id, unless that one says quarantined,
  /// copied or restoring: then it throws StoreError.
  virtual void begin_move(const QuarantineEntry& entry) = 0;
  virtual void set_move_state(DecisionId id, MoveState state) = 0;
  [[nodiscard]] virtual std::optional<QuarantineEntry> quarantine_entry(DecisionId id) = 0;
  [[nodiscard]] virtual std::vector<QuarantineEntry> quarantine_entries(MoveState state,
                                                                        DecisionId after,
                                                                        std::size_t limit) = 0;
  /// The directories in which files lie in quarantine, or ever lay.
  [[nodiscard]] virtual std::vector<std::string> quarantine_directories() = 0;
  /// The file of a row lies here now.
  virtual void set_move_place(DecisionId id, std::string_view quarantine_directory,
                              std::string_view name) = 0;
  /// Takes a file that lies in quarantine unknown to this catalog into the journal, with a decision
  /// of the same id in state quarantined: the one that there is, if it is about this content at
  /// this path, or a new one. False when the journal has the id already, or the decision of that id
  /// is about something else.
  virtual bool adopt_quarantine_entry(const QuarantineEntry& entry) = 0;
  /// Whether a judged file has this content.
  [[nodiscard]] virtual bool has_judged_file(const matching::ContentDigest& digest) = 0;

  // --- roots ---

  [[nodiscard]] virtual std::optional<RootIdentity> root_identity(std::string_view path) = 0;
  virtual void set_root_identity(std::string_view path, const RootIdentity& identity) = 0;

  // --- figures ---

  /// Files at any depth below `directory` ("": all). Costs a look at each directory, not at each
  /// file.
  [[nodiscard]] virtual FileCounts count_files(std::string_view directory) = 0;
  [[nodiscard]] virtual std::uint64_t count_contents() = 0;
  /// Files that failed a worker process twice.
  [[nodiscard]] virtual std::uint64_t count_poison() = 0;
  [[nodiscard]] virtual DecisionCounts count_decisions() = 0;
  [[nodiscard]] virtual QuarantineCounts count_quarantine() = 0;
};

}  // namespace imgdedup::store
