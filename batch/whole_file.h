// SPDX-License-Identifier: Apache-2.0
// A result as a file that is there whole or not at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

namespace imgdedup::batch {

inline std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// The file appears at once and whole, in place of a regular file that was there, whose mode it
/// gets; of a symbolic link, in place of the file it leads to. On failure, a full disk say, what
/// was there stays. `path` may be relative. Throws std::system_error naming `path`, also where it
/// is neither a regular file nor free.
void replace_file(const std::filesystem::path& path, std::span<const std::uint8_t> bytes);

/// The same, but into what can only be written into as it stands: a device, a pipe, what lies in
/// /dev and /proc, and a file in a folder where no other can be made.
void replace_or_write_file(const std::filesystem::path& path, std::span<const std::uint8_t> bytes);

}  // namespace imgdedup::batch
