// SPDX-License-Identifier: Apache-2.0
// Renames without ever replacing anything.
#pragma once

#include <string>

namespace imgdedup::posix {

/// renameat2(2) with RENAME_NOREPLACE: atomic, within one mount. 0, or the errno: EEXIST (the new
/// name is taken), EXDEV (another mount), EINVAL (the file system cannot do it; there is no
/// fallback, for that could replace a file), ENOENT ... Names are single components. Any thread.
[[nodiscard]] int rename_no_replace(int old_directory, const std::string& old_name,
                                    int new_directory, const std::string& new_name) noexcept;

}  // namespace imgdedup::posix
