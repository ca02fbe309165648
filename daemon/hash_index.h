// SPDX-License-Identifier: Apache-2.0
// The perceptual hashes of all originals, searchable by distance; rebuilt from the catalog at
// start.
#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

#include "matching/bk_tree.h"
#include "store/catalog.h"

namespace imgdedup::daemon {

/// Holds a content exactly while a judged original has it and its hash is of this build's version.
/// Loop thread only.
class HashIndex {
 public:
  HashIndex(store::Catalog& catalog, matching::HashKind kind) : catalog_(catalog), kind_(kind) {}

  /// Loads one page of the catalog; true when there are more. The index stands after the page that
  /// gives false.
  bool load_page();
  [[nodiscard]] bool is_loaded() const { return is_loaded_; }

  /// Brings the entry of this content up to date with the catalog, which may have forgotten it.
  void refresh(const store::CatalogContent& content);
  [[nodiscard]] bool holds(store::ContentId id) const;

  struct Near {
    store::ContentId content_id = 0;
    int distance_bits = 0;
  };
  /// Contents within the radius, nearest first, then oldest first.
  [[nodiscard]] std::vector<Near> within(const matching::PerceptualHashes& hashes,
                                         int radius_bits) const;

  [[nodiscard]] matching::HashKind kind() const { return kind_; }
  [[nodiscard]] std::size_t size() const { return tree_.size(); }
  [[nodiscard]] std::chrono::duration<double> build_time() const { return build_time_; }

 private:
  void set_held(store::ContentId id, bool held);

  store::Catalog& catalog_;
  matching::HashKind kind_;
  matching::BkTree tree_;
  std::vector<bool> held_;  // by content id
  std::vector<matching::BkTree::Entry> loading_;
  store::ContentId loaded_up_to_ = 0;
  bool is_loaded_ = false;
  std::chrono::duration<double> build_time_{0};
};

}  // namespace imgdedup::daemon
