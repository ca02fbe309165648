// SPDX-License-Identifier: Apache-2.0
// Numbers out of untrusted bytes, in either byte order, never beyond their end.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace imgdedup::hashing {

enum class ByteOrder : std::uint8_t { big_endian, little_endian };

/// Reads at absolute offsets. A read beyond the end gives 0 and is remembered: a parser may read
/// all that it needs and ask ran_out() once.
class ByteReader {
 public:
  ByteReader(std::span<const std::uint8_t> bytes, ByteOrder order) : bytes_(bytes), order_(order) {}

  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] bool ran_out() const { return ran_out_; }

  /// Whether `count` bytes lie at `offset`. Does not touch ran_out().
  [[nodiscard]] bool holds(std::size_t offset, std::size_t count) const {
    return offset <= bytes_.size() && count <= bytes_.size() - offset;
  }

  std::uint32_t u8(std::size_t offset) { return number(offset, 1); }
  std::uint32_t u16(std::size_t offset) { return number(offset, 2); }
  std::uint32_t u24(std::size_t offset) { return number(offset, 3); }
  std::uint32_t u32(std::size_t offset) { return number(offset, 4); }
  std::uint64_t u64(std::size_t offset) {
    const std::uint64_t first = u32(offset);
    const std::uint64_t second = holds(offset, 8) ? u32(offset + 4) : number(bytes_.size(), 1);
    return order_ == ByteOrder::big_endian ? first << 32 | second : second << 32 | first;
  }

  /// Whether exactly `text` lies at `offset`; false beyond the end, which is not remembered.
  [[nodiscard]] bool has_text(std::size_t offset, std::string_view text) const {
    return holds(offset, text.size()) &&
           std::equal(text.begin(), text.end(),
                      bytes_.begin() + static_cast<std::ptrdiff_t>(offset),
                      [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; });
  }

 private:
  std::uint32_t number(std::size_t offset, std::size_t count) {
    if (!holds(offset, count)) {
      ran_out_ = true;
      return 0;
    }
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t at = order_ == ByteOrder::big_endian ? i : count - 1 - i;
      value = value << 8 | bytes_[offset + at];
    }
    return value;
  }

  std::span<const std::uint8_t> bytes_;
  ByteOrder order_;
  bool ran_out_ = false;
};

}  // namespace imgdedup::hashing
