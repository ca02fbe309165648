// SPDX-License-Identifier: Apache-2.0
// Ids of vectors by the side of random hyperplanes on which they lie.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <unordered_map>
#include <vector>

#include "matching/vector_matrix.h"

namespace imgdedup::matching {

/// Finds the vectors whose cosine with a given one is at least some bound, without looking at all.
///
/// Of each vector 512 bits are kept: on which side of 512 random hyperplanes it lies. Two vectors
/// at an angle of a radians differ in each bit with probability a / pi, whatever the vectors are.
/// 32 tables hold the ids by 16 of the bits each; a search looks into the bucket of each table and
/// into the nearest others (those beyond the hyperplanes that the vector lies closest to), drops
/// what differs in too many of the 512 bits for its cosine to be great enough, and takes the exact
/// cosine of the rest. Where the buckets hold too much, or the bound is below `table_similarity`,
/// the bits of all are looked at instead: both find at least 99 of 100 pairs at the bound itself,
/// and more the nearer they are (docs/performance.md has what was measured).
///
/// The vectors themselves are not kept: 64 + 128 bytes an id, and 8 MB for the tables from the
/// first id on. One thread only. Charikar, "Similarity estimation techniques from rounding
/// algorithms", STOC 2002; Lv et al., "Multi-probe LSH", VLDB 2007.
class HyperplaneIndex {
 public:
  using Id = std::int64_t;
  struct Match {
    Id id = 0;
    double similarity = 0;  ///< exact cosine, -1..1

    bool operator==(const Match&) const = default;
  };
  /// The vector of an id in the index; empty if there is none any more. What it gives need not
  /// outlive the next call.
  using VectorOf = std::function<std::span<const float>(Id)>;

  static constexpr std::size_t table_count = 32, bits_per_table = 16;
  /// The bound from which on tables are used.
  static constexpr double table_similarity = 0.9;

  /// length: of every vector, >= 1. Equal seeds give equal hyperplanes on every machine.
  HyperplaneIndex(std::size_t length, std::uint64_t seed);

  /// vector: of the index's length. The id must not be in the index.
  void insert(Id id, std::span<const float> vector);
  /// Whether it was in the index.
  bool remove(Id id);
  [[nodiscard]] std::size_t size() const { return slots_.size(); }
  /// What it takes, about.
  [[nodiscard]] std::size_t memory_bytes() const;
  [[nodiscard]] bool contains(Id id) const { return slots_.contains(id); }

  /// Ids whose vector has a cosine of at least `min_similarity` (-1..1) with `vector`; nearest
  /// first, then by id.
  [[nodiscard]] std::vector<Match> within(std::span<const float> vector, double min_similarity,
                                          const VectorOf& vector_of) const;

  enum class Way : std::uint8_t { tables, all };
  /// The same by one way, for measuring. looked_at: set to how many ids' bits were looked at.
  [[nodiscard]] std::vector<Match> within(std::span<const float> vector, double min_similarity,
                                          const VectorOf& vector_of, Way way,
                                          std::size_t& looked_at) const;

 private:
  static constexpr std::size_t word_count = table_count * bits_per_table / 64;
  using Slot = std::uint32_t;
  using Sketch = std::array<std::uint64_t, word_count>;
  [[nodiscard]] static Sketch sketch_of(std::span<const float> distances);
  [[nodiscard]] static std::uint16_t key_of(const Sketch& sketch, std::size_t table);
  [[nodiscard]] Slot& head(std::size_t table, std::uint16_t key);
  void unlink(std::size_t table, Slot slot);
  /// distances: from each hyperplane, negative behind it. False if it gave up because there was
  /// more to look at than `most`.
  bool visit_tables(std::span<const float> distances, const Sketch& sketch, int max_bits,
                    std::size_t most, std::vector<Slot>& found, std::size_t& looked_at) const;
  void visit_all(const Sketch& sketch, int max_bits, std::vector<Slot>& found) const;
  [[nodiscard]] std::vector<Match> exact(const std::vector<Slot>& found,
                                         std::span<const float> vector, double min_similarity,
                                         const VectorOf& vector_of) const;

  VectorMatrix planes_;
  std::vector<Slot> heads_;       ///< by table and key: the first of the bucket
  std::vector<Slot> next_;        ///< by slot and table: the one behind it in its bucket
  std::vector<Sketch> sketches_;  ///< by slot
  std::vector<Id> ids_;           ///< by slot
  std::vector<Slot> free_slots_;
  std::unordered_map<Id, Slot> slots_;
};

}  // namespace imgdedup::matching
