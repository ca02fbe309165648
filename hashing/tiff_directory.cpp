// SPDX-License-Identifier: Apache-2.0
// The directories of a TIFF structure, read within bounds.
#include "hashing/tiff_directory.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string_view>

namespace imgdedup::hashing {
namespace {

using namespace std::string_view_literals;

/// How the numbers of a TIFF structure are stored.
struct Layout {
  ByteOrder order;
  std::size_t count_bytes;   ///< of the number of entries of a directory
  std::size_t entry_bytes;   ///< of one entry
  std::size_t offset_bytes;  ///< of an offset, and of values that need none
};

std::optional<Layout> layout_of(Bytes tiff) {
  const ByteReader reader(tiff, ByteOrder::little_endian);
  const auto begins_with_one_of = [&reader](std::initializer_list<std::string_view> signatures) {
    return std::any_of(signatures.begin(), signatures.end(),
                       [&reader](std::string_view text) { return reader.has_text(0, text); });
  };
  // The last ones are Olympus' and Panasonic's camera raw.
  if (begins_with_one_of({"II*\0"sv, "IIRO"sv, "IIRS"sv, "IIU\0"sv}))
    return Layout{ByteOrder::little_endian, 2, 12, 4};
  if (begins_with_one_of({"MM\0*"sv, "MMOR"sv})) return Layout{ByteOrder::big_endian, 2, 12, 4};
  if (begins_with_one_of({"II+\0\x08\0\0\0"sv})) return Layout{ByteOrder::little_endian, 8, 20, 8};
  if (begins_with_one_of({"MM\0+\0\x08\0\0"sv})) return Layout{ByteOrder::big_endian, 8, 20, 8};
  return std::nullopt;
}

std::uint64_t number(ByteReader& reader, std::uint64_t offset, std::size_t bytes) {
  switch (bytes) {
    case 1:
      return reader.u8(offset);
    case 2:
      return reader.u16(offset);
    case 4:
      return reader.u32(offset);
    default:
      return reader.u64(offset);
  }
}

constexpr std::uint16_t first_private_tag = 32768;

std::size_t bytes_of_type(std::uint32_t type) {
  switch (type) {
    case 1:
      return 1;
    case 3:
      return 2;
    case 4:
    case 13:
      return 4;
    case 16:
    case 18:
      return 8;
    default:
      return 0;
  }
}

/// Of every type that TIFF 6.0 and BigTIFF define; 0 for others.
std::size_t stored_bytes_of_type(std::uint32_t type) {
  constexpr std::array<std::size_t, 19> sizes{0, 1, 1, 2, 4, 8, 1, 1, 2, 4,
                                              8, 4, 8, 4, 0, 0, 8, 8, 8};
  return type < sizes.size() ? sizes[type] : 0;
}

}  // namespace

std::optional<std::uint64_t> TiffDirectory::first_offset(Bytes tiff) {
  const auto layout = layout_of(tiff);
  if (!layout) return std::nullopt;
  ByteReader reader(tiff, layout->order);
  const std::uint64_t offset = number(reader, layout->offset_bytes, layout->offset_bytes);
  if (reader.ran_out()) return std::nullopt;
  return offset;
}

std::optional<TiffDirectory> TiffDirectory::at(Bytes tiff, std::uint64_t offset) {
  const auto layout = layout_of(tiff);
  if (!layout || offset > tiff.size()) return std::nullopt;
  ByteReader reader(tiff, layout->order);
  const std::uint64_t count = number(reader, offset, layout->count_bytes);
  const std::uint64_t first_entry = offset + layout->count_bytes;
  if (reader.ran_out() || count > tiff.size() / layout->entry_bytes ||
      !reader.holds(first_entry, count * layout->entry_bytes))
    return std::nullopt;

  TiffDirectory directory(tiff, layout->order);
  const std::size_t inline_bytes = layout->offset_bytes;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t at = first_entry + i * layout->entry_bytes;
    const std::uint64_t value_at = at + 4 + inline_bytes;
    const std::uint32_t type = reader.u16(at + 2);
    Entry entry;
    entry.tag = static_cast<std::uint16_t>(reader.u16(at));
    entry.value_bytes = bytes_of_type(type);
    entry.count = number(reader, at + 4, inline_bytes);
    // More values than bytes are in no file, and could overflow below.
    if (entry.count > tiff.size()) {
      directory.is_whole_ &= entry.tag >= first_private_tag;
      entry.value_bytes = 0;
      entry.count = 0;
    }
    const std::uint64_t stored = stored_bytes_of_type(type) * entry.count;
    const std::uint64_t outside = number(reader, value_at, inline_bytes);
    entry.offset = entry.value_bytes * entry.count <= inline_bytes ? value_at : outside;
    if (stored > inline_bytes && entry.tag < first_private_tag && !reader.holds(outside, stored))
      directory.is_whole_ = false;
    entry.stored_bytes = stored;
    entry.stored_offset = stored > inline_bytes ? outside : value_at;
    directory.entries_.push_back(entry);
  }
  // A structure cut right behind its last entry is usable: it merely names no next directory.
  const std::uint64_t end = first_entry + count * layout->entry_bytes;
  if (reader.holds(end, inline_bytes)) directory.next_offset_ = number(reader, end, inline_bytes);
  return directory;
}

const TiffDirectory::Entry* TiffDirectory::find(std::uint16_t tag) const {
  for (const Entry& entry : entries_)
    if (entry.tag == tag) return &entry;
  return nullptr;
}

std::optional<std::vector<std::uint64_t>> TiffDirectory::values(std::uint16_t tag,
                                                                std::size_t max_count) const {
  const Entry* entry = find(tag);
  if (entry == nullptr || entry->value_bytes == 0 || entry->count == 0 || entry->count > max_count)
    return std::nullopt;
  ByteReader reader(tiff_, order_);
  if (!reader.holds(entry->offset, entry->count * entry->value_bytes)) return std::nullopt;
  std::vector<std::uint64_t> result(entry->count);
  for (std::size_t i = 0; i < result.size(); ++i)
    result[i] = number(reader, entry->offset + i * entry->value_bytes, entry->value_bytes);
  return result;
}

std::optional<std::uint32_t> TiffDirectory::value(std::uint16_t tag) const {
  const Entry* entry = find(tag);
  if (entry == nullptr || entry->value_bytes == 0 || entry->count == 0) return std::nullopt;
  ByteReader reader(tiff_, order_);
  const std::uint64_t first = number(reader, entry->offset, entry->value_bytes);
  if (reader.ran_out() || first > 0xffff'ffff) return std::nullopt;
  return static_cast<std::uint32_t>(first);
}

Bytes TiffDirectory::stored(std::uint16_t tag) const {
  const Entry* entry = find(tag);
  if (entry == nullptr ||
      !ByteReader(tiff_, order_).holds(entry->stored_offset, entry->stored_bytes))
    return {};
  return tiff_.subspan(entry->stored_offset, entry->stored_bytes);
}

std::optional<std::size_t> TiffDirectory::value_offset(std::uint16_t tag) const {
  const Entry* entry = find(tag);
  if (entry == nullptr || entry->value_bytes == 0 || entry->count != 1) return std::nullopt;
  if (!ByteReader(tiff_, order_).holds(entry->offset, entry->value_bytes)) return std::nullopt;
  return entry->offset;
}

}  // namespace imgdedup::hashing
