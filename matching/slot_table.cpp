// SPDX-License-Identifier: Apache-2.0
// Ids to small consecutive numbers, and back.
#include "matching/slot_table.h"

#include <bit>

namespace imgdedup::matching {

std::size_t SlotTable::place_for(Id id) const {
  const std::uint64_t mixed = std::uint64_t{id} * 0x9e3779b97f4a7c15;
  return static_cast<std::size_t>(mixed >> (64 - std::countr_zero(places_.size())));
}

/// Where `id` is, or the free place where it would be. Precondition: there are places.
std::size_t SlotTable::find(Id id) const {
  const std::size_t mask = places_.size() - 1;
  std::size_t place = place_for(id);
  while (places_[place] != none && ids_[places_[place]] != id) place = (place + 1) & mask;
  return place;
}

void SlotTable::grow() {
  const std::vector<Slot> old = std::move(places_);
  places_.assign(old.empty() ? 64 : 2 * old.size(), none);
  for (const Slot slot : old)
    if (slot != none) places_[find(ids_[slot])] = slot;
}

std::optional<SlotTable::Slot> SlotTable::add(Id id) {
  // At most three quarters full.
  if (4 * (size_ + 1) > 3 * places_.size()) grow();
  Slot slot = 0;
  if (!reusable_.empty()) {
    slot = reusable_.back();
    reusable_.pop_back();
    ids_[slot] = id;
    is_taken_[slot] = true;
  } else {
    if (ids_.size() == limit) return std::nullopt;
    slot = static_cast<Slot>(ids_.size());
    ids_.push_back(id);
    is_taken_.push_back(true);
  }
  places_[find(id)] = slot;
  ++size_;
  return slot;
}

std::optional<SlotTable::Slot> SlotTable::slot_of(Id id) const {
  if (places_.empty()) return std::nullopt;
  const Slot slot = places_[find(id)];
  return slot == none ? std::nullopt : std::optional(slot);
}

std::optional<SlotTable::Slot> SlotTable::remove(Id id) {
  if (places_.empty()) return std::nullopt;
  const std::size_t mask = places_.size() - 1;
  std::size_t hole = find(id);
  const Slot slot = places_[hole];
  if (slot == none) return std::nullopt;
  is_taken_[slot] = false;
  released_.push_back(slot);
  --size_;
  // Those behind it move up, unless that would put them before their own place.
  for (std::size_t next = (hole + 1) & mask; places_[next] != none; next = (next + 1) & mask) {
    const std::size_t own = place_for(ids_[places_[next]]);
    if (((next - own) & mask) < ((next - hole) & mask)) continue;
    places_[hole] = places_[next];
    hole = next;
  }
  places_[hole] = none;
  return slot;
}

void SlotTable::reuse_released_slots() {
  reusable_.insert(reusable_.end(), released_.begin(), released_.end());
  released_.clear();
}

std::size_t SlotTable::memory_bytes() const {
  return places_.capacity() * sizeof(Slot) + ids_.capacity() * sizeof(Id) +
         is_taken_.capacity() / 8 + (released_.capacity() + reusable_.capacity()) * sizeof(Slot);
}

}  // namespace imgdedup::matching
