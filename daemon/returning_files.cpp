// SPDX-License-Identifier: Apache-2.0
// Files that come back to their place after each move.
#include "daemon/returning_files.h"

#include <functional>

namespace imgdedup::daemon {
namespace {

constexpr std::size_t page_size = 500;

std::size_t key_of(const std::string& path, const matching::ContentDigest& content) {
  return std::hash<std::string>()(path + '\0' + to_hex(content));
}

}  // namespace

void ReturningFiles::load() {
  is_loaded_ = true;
  store::DecisionId after = 0;
  for (;;) {
    const auto entries =
        catalog_.quarantine_entries(store::MoveState::quarantined, after, page_size);
    for (const auto& entry : entries) ++moves_[key_of(entry.original_path, entry.content)];
    if (entries.size() < page_size) return;
    after = entries.back().id;
  }
}

unsigned ReturningFiles::times_moved(const std::string& path,
                                     const matching::ContentDigest& content) {
  if (!is_loaded_) load();
  const auto place = moves_.find(key_of(path, content));
  return place == moves_.end() ? 0 : place->second;
}

void ReturningFiles::moved(const std::string& path, const matching::ContentDigest& content) {
  if (is_loaded_) ++moves_[key_of(path, content)];
}

}  // namespace imgdedup::daemon
