// SPDX-License-Identifier: Apache-2.0
// A number that is equal for two pictures of equal samples, from rows in any order.
#pragma once

#include <cstdint>

#include "hashing/orientation.h"
#include "hashing/row_sink.h"

namespace imgdedup::hashing {

/// What two pictures must share to be comparable: random, never told to anybody.
struct SampleKey {
  std::uint64_t position = 0, sample = 0;

  /// Throws std::system_error.
  static SampleKey random();
};

/// The sum of a keyed hash of each pixel with its place as shown. Grey equals colour with three
/// equal channels; no alpha equals full alpha; 16-bit samples are not rounded: they equal 8-bit
/// ones only if they are these times 257. The value is the same for equal pictures, and for others
/// with a chance of 2^-64, which nobody who does not know the key can better. Any thread, one at a
/// time. J. L. Carter & M. N. Wegman, "New hash functions and their use in authentication and set
/// equality", JCSS 22, 1981.
class SampleDigest final : public RowSink {
 public:
  SampleDigest(const SampleKey& key, Orientation orientation)
      : key_(key), orientation_(orientation) {}

  void begin(cv::Size size, int type) override;
  void add(const RowPart& part) override;

  /// As shown.
  [[nodiscard]] cv::Size shown_size() const;
  /// Once all pixels have come.
  [[nodiscard]] std::uint64_t value() const { return sum_; }

 private:
  [[nodiscard]] std::int64_t place_of(int x, int y) const;

  SampleKey key_;
  Orientation orientation_;
  cv::Size size_;
  int type_ = 0;
  std::uint64_t sum_ = 0;
};

}  // namespace imgdedup::hashing
