// SPDX-License-Identifier: Apache-2.0
// The directories below one watched root as they are known.
#include "daemon/directory_tree.h"

namespace imgdedup::daemon {
namespace {

std::string last_part(const std::string& relative) {
  const auto slash = relative.rfind('/');
  return slash == std::string::npos ? relative : relative.substr(slash + 1);
}

}  // namespace

DirectoryNode& DirectoryTree::add(std::size_t root, NodeId parent, std::string relative) {
  const NodeId id = ++last_id_;
  DirectoryNode& node = nodes_[id];
  node.id = id;
  node.root = root;
  node.parent = parent;
  node.relative = std::move(relative);
  if (DirectoryNode* above = find(parent)) above->children[last_part(node.relative)] = id;
  return node;
}

DirectoryNode* DirectoryTree::find(NodeId id) {
  const auto place = nodes_.find(id);
  return place == nodes_.end() ? nullptr : &place->second;
}

DirectoryNode* DirectoryTree::find_path(NodeId root_node, std::string_view relative) {
  DirectoryNode* node = find(root_node);
  while (node && !relative.empty()) {
    const auto slash = relative.find('/');
    const auto child = node->children.find(relative.substr(0, slash));
    if (child == node->children.end()) return nullptr;
    node = find(child->second);
    relative = slash == std::string_view::npos ? std::string_view() : relative.substr(slash + 1);
  }
  return node;
}

void DirectoryTree::remove(NodeId id, const std::function<void(const DirectoryNode&)>& on_removed) {
  const DirectoryNode* top = find(id);
  if (!top) return;
  if (DirectoryNode* above = find(top->parent)) {
    const auto child = above->children.find(last_part(top->relative));
    if (child != above->children.end() && child->second == id) above->children.erase(child);
  }
  // A work list: trees may be deeper than a stack allows.
  std::vector<NodeId> waiting{id};
  while (!waiting.empty()) {
    const auto place = nodes_.find(waiting.back());
    waiting.pop_back();
    if (place == nodes_.end()) continue;
    for (const auto& [name, child] : place->second.children) waiting.push_back(child);
    on_removed(place->second);
    nodes_.erase(place);
  }
}

void DirectoryTree::for_each_below(NodeId id, const std::function<void(DirectoryNode&)>& visit) {
  std::vector<NodeId> waiting{id};
  while (!waiting.empty()) {
    DirectoryNode* node = find(waiting.back());
    waiting.pop_back();
    if (!node) continue;
    for (const auto& [name, child] : node->children) waiting.push_back(child);
    visit(*node);
  }
}

}  // namespace imgdedup::daemon
