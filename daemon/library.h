// SPDX-License-Identifier: Apache-2.0
// The catalog and the indexes in step: every change of what a file is goes through here.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/embedding_lookup.h"
#include "daemon/feature_lookup.h"
#include "daemon/hash_index.h"
#include "store/catalog.h"

namespace imgdedup::daemon {

/// Keeps what the catalog promises: stars around originals, at most one standing decision a file,
/// duplicates judged anew when their original goes. Each call is one transaction. Loop thread only.
class Library {
 public:
  /// features: nullptr where nobody looks for edits; embeddings: where there is no model.
  Library(store::Catalog& catalog, HashIndex& index, FeatureLookup* features = nullptr,
          EmbeddingLookup* embeddings = nullptr)
      : catalog_(catalog), index_(index), features_(features), embeddings_(embeddings) {}

  /// Called whenever a file that was judged has to be judged anew.
  void on_judged_again(std::function<void()> callback) { on_judged_again_ = std::move(callback); }

  [[nodiscard]] store::Catalog& catalog() { return catalog_; }
  [[nodiscard]] HashIndex& index() { return index_; }
  [[nodiscard]] const FeatureLookup* features() const { return features_; }
  [[nodiscard]] const EmbeddingLookup* embeddings() const { return embeddings_; }

  /// Runs `change` in one transaction; calls inside it join that one.
  void in_transaction(const std::function<void()>& change);

  // --- what the reconciler sees ---

  /// A name that the catalog does not know, of an inode it does not know.
  void found_file(std::string_view path, const matching::FileStamp& stamp,
                  std::uint64_t hard_links);
  /// Another name of an inode whose row is at another path, which exists as well.
  void found_alias(std::string_view path, const matching::FileStamp& stamp,
                   std::uint64_t hard_links);
  /// The row stands for its inode under the name of this alias from now on, which takes its name.
  /// Its row as it is then.
  store::CatalogFile stand_under(const store::CatalogFile& file, const store::CatalogFile& alias);
  /// The stamp differs: other bytes, or only a touch. Its decision stands until that is known.
  void file_changed(const store::CatalogFile& file, const matching::FileStamp& stamp,
                    std::uint64_t hard_links);
  /// The row's file, unmodified, has this path now. A row that stood at the path is given the old
  /// one, for the two may have swapped names, and returned: somebody has to look for its file.
  std::optional<store::CatalogFile> file_moved(const store::CatalogFile& file,
                                               std::string_view path,
                                               const matching::FileStamp& stamp,
                                               std::uint64_t hard_links);
  /// No file is there any more. Another name of the inode takes its place, if there is one; else
  /// its duplicates are judged anew.
  void file_gone(const store::CatalogFile& file);

  // --- what intake and judge find out ---

  /// Whether the catalog says of these bytes what this build does not measure of them: a worker
  /// lied or erred, or a decoder of the system has changed.
  [[nodiscard]] bool contradicts(const matching::Measurement& measurement) const;
  struct Learnt {
    store::ContentId content = 0;
    bool has_corrected = false;  ///< what was measured of it before was something else
  };
  /// The row of the content, as it was measured now. What was said of it before and is contradicted
  /// goes, and files that were judged by that wait to be judged anew.
  Learnt learn(const matching::Measurement& measurement);

  /// The bytes are not those the row had: decisions that rested on them fall, and the file counts
  /// as first seen now. Its row as it is then.
  store::CatalogFile content_changed(const store::CatalogFile& file);
  void refused(const store::CatalogFile& file, matching::FileState state,
               const matching::Refusal& refusal);
  /// The bytes are those the row had: it is what it was.
  void unchanged(const store::CatalogFile& file);
  void judged_original(const store::CatalogFile& file, store::ContentId content);
  store::DecisionId judged_duplicate(const store::CatalogFile& file, store::ContentId content,
                                     const matching::DuplicateVerdict& verdict,
                                     std::int64_t now_ns);
  /// These files wait to be judged once more, in this order, before all others that wait. Decisions
  /// on them and against them end.
  void judge_again(const std::vector<store::FileId>& files);
  /// The same, but only the decisions on them end, and those that wait already keep their place.
  void judge_again_alone(const std::vector<store::FileId>& files);
  /// These judged files wait to be measured once more, behind all others that wait. Decisions on
  /// them stand.
  void measure_again(const std::vector<store::FileId>& files);
  /// A file that is not quiet waits behind all others from now on: its new place among them.
  /// Nothing for one that does not wait.
  std::optional<std::int64_t> put_last(const store::CatalogFile& file);
  /// Refused files that wait again, for the reason may have gone.
  void try_again(const std::vector<store::CatalogFile>& files);

 private:
  [[nodiscard]] std::optional<store::ContentId> contradicted_by(
      const matching::Measurement& measurement) const;
  void end_decision_on(const store::CatalogFile& file);
  void retire(const store::CatalogFile& file, matching::DecisionState why);
  void wait_again(const store::CatalogFile& file, store::QueuePlace place);
  void refresh_index(const std::optional<store::CatalogContent>& content);
  [[nodiscard]] std::optional<store::CatalogFile> alias_of(const store::CatalogFile& file);
  [[nodiscard]] std::optional<store::CatalogContent> content_of(const store::CatalogFile& file);

  store::Catalog& catalog_;
  HashIndex& index_;
  FeatureLookup* features_;
  EmbeddingLookup* embeddings_;
  std::function<void()> on_judged_again_ = [] {};
  bool in_transaction_ = false;
};

}  // namespace imgdedup::daemon
