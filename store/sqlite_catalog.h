// SPDX-License-Identifier: Apache-2.0
// The catalog in one SQLite file (WAL).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "store/catalog.h"
#include "store/sqlite_database.h"
#include "store/sqlite_statement.h"

namespace imgdedup::store {

/// See Catalog. The file is locked for one instance for as long as the object lives.
class SqliteCatalog final : public Catalog {
 public:
  /// Opens the catalog as SqliteDatabase does. One that begins empty where there was one before
  /// takes the owner's word over that was saved, and is being rebuilt. Throws StoreError.
  explicit SqliteCatalog(const std::string& path);

  // --- the care for its file; see catalog_files.h ---

  [[nodiscard]] const CatalogStart& start() const { return database_.start(); }
  [[nodiscard]] const std::string& path() const { return database_.path(); }
  /// Throws StoreError when the files were deleted or replaced.
  void require_in_place() const { database_.require_in_place(); }
  /// When the rebuilding began that has not ended yet, in seconds since 1970.
  [[nodiscard]] std::optional<std::int64_t> rebuilding_since();
  /// The files are found, and none is judged yet: those that were restored, and so once were
  /// duplicates, come after all others.
  void put_restored_last();
  /// Every file has been looked at again.
  void end_rebuilding();
  /// When every index was last held against its table; 0: never.
  [[nodiscard]] std::int64_t last_full_check_seconds();
  void set_last_full_check(std::int64_t seconds);
  /// Called after a change of what verdicts.h saves, inside the transaction, if there is one.
  void on_verdict_change(std::function<void()> callback) {
    on_verdict_change_ = std::move(callback);
  }

  [[nodiscard]] std::unique_ptr<Transaction> begin(Durability durability) override;
  void make_durable() override;

  std::optional<CatalogFile> file(FileId id) override;
  std::optional<CatalogFile> file_at(std::string_view path) override;
  std::vector<CatalogFile> files_in_directory(std::string_view directory,
                                              std::string_view after_name,
                                              std::size_t limit) override;
  FilePage files_below(std::string_view directory, FileId after, const PageSize& size) override;
  std::vector<std::string> directories_below(std::string_view directory) override;
  std::vector<CatalogFile> files_with_inode(std::uint64_t device, std::uint64_t inode) override;
  std::optional<CatalogFile> one_with_inode(std::uint64_t device, std::uint64_t inode,
                                            InodeRow which, FileId except) override;
  std::vector<CatalogFile> files_refused_for(matching::RefusalReason reason, FileId after,
                                             std::size_t limit) override;
  FilePage refused_files(FileId after, const PageSize& size) override;
  FileId add_file(std::string_view path, const matching::FileStamp& stamp, std::uint64_t hard_links,
                  matching::FileState state) override;
  void mark_pending(FileId id, const matching::FileStamp& stamp, std::uint64_t hard_links,
                    QueuePlace place) override;
  void set_stamp(FileId id, const matching::FileStamp& stamp, std::uint64_t hard_links) override;
  void move_file(FileId id, std::string_view path) override;
  void exchange_paths(FileId a, FileId b) override;
  void set_judged(FileId id, ContentId content, FileRole role) override;
  void set_refused(FileId id, matching::FileState state, const matching::Refusal& refusal) override;
  void set_alias(FileId id) override;
  void set_restored(FileId id, bool restored) override;
  void set_judged_without_offline(FileId id, bool is_so) override;
  std::vector<CatalogFile> files_judged_without_offline(FileId after, std::size_t limit) override;
  FileId renew_file(FileId id) override;
  void remove_file(FileId id) override;

  std::vector<PendingFile> pending_files(std::int64_t after_sequence, std::size_t limit) override;
  std::optional<std::int64_t> put_last(FileId id) override;
  std::int64_t last_pending_sequence() override;
  std::uint64_t pending_up_to(std::int64_t sequence) override;

