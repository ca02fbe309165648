// SPDX-License-Identifier: Apache-2.0
// The directories of a TIFF structure, read within bounds.
#include "hashing/tiff_directory.h"

#include <array>
#include <string_view>

namespace imgdedup::hashing {
namespace {

using namespace std::string_view_literals;

std::optional<ByteOrder> byte_order_of(Bytes tiff) {
  const ByteReader reader(tiff, ByteOrder::little_endian);
  if (reader.has_text(0, "II*\0"sv)) return ByteOrder::little_endian;
  if (reader.has_text(0, "MM\0*"sv)) return ByteOrder::big_endian;
  return std::nullopt;
}

constexpr std::uint16_t first_private_tag = 32768;

std::size_t bytes_of_type(std::uint32_t type) {
  switch (type) {
    case 1:
      return 1;
    case 3:
      return 2;
    case 4:
      return 4;
    default:
      return 0;
  }
}

/// Of every type that TIFF 6.0 defines; 0 for others.
std::size_t stored_bytes_of_type(std::uint32_t type) {
  constexpr std::array<std::size_t, 14> sizes{0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4};
  return type < sizes.size() ? sizes[type] : 0;
}

}  // namespace

std::optional<std::uint32_t> TiffDirectory::first_offset(Bytes tiff) {
  const auto order = byte_order_of(tiff);
  if (!order) return std::nullopt;
  ByteReader reader(tiff, *order);
  const std::uint32_t offset = reader.u32(4);
  if (reader.ran_out()) return std::nullopt;
  return offset;
}

std::optional<TiffDirectory> TiffDirectory::at(Bytes tiff, std::uint32_t offset) {
  const auto order = byte_order_of(tiff);
  if (!order) return std::nullopt;
  ByteReader reader(tiff, *order);
  const std::uint32_t count = reader.u16(offset);
  const std::size_t first_entry = std::size_t{offset} + 2;
  if (reader.ran_out() || !reader.holds(first_entry, std::size_t{count} * 12)) return std::nullopt;

  TiffDirectory directory(tiff, *order);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = first_entry + i * 12;
    Entry entry;
    entry.tag = static_cast<std::uint16_t>(reader.u16(at));
    entry.value_bytes = bytes_of_type(reader.u16(at + 2));
    entry.count = reader.u32(at + 4);
    const bool is_inline = entry.value_bytes * std::uint64_t{entry.count} <= 4;
    entry.offset = is_inline ? at + 8 : reader.u32(at + 8);
    const std::uint64_t stored =
        stored_bytes_of_type(reader.u16(at + 2)) * std::uint64_t{entry.count};
    if (stored > 4 && entry.tag < first_private_tag && !reader.holds(reader.u32(at + 8), stored))
      directory.is_whole_ = false;
    directory.entries_.push_back(entry);
  }
  // A structure cut right behind its last entry is usable: it merely names no next directory.
  const std::size_t end = first_entry + std::size_t{count} * 12;
  if (reader.holds(end, 4)) directory.next_offset_ = reader.u32(end);
  return directory;
}

const TiffDirectory::Entry* TiffDirectory::find(std::uint16_t tag) const {
  for (const Entry& entry : entries_)
    if (entry.tag == tag) return &entry;
  return nullptr;
}

std::optional<std::vector<std::uint32_t>> TiffDirectory::values(std::uint16_t tag,
                                                                std::size_t max_count) const {
  const Entry* entry = find(tag);
  if (entry == nullptr || entry->value_bytes == 0 || entry->count == 0 || entry->count > max_count)
    return std::nullopt;
  ByteReader reader(tiff_, order_);
  if (!reader.holds(entry->offset, entry->count * entry->value_bytes)) return std::nullopt;
  std::vector<std::uint32_t> result(entry->count);
  for (std::size_t i = 0; i < result.size(); ++i) {
    const std::size_t at = entry->offset + i * entry->value_bytes;
    result[i] = entry->value_bytes == 1   ? reader.u8(at)
                : entry->value_bytes == 2 ? reader.u16(at)
                                          : reader.u32(at);
  }
  return result;
}

std::optional<std::uint32_t> TiffDirectory::value(std::uint16_t tag) const {
  const Entry* entry = find(tag);
  if (entry == nullptr || entry->value_bytes == 0 || entry->count == 0) return std::nullopt;
  ByteReader reader(tiff_, order_);
  const std::uint32_t first = entry->value_bytes == 1   ? reader.u8(entry->offset)
                              : entry->value_bytes == 2 ? reader.u16(entry->offset)
                                                        : reader.u32(entry->offset);
  if (reader.ran_out()) return std::nullopt;
  return first;
}

std::optional<std::size_t> TiffDirectory::value_offset(std::uint16_t tag) const {
  const Entry* entry = find(tag);
  if (entry == nullptr || entry->value_bytes == 0 || entry->count != 1) return std::nullopt;
  return entry->offset;
}

}  // namespace imgdedup::hashing
