// SPDX-License-Identifier: Apache-2.0
// Ids to small consecutive numbers, and back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace imgdedup::matching {

/// Gives each id a slot: a number below `limit`, the lowest that has not been given yet. A slot
/// that its id gave back is given again only after reuse_released_slots(). Open addressing with
/// linear probing; takes about 11 bytes an id. Reading: any thread while none changes it.
class SlotTable {
 public:
  using Id = std::uint32_t;
  using Slot = std::uint32_t;
  static constexpr std::size_t limit = std::size_t{1} << 24;

  /// The slot of `id`, which has none yet. Empty when all are taken.
  std::optional<Slot> add(Id id);
  /// Takes the slot of `id` back: the slot, or empty if it has none.
  std::optional<Slot> remove(Id id);
  void reuse_released_slots();

  [[nodiscard]] std::optional<Slot> slot_of(Id id) const;
  /// Precondition: holds(slot).
  [[nodiscard]] Id id_of(Slot slot) const { return ids_[slot]; }
  [[nodiscard]] bool holds(Slot slot) const { return is_taken_[slot]; }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t released() const { return released_.size(); }
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  static constexpr Slot none = ~Slot{0};
  [[nodiscard]] std::size_t place_for(Id id) const;
  [[nodiscard]] std::size_t find(Id id) const;
  void grow();

  std::vector<Slot> places_;  ///< a power of two; none: nothing there
  std::vector<Id> ids_;       ///< by slot
  std::vector<bool> is_taken_;
  std::vector<Slot> released_;
  std::vector<Slot> reusable_;
  std::size_t size_ = 0;
};

}  // namespace imgdedup::matching
