// SPDX-License-Identifier: Apache-2.0
// Which directories are watched: every directory that is seen gets a watch before it is listed.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "daemon/directory_tree.h"
#include "daemon/event/directory_watch.h"
#include "daemon/event/loop.h"
#include "daemon/roots.h"
#include "store/catalog.h"

namespace imgdedup::daemon {

/// What the tree tells the reconciler.
class WatchTreeObserver {
 public:
  virtual ~WatchTreeObserver() = default;
  /// The directory is watched (or polled, where that cannot be) and wants listing.
  virtual void directory_is_dirty(DirectoryNode& node) = 0;
  /// The node is about to go; nothing of it is listed any more.
  virtual void directory_goes(const DirectoryNode& node) = 0;
  /// Events may have been lost anywhere.
  virtual void events_were_lost() = 0;
  /// An audit has found directories that nobody watched any more; they are watched again.
  virtual void watches_were_repaired(std::size_t count) = 0;
  /// Said once each time it goes.
  virtual void root_is_offline(const Root& root) = 0;
  /// It is there, for the first time or again.
  virtual void root_is_online(const Root& root) = 0;
};

/// Owns the nodes and their watches. Paths of watches are never used: a report names an id, and
/// what is at the node's path is found out anew. Loop thread only.
class WatchTree {
 public:
  WatchTree(event::Loop& loop, Roots& roots, store::Catalog& catalog, WatchTreeObserver& observer);

  /// Looks whether the root is there and is the directory that it was; brings it online or takes
  /// it offline accordingly. True if it is online afterwards.
  bool check_root(std::size_t root);
  /// Its rows stay as they are.
  void take_offline(std::size_t root, const std::string& why);

  /// A directory that a listing of `parent` has found; watched, then reported dirty.
  DirectoryNode& add_directory(NodeId parent, const std::string& name, std::size_t root);
  void remove_directory(NodeId id);
  /// What is at the node's path is another directory than the one watched: watch that.
  void watch_again(DirectoryNode& node);
  /// Holds the directories against what the kernel watches; those it does not are watched again.
  void audit();

  [[nodiscard]] DirectoryTree& nodes() { return nodes_; }
  [[nodiscard]] event::WatchCounters counters() const { return watcher_.counters(); }
  [[nodiscard]] std::uint64_t watch_failures() const { return watch_failures_; }
  /// Watches that an audit found gone without a word.
  [[nodiscard]] std::uint64_t watch_repairs() const { return watch_repairs_; }
  /// Answers when the watcher thread lives.
  void ping(std::function<void()> pong) { watcher_.ping(std::move(pong)); }

 private:
  void watch(DirectoryNode& node);
  [[nodiscard]] bool is_plausible_root(std::size_t root, const store::RootIdentity& seen);
  void on_report(const event::WatchReport& report);
  void repair(const std::vector<event::WatchId>& dead);
  void poll_instead(DirectoryNode& node, int error);
  void set_polled(DirectoryNode& node, bool is_polled);

  Roots& roots_;
  store::Catalog& catalog_;
  WatchTreeObserver& observer_;
  DirectoryTree nodes_;
  event::DirectoryWatcher watcher_;
  std::uint64_t watch_failures_ = 0;
  std::uint64_t watch_repairs_ = 0;
};

}  // namespace imgdedup::daemon
