// SPDX-License-Identifier: Apache-2.0
// The local features of all originals, searchable by votes; rebuilt from the catalog at start.
#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

#include "matching/feature_index.h"
#include "store/catalog.h"

namespace imgdedup::daemon {

/// Whether a picture is looked for as it is, or its left and right exchanged.
enum class Mirroring { none, mirrored };

/// Holds a content exactly while a judged original has it and its features are known. Loop thread
/// only.
class FeatureLookup {
 public:
  explicit FeatureLookup(store::Catalog& catalog, matching::FeatureIndexLimits limits = {})
      : catalog_(catalog), index_(limits) {}

  /// Loads one page of the catalog; true when there are more.
  bool load_page();
  [[nodiscard]] bool is_loaded() const { return is_loaded_; }

  /// Brings the entry of this content up to date: whether a judged original has it.
  void refresh(store::ContentId id, bool is_wanted);

  struct Candidate {
    store::ContentId id = 0;
    Mirroring mirroring = Mirroring::none;

    bool operator==(const Candidate&) const = default;
  };
  /// Contents that may show the same picture as one with these features, or as its mirror image,
  /// the most likely first; at most `count`. A content may be both.
  [[nodiscard]] std::vector<Candidate> best(const matching::LocalFeatures& features,
                                            const matching::LocalFeatures& mirrored,
                                            std::size_t count) const;

  /// Number of contents.
  [[nodiscard]] std::size_t size() const { return index_.size(); }
  [[nodiscard]] std::size_t memory_bytes() const { return index_.memory_bytes(); }
  [[nodiscard]] std::chrono::duration<double> build_time() const { return build_time_; }

 private:
  store::Catalog& catalog_;
  matching::FeatureIndex index_;
  store::ContentId loaded_up_to_ = 0;
  bool is_loaded_ = false;
  std::chrono::duration<double> build_time_{0};
};

}  // namespace imgdedup::daemon
