// SPDX-License-Identifier: Apache-2.0
// BkTree: ids of perceptual hashes within a Hamming radius.
#include "matching/bk_tree.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "matching/bucket_scan.h"

namespace imgdedup::matching {
namespace {

std::size_t distance(PerceptualHash a, PerceptualHash b) {
  return static_cast<std::size_t>(hamming_distance(a, b));
}

}  // namespace

BkTree::BkTree(std::optional<std::size_t> bucket_limit) : fixed_bucket_limit_(bucket_limit) {
  assert(!bucket_limit || (*bucket_limit >= 2 && *bucket_limit <= HashBucket::limit));
}

// What fits the second-level cache is read fastest in smaller pieces; beyond it, every jump to
// another bucket costs more than reading on. docs/performance.md.
std::size_t BkTree::bucket_limit() const {
  constexpr std::size_t many = 400'000;
  return fixed_bucket_limit_.value_or(size_ < many ? HashBucket::limit / 2 : HashBucket::limit);
}

BkTree BkTree::build(std::vector<Entry> entries, std::optional<std::size_t> bucket_limit) {
  BkTree tree(bucket_limit);
  tree.size_ = entries.size();
  if (!entries.empty()) tree.grow(entries, Place{});
  return tree;
}

void BkTree::hang(const Place& place, Node node) {
  if (place.is_root) {
    root_ = node;
    return;
  }
  auto& children = branches_[place.branch].children;
  for (std::size_t ring = place.first_ring; ring <= place.last_ring; ++ring) children[ring] = node;
}

BkTree::Node BkTree::add_bucket(HashBucket bucket) {
  if (!spare_buckets_.empty()) {
    const std::uint32_t index = spare_buckets_.back();
    spare_buckets_.pop_back();
    buckets_[index] = std::move(bucket);
    return Node::bucket(index);
  }
  buckets_.push_back(std::move(bucket));
  return Node::bucket(buckets_.size() - 1);
}

/// Hangs a subtree of `entries` (at least one) at `top`; reorders them.
void BkTree::grow(std::span<Entry> entries, const Place& top) {
  struct Work {
    std::span<Entry> entries;
    Place place;
  };
  std::vector<Work> waiting{{entries, top}};
  while (!waiting.empty()) {
    const Work work = waiting.back();
    waiting.pop_back();
    if (work.entries.size() < bucket_limit()) {
      hang(work.place, add_bucket(HashBucket(work.entries)));
      continue;
    }

    const PerceptualHash pivot = pick_pivot(work.entries);
    const auto ends = order_by_distance(work.entries, pivot);
    std::vector<Id> equal;
    equal.reserve(ends[0]);
    for (const Entry& entry : work.entries.first(ends[0])) equal.push_back(entry.id);
    branches_.push_back({pivot, IdGroup(std::move(equal)), {}});
    const auto branch = static_cast<std::uint32_t>(branches_.size() - 1);
    hang(work.place, Node::branch(branch));

    // Neighbouring rings share a bucket as far as they fit; a ring that fits none is divided again.
    std::size_t first = 1;
    while (first < rings) {
      std::size_t last = first;
      while (last + 1 < rings && ends[last + 1] - ends[first - 1] < bucket_limit()) ++last;
      const auto part = work.entries.subspan(ends[first - 1], ends[last] - ends[first - 1]);
      if (!part.empty()) waiting.push_back({part, {false, branch, first, last}});
      first = last + 1;
    }
  }
}

/// The bucket at `ring` of `branch`, which holds no branch; an empty ring joins a neighbour's.
BkTree::Node BkTree::bucket_for(std::uint32_t branch, std::size_t ring) {
  auto& children = branches_[branch].children;
  if (!children[ring].is_none()) return children[ring];
  if (ring > 1 && children[ring - 1].is_bucket())
    children[ring] = children[ring - 1];
  else if (ring + 1 < rings && children[ring + 1].is_bucket())
    children[ring] = children[ring + 1];
  else
    children[ring] = add_bucket({});
  return children[ring];
}

/// All rings of `branch` around `ring` where `node` hangs.
BkTree::Place BkTree::place_of(Node node, std::uint32_t branch, std::size_t ring) const {
  const auto& children = branches_[branch].children;
  Place place{false, branch, ring, ring};
  while (place.first_ring > 1 && children[place.first_ring - 1] == node) --place.first_ring;
  while (place.last_ring + 1 < rings && children[place.last_ring + 1] == node) ++place.last_ring;
  return place;
}

void BkTree::insert(PerceptualHash hash, Id id) {
  ++size_;
  if (root_.is_none()) root_ = add_bucket({});
  Node node = root_;
  std::uint32_t parent = 0;
  std::size_t ring = 0;
  while (node.is_branch()) {
    parent = node.index();
    Branch& branch = branches_[parent];
    ring = distance(hash, branch.pivot);
    if (ring == 0) {
      branch.equal.insert(id);
      return;
    }
    node = branch.children[ring].is_branch() ? branch.children[ring] : bucket_for(parent, ring);
  }
  HashBucket& bucket = buckets_[node.index()];
  bucket.insert({hash, id});
  if (bucket.size() >= bucket_limit())
    divide(node, node == root_ ? Place{} : place_of(node, parent, ring));
}

/// A full bucket of several rings becomes two of fewer; a full bucket of one ring a branch.
void BkTree::divide(Node full, const Place& place) {
  std::vector<Entry> entries;
  entries.reserve(bucket_limit());
  buckets_[full.index()].append_entries_to(entries);
  buckets_[full.index()] = HashBucket();
  spare_buckets_.push_back(full.index());

  if (!place.is_root && place.first_ring < place.last_ring) {
    const auto ends = order_by_distance(entries, branches_[place.branch].pivot);
    const auto imbalance = [&](std::size_t ring) {
      return std::max(ends[ring], entries.size() - ends[ring]);
    };
    std::size_t middle = place.first_ring;
    for (std::size_t ring = middle + 1; ring < place.last_ring; ++ring)
      if (imbalance(ring) < imbalance(middle)) middle = ring;
    const auto lower = std::span(entries).first(ends[middle]);
    const auto upper = std::span(entries).subspan(ends[middle]);
    hang(place, Node());
    if (!lower.empty()) grow(lower, {false, place.branch, place.first_ring, middle});
    if (!upper.empty()) grow(upper, {false, place.branch, middle + 1, place.last_ring});
    return;
  }
  grow(entries, place);
}

bool BkTree::remove(PerceptualHash hash, Id id) {
  Node node = root_;
  bool removed = false;
  while (node.is_branch()) {
    Branch& branch = branches_[node.index()];
    const std::size_t ring = distance(hash, branch.pivot);
    if (ring == 0) {
      removed = branch.equal.remove(id);
      node = Node();
      break;
    }
    node = branch.children[ring];
  }
  if (node.is_bucket()) removed = buckets_[node.index()].remove({hash, id});
  if (!removed) return false;
  --size_;
  ++removals_since_build_;
  if (removals_since_build_ > 2 * size_ + bucket_limit())
    *this = build(take_entries(), fixed_bucket_limit_);
  return true;
}

std::vector<BkTree::Entry> BkTree::take_entries() {
  std::vector<Entry> entries;
  entries.reserve(size_);
  for (const Branch& branch : branches_)
    branch.equal.for_each([&](Id id) { entries.push_back({branch.pivot, id}); });
  for (HashBucket& bucket : buckets_) {
    bucket.append_entries_to(entries);
    bucket = HashBucket();
  }
  return entries;
}

std::vector<BkTree::Match> BkTree::within(PerceptualHash hash, int radius_bits) const {
  assert(radius_bits >= 0 && radius_bits <= 64);
  std::vector<Match> matches;
  std::vector<std::uint32_t> branches, buckets;
  branches.reserve(64);
  buckets.reserve(64);
  const auto visit = [&](Node node) {
    if (node.is_none()) return;
    (node.is_bucket() ? buckets : branches).push_back(node.index());
  };
  visit(root_);
  while (!branches.empty()) {
    const Branch& branch = branches_[branches.back()];
    branches.pop_back();
    const int center = hamming_distance(hash, branch.pivot);
    if (center <= radius_bits)
      branch.equal.for_each([&](Id id) { matches.push_back({id, center}); });
    const auto first = static_cast<std::size_t>(std::max(1, center - radius_bits));
    const auto last = static_cast<std::size_t>(std::min(64, center + radius_bits));
    Node previous;
    for (std::size_t ring = first; ring <= last; ++ring) {
      const Node child = branch.children[ring];
      if (child == previous) continue;
      previous = child;
      visit(child);
    }
  }

  const ScanFunction scan = scan_function(fastest_scan_kernel());
  // Buckets lie scattered in memory: each is asked for, step by step, while others are scanned.
  constexpr std::size_t headers_ahead = 12, cells_ahead = 6, hashes_ahead = 2;
  const auto bucket = [&](std::size_t i) -> const HashBucket& { return buckets_[buckets[i]]; };
  for (std::size_t i = 0; i < std::min(headers_ahead, buckets.size()); ++i) bucket(i).prefetch();
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    if (i + headers_ahead < buckets.size()) bucket(i + headers_ahead).prefetch();
    if (i + cells_ahead < buckets.size()) bucket(i + cells_ahead).prefetch_cells(hash, radius_bits);
    if (i + hashes_ahead < buckets.size())
      bucket(i + hashes_ahead).prefetch_hashes(hash, radius_bits);
    bucket(i).collect(hash, radius_bits, scan, matches);
  }
  std::sort(matches.begin(), matches.end(), [](const Match& a, const Match& b) {
    return a.distance_bits != b.distance_bits ? a.distance_bits < b.distance_bits : a.id < b.id;
  });
  return matches;
}

std::size_t BkTree::memory_bytes() const {
  std::size_t bytes = sizeof *this + branches_.capacity() * sizeof(Branch) +
                      buckets_.capacity() * sizeof(HashBucket) +
                      spare_buckets_.capacity() * sizeof(std::uint32_t);
  for (const Branch& branch : branches_) bytes += branch.equal.heap_bytes();
  for (const HashBucket& bucket : buckets_) bytes += bucket.heap_bytes();
  return bytes;
}

}  // namespace imgdedup::matching
