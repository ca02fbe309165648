// SPDX-License-Identifier: Apache-2.0
// Reads a whole file through its descriptor into memory. Process side.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <variant>

#include "matching/refusal.h"

namespace imgdedup::worker {

/// The bytes of a file, owned.
class FileBytes {
 public:
  explicit FileBytes(std::size_t size)
      : bytes_(std::make_unique_for_overwrite<std::uint8_t[]>(size)), size_(size) {}

  [[nodiscard]] std::span<std::uint8_t> all() { return {bytes_.get(), size_}; }
  [[nodiscard]] std::span<const std::uint8_t> all() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<std::uint8_t[]> bytes_;
  std::size_t size_;
};

/// Judges the first bytes of a file before the rest is read.
using HeadCheck = std::optional<matching::Refusal> (*)(std::span<const std::uint8_t> head);

/// Judges the size of a file, in bytes, that is worth reading.
using SizeCheck = std::function<std::optional<matching::Refusal>(std::uint64_t bytes)>;

/// Bytes that a HeadCheck is given, fewer if the file is shorter.
inline constexpr std::size_t head_bytes = 64;

/// The file from offset 0 to its end, read with pread and never mapped: another process may cut it
/// at any time. Refusals: what `head_check` (may be null) says; over_limit above `max_bytes`;
/// then what `size_check` (may be empty) says;
/// incomplete when the file changes meanwhile; unreadable when it is no regular file or the system
/// does not let us read it. Throws std::bad_alloc.
std::variant<FileBytes, matching::Refusal> read_file_bytes(int descriptor, std::uint64_t max_bytes,
                                                           HeadCheck head_check,
                                                           const SizeCheck& size_check = {});

/// The same in parts, one after the other, so that the file need not be held; its size in bytes.
std::variant<std::uint64_t, matching::Refusal> read_file_parts(
    int descriptor, std::uint64_t max_bytes, HeadCheck head_check,
    const std::function<void(std::span<const std::uint8_t>)>& take);

}  // namespace imgdedup::worker
