// SPDX-License-Identifier: Apache-2.0
// Ids that share one hash, sorted, in chunks.
#include "matching/id_group.h"

#include <algorithm>
#include <iterator>

namespace imgdedup::matching {
namespace {

constexpr std::size_t chunk_limit = 1024;

std::ptrdiff_t offset(std::size_t position) { return static_cast<std::ptrdiff_t>(position); }

}  // namespace

IdGroup::IdGroup(std::vector<Id> ids) : size_(ids.size()) {
  std::sort(ids.begin(), ids.end());
  chunks_.reserve((ids.size() + chunk_limit - 1) / chunk_limit);
  for (std::size_t begin = 0; begin < ids.size(); begin += chunk_limit) {
    const std::size_t end = std::min(begin + chunk_limit, ids.size());
    chunks_.emplace_back(ids.begin() + offset(begin), ids.begin() + offset(end));
  }
}

std::vector<IdGroup::Chunk>::iterator IdGroup::chunk_for(Id id) {
  return std::lower_bound(chunks_.begin(), chunks_.end(), id,
                          [](const Chunk& chunk, Id wanted) { return chunk.back() < wanted; });
}

void IdGroup::insert(Id id) {
  ++size_;
  auto chunk = chunk_for(id);
  if (chunk == chunks_.end()) {
    // Ids mostly arrive in ascending order: full chunks stay full, a new one is begun.
    if (chunks_.empty() || chunks_.back().size() >= chunk_limit) {
      chunks_.push_back({id});
      return;
    }
    chunk = std::prev(chunk);
  }
  chunk->insert(std::upper_bound(chunk->begin(), chunk->end(), id), id);
  if (chunk->size() <= chunk_limit) return;
  const auto middle = chunk->begin() + offset(chunk->size() / 2);
  Chunk upper(middle, chunk->end());
  chunk->erase(middle, chunk->end());
  chunk->shrink_to_fit();
  chunks_.insert(std::next(chunk), std::move(upper));
}

bool IdGroup::remove(Id id) {
  const auto chunk = chunk_for(id);
  if (chunk == chunks_.end()) return false;
  const auto position = std::lower_bound(chunk->begin(), chunk->end(), id);
  if (*position != id) return false;
  chunk->erase(position);
  --size_;
  if (chunk->empty())
    chunks_.erase(chunk);
  else if (chunk->size() < chunk_limit / 4)
    merge_if_small(chunk);
  return true;
}

void IdGroup::merge_if_small(std::vector<Chunk>::iterator chunk) {
  const auto join = [this](std::vector<Chunk>::iterator left) {
    const auto right = std::next(left);
    if (left->size() + right->size() > chunk_limit / 2) return false;
    left->insert(left->end(), right->begin(), right->end());
    chunks_.erase(right);
    return true;
  };
  if (std::next(chunk) != chunks_.end() && join(chunk)) return;
  if (chunk != chunks_.begin()) join(std::prev(chunk));
}

std::size_t IdGroup::heap_bytes() const {
  std::size_t bytes = chunks_.capacity() * sizeof(Chunk);
  for (const Chunk& chunk : chunks_) bytes += chunk.capacity() * sizeof(Id);
  return bytes;
}

}  // namespace imgdedup::matching
