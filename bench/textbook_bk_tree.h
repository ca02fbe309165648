// SPDX-License-Identifier: Apache-2.0
// The BK-tree of textbooks, one hash a node: what ours is measured against.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "matching/fingerprint.h"

namespace imgdedup::bench {

/// Burkhard & Keller's tree as usually written: each node a hash, its children by distance to it.
class TextbookBkTree {
  using Children = std::vector<std::pair<std::uint8_t, std::uint32_t>>;
  struct Node {
    matching::PerceptualHash hash;
    std::uint32_t id;
    Children children;  ///< ascending by distance
  };

  template <typename AnyChildren>
  static auto first_child_from(AnyChildren& children, int distance) {
    return std::lower_bound(children.begin(), children.end(), distance,
                            [](const auto& child, int wanted) { return child.first < wanted; });
  }

 public:
  void insert(matching::PerceptualHash hash, std::uint32_t id) {
    nodes_.push_back({hash, id, {}});
    const auto added = static_cast<std::uint32_t>(nodes_.size() - 1);
    for (std::uint32_t at = 0; at != added;) {
      const auto distance =
          static_cast<std::uint8_t>(matching::hamming_distance(nodes_[at].hash, hash));
      auto& children = nodes_[at].children;
      const auto child = first_child_from(children, distance);
      if (child == children.end() || child->first != distance) {
        children.insert(child, {distance, added});
        return;
      }
      at = child->second;
    }
  }

  /// Ids within the radius, in no particular order.
  [[nodiscard]] std::vector<std::uint32_t> within(matching::PerceptualHash hash,
                                                  int radius_bits) const {
    std::vector<std::uint32_t> matches, waiting;
    if (!nodes_.empty()) waiting.push_back(0);
    while (!waiting.empty()) {
      const Node& node = nodes_[waiting.back()];
      waiting.pop_back();
      const int distance = matching::hamming_distance(node.hash, hash);
      if (distance <= radius_bits) matches.push_back(node.id);
      const int first = std::max(0, distance - radius_bits);
      for (auto child = first_child_from(node.children, first);
           child != node.children.end() && child->first <= distance + radius_bits; ++child)
        waiting.push_back(child->second);
    }
    return matches;
  }

 private:
  std::vector<Node> nodes_;
};

}  // namespace imgdedup::bench
