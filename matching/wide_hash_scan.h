// SPDX-License-Identifier: Apache-2.0
// Which hashes of 256 bits lie within a radius of each other: every pair is looked at, by vectors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "matching/bucket_scan.h"
#include "matching/encoded_hash.h"

namespace imgdedup::matching {

/// At radii that are of use the distances of such hashes to any pivot lie so close together that a
/// tree rules nothing out; looking at all of them costs a few cycles each. 32 bytes a hash.
/// Reading: any thread.
class WideHashScan {
 public:
  /// Called with the positions of two hashes, the first smaller, and their distance.
  using VisitPair =
      std::function<void(std::uint32_t first, std::uint32_t second, int distance_bits)>;

  /// hashes: of HashSize::sixteen, fewer than 2^32.
  explicit WideHashScan(std::span<const EncodedHash> hashes);

  /// Every pair within `radius_bits` (0..256), once, in no particular order. `kernel` must be
  /// supported.
  void for_each_pair(int radius_bits, const VisitPair& visit,
                     ScanKernel kernel = fastest_scan_kernel()) const;

 private:
  [[nodiscard]] EncodedHash hash_at(std::size_t position) const;

  std::size_t size_;
  /// Groups of eight hashes: their first words, their second words ...; zeros at the end.
  std::vector<std::uint64_t> words_;
};

}  // namespace imgdedup::matching
