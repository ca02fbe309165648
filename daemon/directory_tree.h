// SPDX-License-Identifier: Apache-2.0
// The directories below one watched root as they are known: a tree of names with identities.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "daemon/directory_scan.h"

namespace imgdedup::daemon {

using NodeId = std::uint64_t;  ///< also the id of its watch; never used twice

/// A complete comparison of all directories that were known when it was asked for, and of those
/// that are found below them.
using PassId = std::uint64_t;

struct DirectoryNode {
  NodeId id = 0;
  NodeId parent = 0;  ///< 0: the root itself
  std::size_t root = 0;
  std::string relative;
  DirectoryIdentity identity;
  bool is_remote = false;   ///< on a file system that changes unseen, also below a root with events
  bool is_polled = false;   ///< has no event watch
  bool is_watched = false;  ///< its watch has started, or it is polled: listing it makes sense
  bool is_scanning = false;
  bool was_listed = false;                           ///< at least once since it has this identity
  bool is_dirty = false;                             ///< to be listed (again)
  std::vector<PassId> owes;                          ///< passes that wait for its next listing
  std::chrono::steady_clock::time_point not_before;  ///< for its next listing
  std::map<std::string, NodeId, std::less<>> children;
};

/// The nodes of all roots. Loop thread only.
class DirectoryTree {
 public:
  DirectoryNode& add(std::size_t root, NodeId parent, std::string relative);
  [[nodiscard]] DirectoryNode* find(NodeId id);
  /// The node of a directory below a root's node; nullptr if that is not known.
  [[nodiscard]] DirectoryNode* find_path(NodeId root_node, std::string_view relative);
  /// Takes the node and everything below it out; each is given to `on_removed` first.
  void remove(NodeId id, const std::function<void(const DirectoryNode&)>& on_removed);
  /// The node and all below it.
  void for_each_below(NodeId id, const std::function<void(DirectoryNode&)>& visit);
  [[nodiscard]] std::size_t size() const { return nodes_.size(); }

 private:
  std::unordered_map<NodeId, DirectoryNode> nodes_;
  NodeId last_id_ = 0;
};

}  // namespace imgdedup::daemon
