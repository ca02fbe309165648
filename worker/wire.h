// SPDX-License-Identifier: Apache-2.0
// Numbers in a message: fixed widths, little-endian, never past the end.
#pragma once

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace imgdedup::worker {

/// Appends fields to a message.
class WireWriter {
 public:
  template <std::unsigned_integral Number>
  void put(Number value) {
    for (std::size_t i = 0; i < sizeof value; ++i)
      bytes_.push_back(static_cast<std::uint8_t>(std::uint64_t{value} >> (8 * i)));
  }
  void put(double value) { put(std::bit_cast<std::uint64_t>(value)); }
  void put(float value) { put(std::bit_cast<std::uint32_t>(value)); }
  void put(std::span<const std::uint8_t> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  void put(std::string_view text) { bytes_.insert(bytes_.end(), text.begin(), text.end()); }

  [[nodiscard]] std::vector<std::uint8_t> take() && { return std::move(bytes_); }

 private:
  std::vector<std::uint8_t> bytes_;
};

/// Takes fields off a message of unknown origin. Past the end it gives zeros and is not `complete`.
class WireReader {
 public:
  explicit WireReader(std::span<const std::uint8_t> bytes) : rest_(bytes) {}

  template <std::unsigned_integral Number>
  Number take() {
    std::uint64_t value = 0;
    const auto field = take_bytes(sizeof(Number));
    for (std::size_t i = 0; i < field.size(); ++i) value |= std::uint64_t{field[i]} << (8 * i);
    return static_cast<Number>(value);
  }
  double take_double() { return std::bit_cast<double>(take<std::uint64_t>()); }
  float take_float() { return std::bit_cast<float>(take<std::uint32_t>()); }
  /// Fills `bytes`, with zeros where the message is too short.
  void take_into(std::span<std::uint8_t> bytes) {
    const auto field = take_bytes(bytes.size());
    std::fill(std::copy(field.begin(), field.end(), bytes.begin()), bytes.end(), std::uint8_t{0});
  }
  /// `count` bytes, or none where the message is too short.
  std::span<const std::uint8_t> take_bytes(std::size_t count) {
    if (count > rest_.size()) {
      overrun_ = true;
      rest_ = {};
      return {};
    }
    const auto field = rest_.first(count);
    rest_ = rest_.subspan(count);
    return field;
  }

  /// Whether every field so far was there and nothing is left over.
  [[nodiscard]] bool complete() const { return !overrun_ && rest_.empty(); }

 private:
  std::span<const std::uint8_t> rest_;
  bool overrun_ = false;
};

}  // namespace imgdedup::worker
