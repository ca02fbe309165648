// SPDX-License-Identifier: Apache-2.0
// Renames without ever replacing anything.
#include "posix/file_move.h"

#include <stdio.h>

#include <cerrno>

namespace imgdedup::posix {

int rename_no_replace(int old_directory, const std::string& old_name, int new_directory,
                      const std::string& new_name) noexcept {
  return ::renameat2(old_directory, old_name.c_str(), new_directory, new_name.c_str(),
                     RENAME_NOREPLACE) == 0
             ? 0
             : errno;
}

}  // namespace imgdedup::posix
