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

/// One directory of a TIFF structure: classic TIFF, BigTIFF, or one of the kinds of camera raw that
/// differ from TIFF in its signature only. Only unsigned whole numbers (BYTE, SHORT, LONG, LONG8,
/// IFD, IFD8) are read.
class TiffDirectory {
 public:
  /// Offset of the first directory; empty if `tiff` does not begin with the header of such a kind.
  static std::optional<std::uint64_t> first_offset(Bytes tiff);
  /// The directory at `offset`; empty if it lies beyond the end. `tiff` must outlive it.
  static std::optional<TiffDirectory> at(Bytes tiff, std::uint64_t offset);

  /// Whether the values of all tags but private ones lie within the structure.
  [[nodiscard]] bool is_whole() const { return is_whole_; }
  [[nodiscard]] bool has(std::uint16_t tag) const { return find(tag) != nullptr; }
  /// The first value of a tag; empty if absent, of another type, above 32 bits or outside the
  /// structure.
  [[nodiscard]] std::optional<std::uint32_t> value(std::uint16_t tag) const;
  /// All values of a tag, at most `max_count`; empty in the same cases or if there are more.
  [[nodiscard]] std::optional<std::vector<std::uint64_t>> values(std::uint16_t tag,
                                                                 std::size_t max_count) const;
  /// Where the value of a tag with one value lies, from the start of the structure; empty if absent
  /// or outside of it.
  [[nodiscard]] std::optional<std::size_t> value_offset(std::uint16_t tag) const;
  /// The values of a tag of any type, as they are stored; empty if absent or outside the structure.
  [[nodiscard]] Bytes stored(std::uint16_t tag) const;
  [[nodiscard]] ByteOrder order() const { return order_; }
  /// Offset of the next directory; 0 after the last.
  [[nodiscard]] std::uint64_t next_offset() const { return next_offset_; }

 private:
  struct Entry {
    std::uint16_t tag = 0;
    std::size_t value_bytes = 0;  ///< of one value: 1, 2, 4 or 8
    std::uint64_t count = 0;
    std::uint64_t offset = 0;
    std::uint64_t stored_offset = 0, stored_bytes = 0;  ///< of values of any type
  };
  TiffDirectory(Bytes tiff, ByteOrder order) : tiff_(tiff), order_(order) {}
  [[nodiscard]] const Entry* find(std::uint16_t tag) const;

  Bytes tiff_;
  ByteOrder order_;
  std::vector<Entry> entries_;
  std::uint64_t next_offset_ = 0;
  bool is_whole_ = true;
};

}  // namespace imgdedup::hashing