  std::optional<CatalogContent> content(ContentId id) override;
  std::optional<ContentId> content_with_digest(const matching::ContentDigest& digest) override;
  bool has_content_of_size(std::uint64_t size_bytes) override;
  using Catalog::add_content;
  ContentId add_content(const matching::Measurement& measurement) override;
  void forget_measurement(ContentId id) override;
  std::optional<matching::PictureFeatures> features(ContentId id) override;
  std::vector<ContentId> contents_with_reduced_picture(const matching::Fingerprint& fingerprint,
                                                       std::size_t limit) override;
  std::vector<CatalogFile> originals_with_content(ContentId id) override;
  std::vector<CatalogFile> files_with_content(ContentId id) override;
  std::vector<IndexEntry> index_entries(matching::HashKind kind, ContentId after,
                                        std::size_t limit) override;
  std::vector<FeatureEntry> feature_entries(std::size_t strongest, ContentId after,
                                            std::size_t limit) override;
  void use_embedding_model(std::string_view key) override;
  std::optional<matching::Embedding> embedding(ContentId id) override;
  std::vector<EmbeddingEntry> embedding_entries(ContentId after, std::size_t limit) override;
  bool forget_embeddings(std::size_t limit) override;
  std::vector<CatalogDecision> decisions_by_other_models(DecisionId after,
                                                         std::size_t limit) override;
  std::uint64_t embedding_seed() override;
  std::vector<ContentId> contents_to_measure(const matching::Measures& wanted, ContentId after,
                                             std::size_t limit) override;
  std::uint64_t count_contents_to_measure(const matching::Measures& wanted) override;

  DecisionId add_decision(const NewDecision& decision) override;
  void set_decision_state(DecisionId id, matching::DecisionState state) override;
  std::optional<CatalogDecision> decision(DecisionId id) override;
  std::optional<CatalogDecision> standing_decision_on(FileId file) override;
  std::optional<CatalogDecision> last_decision_on(FileId file) override;
  std::vector<CatalogDecision> standing_decisions_against(FileId original) override;
  std::vector<CatalogDecision> decisions_after(DecisionId after, std::size_t limit) override;
  DecisionId last_decision_id() override;
  void reserve_decision_ids(DecisionId id) override;
  DecisionId reserve_decision_id() override;
  DecisionPage decisions_in_force(const DecisionFilter& filter, DecisionId before,
                                  const PageSize& size) override;
  GroupPage decisions_by_group(std::string_view under, const GroupPlace& after,
                               const PageSize& size) override;
  std::uint64_t count_decisions_against(FileId original) override;
  std::vector<CatalogDecision> decisions_to_carry_out(DecisionId after, std::size_t limit) override;

  void set_distinct(const matching::ContentDigest& a, const matching::ContentDigest& b,
                    bool distinct) override;
  bool are_distinct(const matching::ContentDigest& a, const matching::ContentDigest& b) override;

  void begin_move(const QuarantineEntry& entry) override;
  void set_move_state(DecisionId id, MoveState state) override;
  std::optional<QuarantineEntry> quarantine_entry(DecisionId id) override;
  std::vector<QuarantineEntry> quarantine_entries(MoveState state, DecisionId after,
                                                  std::size_t limit) override;
  std::vector<std::string> quarantine_directories() override;
  void set_move_place(DecisionId id, std::string_view quarantine_directory,
                      std::string_view name) override;
  bool adopt_quarantine_entry(const QuarantineEntry& entry) override;
  bool has_judged_file(const matching::ContentDigest& digest) override;

  std::optional<RootIdentity> root_identity(std::string_view path) override;
  void set_root_identity(std::string_view path, const RootIdentity& identity) override;

  FileCounts count_files(std::string_view directory) override;
  std::uint64_t count_contents() override;
  std::uint64_t count_poison() override;
  DecisionCounts count_decisions() override;
  QuarantineCounts count_quarantine() override;

 private:
  /// The prepared statement of a constant, prepared when first asked for.
  SqliteStatement& prepared(const char* sql);
  void take_over();
  [[nodiscard]] std::optional<std::int64_t> care_counter(const char* name);
  void set_care_counter(const char* name, std::int64_t value);
  /// A transaction for a change of several statements; nothing where one is under way.
  [[nodiscard]] std::unique_ptr<Transaction> begin_own();
  struct Place {
    std::int64_t directory_id = 0;
    std::optional<ContentId> content_id;
  };
  Place place_of(FileId id);
  void write_move(const QuarantineEntry& entry);
  std::int64_t directory_id(std::string_view directory);
  std::int64_t next_pending_sequence(QueuePlace place);
  void remove_directory_if_empty(std::int64_t directory_id);
  void remove_content_if_unused(std::optional<ContentId> id);
  ContentId insert_content(const matching::Fingerprint& fingerprint);
  void update_content(ContentId id, const matching::Fingerprint& fingerprint);
  void set_features(ContentId id, const matching::PictureFeatures& features);
  void set_embedding(ContentId id, const matching::Embedding& embedding);

  std::function<void()> on_verdict_change_ = [] {};
  std::int64_t embedding_model_ = 0;  ///< its row; 0: none is in use
  // The cache goes before the connection: statements are finalised while it is open.
  SqliteDatabase database_;
  std::unordered_map<const char*, std::unique_ptr<SqliteStatement>> prepared_;
};

}  // namespace imgdedup::store
