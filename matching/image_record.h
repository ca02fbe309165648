// SPDX-License-Identifier: Apache-2.0
// One catalogued file: its id, path, stamp and state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "matching/fingerprint.h"

namespace imgdedup::matching {

/// What tells one state of one file from another without reading it.
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size_bytes = 0;
  std::int64_t mtime_ns = 0;
  std::int64_t ctime_ns = 0;

  bool operator==(const FileStamp&) const = default;
};

/// Whether two stamps name one inode: hard links and bind-mounted aliases of one file do.
constexpr bool same_inode(const FileStamp& a, const FileStamp& b) {
  return a.device == b.device && a.inode == b.inode;
}

/// The same inode with the same size and modification time. A rename keeps these and moves ctime.
constexpr bool same_inode_unmodified(const FileStamp& a, const FileStamp& b) {
  return same_inode(a, b) && a.size_bytes == b.size_bytes && a.mtime_ns == b.mtime_ns;
}

enum class FileState : std::uint8_t {
  pending,       ///< seen; its decision is still to come
  judged,        ///< has a content; an original, or a duplicate by a standing decision
  alias,         ///< another name of an inode that has a row of its own
  incomplete,    ///< an image that ends too early
  unreadable,    ///< damaged, over a limit, refused by the system, or twice too much for a worker
  unsupported,   ///< an image of a kind that this build does not read
  not_an_image,  ///< no image by its content, and not named like one either
};

/// "pending", "judged", "alias", "incomplete", "unreadable", "unsupported", "not-an-image".
std::string_view name_of(FileState state);
std::optional<FileState> file_state_from_name(std::string_view name);

/// A file with its measured content, as decide() sees it.
struct ImageRecord {
  std::int64_t file_id = 0;  ///< grows in the order in which files were first seen
  std::string path;          ///< absolute, bytes
  FileStamp stamp;
  std::uint64_t hard_links = 1;  ///< names of this inode, inside the watched folders or not
  bool is_protected = false;     ///< lies in a root with `protect: true`
  bool has_film = false;         ///< a film of the same name lies beside it: a live photo's still
  Fingerprint fingerprint;
};

}  // namespace imgdedup::matching
