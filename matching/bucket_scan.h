// SPDX-License-Identifier: Apache-2.0
// Which of an array of perceptual hashes lie within a radius: the scan at the leaves of the
// BK-tree.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "matching/fingerprint.h"

namespace imgdedup::matching {

/// Ways to count bits; each gives the same result, the later the faster.
enum class ScanKernel : std::uint8_t {
  portable,  ///< one hash at a time
  avx2,      ///< 4 hashes at a time, nibble look-up (Mula, "SSSE3: fast popcount", 2008)
  avx512,    ///< 8 hashes at a time, VPOPCNTDQ
};

/// Writes the positions, ascending, of all `hashes` whose Hamming distance to `query` is at most
/// `radius_bits` to `positions`, which has room for hashes.size() of them; gives their number.
/// At most 2^32 hashes. Does not throw. Any thread.
using ScanFunction = std::size_t (*)(std::span<const PerceptualHash> hashes, PerceptualHash query,
                                     int radius_bits, std::uint32_t* positions);

/// Whether this processor, under this operating system, runs `kernel`.
bool is_supported(ScanKernel kernel);

/// The fastest kernel that is supported here. Any thread.
ScanKernel fastest_scan_kernel();

/// `kernel` must be supported.
ScanFunction scan_function(ScanKernel kernel);

}  // namespace imgdedup::matching
