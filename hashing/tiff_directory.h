// SPDX-License-Identifier: Apache-2.0
// The directories of a TIFF structure (a TIFF file or an EXIF block), read within bounds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "hashing/byte_reader.h"
#include "hashing/measure.h"

namespace imgdedup::hashing {

/// One directory of a TIFF structure. Only unsigned whole numbers (BYTE, SHORT, LONG) are read.
class TiffDirectory {
 public:
  /// Offset of the first directory; empty if `tiff` does not begin with a classic TIFF header.
  static std::optional<std::uint32_t> first_offset(Bytes tiff);
  /// The directory at `offset`; empty if it lies beyond the end. `tiff` must outlive it.
  static std::optional<TiffDirectory> at(Bytes tiff, std::uint32_t offset);

  /// Whether the values of all tags but private ones lie within the structure.
  [[nodiscard]] bool is_whole() const { return is_whole_; }
  [[nodiscard]] bool has(std::uint16_t tag) const { return find(tag) != nullptr; }
  /// The first value of a tag; empty if absent, of another type or outside the structure.
  [[nodiscard]] std::optional<std::uint32_t> value(std::uint16_t tag) const;
  /// All values of a tag, at most `max_count`; empty in the same cases or if there are more.
  [[nodiscard]] std::optional<std::vector<std::uint32_t>> values(std::uint16_t tag,
                                                                 std::size_t max_count) const;
  /// Where the value of a tag with one value lies, from the start of the structure.
  [[nodiscard]] std::optional<std::size_t> value_offset(std::uint16_t tag) const;
  /// Offset of the next directory; 0 after the last.
  [[nodiscard]] std::uint32_t next_offset() const { return next_offset_; }

 private:
  struct Entry {
    std::uint16_t tag = 0;
    std::size_t value_bytes = 0;  ///< of one value: 1, 2 or 4
    std::uint32_t count = 0;
    std::size_t offset = 0;
  };
  TiffDirectory(Bytes tiff, ByteOrder order) : tiff_(tiff), order_(order) {}
  [[nodiscard]] const Entry* find(std::uint16_t tag) const;

  Bytes tiff_;
  ByteOrder order_;
  std::vector<Entry> entries_;
  std::uint32_t next_offset_ = 0;
  bool is_whole_ = true;
};

}  // namespace imgdedup::hashing
