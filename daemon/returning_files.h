// SPDX-License-Identifier: Apache-2.0
// Files that come back to their place after each move: a sync tool and this service at odds.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>

#include "store/catalog.h"

namespace imgdedup::daemon {

/// So often the same bytes are taken away from the same place; after that they are left there, or
/// quarantine would grow for as long as both programs run.
inline constexpr unsigned most_moves_of_one_file = 3;

/// Counts what lies in quarantine by place and content, from the journal at the first question and
/// from the moves since then. Loop thread only.
class ReturningFiles {
 public:
  explicit ReturningFiles(store::Catalog& catalog) : catalog_(catalog) {}

  [[nodiscard]] unsigned times_moved(const std::string& path,
                                     const matching::ContentDigest& content);
  void moved(const std::string& path, const matching::ContentDigest& content);

 private:
  void load();

  store::Catalog& catalog_;
  bool is_loaded_ = false;
  std::unordered_map<std::size_t, unsigned> moves_;  ///< by a hash of place and content
};

}  // namespace imgdedup::daemon
