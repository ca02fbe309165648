// SPDX-License-Identifier: Apache-2.0
// The real store, quarantine, library, policy and log over real folders, without processes: small
// texts stand for pictures, so that thousands of steps take a minute.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/decision_publisher.h"
#include "daemon/event/loop.h"
#include "daemon/hash_index.h"
#include "daemon/library.h"
#include "daemon/roots.h"
#include "store/quarantine.h"
#include "store/sqlite_catalog.h"

namespace imgdedup::testing {

/// Where it works and by what policy; changing it is a restart with other settings.
struct StoreSettings {
  std::filesystem::path catalog;
  std::filesystem::path log;
  std::vector<config::WatchedRoot> roots;
  matching::Policy policy;
};

/// One life of the store, as the service leads it: recovery, then complete comparisons, judgements
/// and moves. Its destructor is an orderly end.
class RandomStore {
 public:
  /// Called between the steps of a move; the world may change there.
  using Meanwhile = std::function<void()>;

  explicit RandomStore(const StoreSettings& settings);

  [[nodiscard]] store::Catalog& catalog() { return catalog_; }
  [[nodiscard]] const store::RecoveryReport& recovered() const { return recovered_; }
  /// Compares, judges, moves and logs until there is no more to do; how many files moved.
  std::size_t settle(const Meanwhile& meanwhile = [] {});
  /// True if the file is back.
  bool restore(const store::QuarantineEntry& entry);
  bool purge(const store::QuarantineEntry& entry);
  [[nodiscard]] std::vector<store::QuarantineEntry> quarantined();
  /// The digest that stands for these bytes.
  static matching::Fingerprint fingerprint(const std::string& bytes);

 private:
  void compare();
  void judge_all();
  void judge(const store::CatalogFile& waiting);
  bool move(const store::CatalogDecision& decision, const Meanwhile& meanwhile);
  [[nodiscard]] bool keeper_stands(const store::CatalogDecision& decision) const;
  [[nodiscard]] matching::ImageRecord record(const store::CatalogFile& file,
                                             const matching::Fingerprint& print) const;

  matching::Policy policy_;
  store::SqliteCatalog catalog_;
  event::Loop loop_;
  daemon::Roots roots_;
  daemon::HashIndex index_;
  daemon::Library library_;
  daemon::DecisionPublisher publisher_;
  store::RecoveryReport recovered_;
};

/// All bytes of a file; nothing if it is not there.
std::optional<std::string> bytes_at(const std::filesystem::path& path);

}  // namespace imgdedup::testing
