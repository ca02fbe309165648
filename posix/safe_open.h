// SPDX-License-Identifier: Apache-2.0
// Opens what lies below a directory, and nothing that a symbolic link points to.
#pragma once

#include <string_view>

#include "posix/unique_descriptor.h"

namespace imgdedup::posix {

/// A descriptor, or the errno that says why there is none.
struct Opened {
  UniqueDescriptor descriptor;
  int error = 0;  ///< 0 exactly if there is a descriptor

  explicit operator bool() const noexcept { return static_cast<bool>(descriptor); }
};

/// All of these: close-on-exec, any thread, throw nothing but std::bad_alloc. `relative` is bytes
/// of any length, also longer than PATH_MAX, without a leading slash; ".." is refused with EXDEV.
/// No component below the root may be a symbolic link (ELOOP) or a magic link; mount points are
/// entered. openat2(2) with RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS; where
/// the kernel or a seccomp filter refuses that call, each component is opened by itself with
/// O_NOFOLLOW.

/// The root itself, O_RDONLY; here links are followed, for its owner chose the path.
Opened open_root(std::string_view root_path);

/// A directory, O_RDONLY; "" and "." are the root itself.
Opened open_directory_beneath(int root, std::string_view relative);
Opened open_directory_beneath(std::string_view root_path, std::string_view relative);

/// A regular file, O_RDONLY, without waiting for a fifo or a lease; `further_flags` are added to
/// the flags of open(2), e.g. O_NOATIME. EISDIR: a directory; EINVAL: neither file nor directory.
Opened open_file_beneath(int root, std::string_view relative, int further_flags = 0);
Opened open_file_beneath(std::string_view root_path, std::string_view relative,
                         int further_flags = 0);

/// For tests: the way without openat2, of the two functions above.
Opened walk_to_directory_beneath(int root, std::string_view relative);
Opened walk_to_file_beneath(int root, std::string_view relative, int further_flags = 0);

}  // namespace imgdedup::posix
