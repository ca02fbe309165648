// SPDX-License-Identifier: Apache-2.0
// The bytes of one file to another, and whether two have the same.
#pragma once

#include <cstdint>
#include <functional>

namespace imgdedup::posix {

/// Copies all bytes of the regular file `from` into the empty regular file `to`; how many there
/// were. Shares the blocks where the file system can (FICLONE), else lets the kernel copy
/// (copy_file_range), else reads and writes. The read position of `from` is left alone.
/// may_go_on: asked between pieces of 16 MiB at most; once it says no, ECANCELED is thrown. Throws
/// std::system_error. Any thread.
std::uint64_t copy_file_bytes(
    int from, int to, const std::function<bool()>& may_go_on = [] { return true; });

/// Whether two regular files hold the same bytes. Throws std::system_error. Any thread.
bool same_file_bytes(int left, int right);

/// Whether the regular file `beginning` holds the first bytes of `whole`: none, some or all. Throws
/// std::system_error. Any thread.
bool begins_with_file_bytes(int whole, int beginning);

}  // namespace imgdedup::posix
