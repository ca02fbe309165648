// SPDX-License-Identifier: Apache-2.0
// Whether the files of an open catalog still are the ones that their names lead to.
#include "store/files_in_place.h"

#include <sys/stat.h>

namespace imgdedup::store {

FilesInPlace::FilesInPlace(const std::string& catalog) {
  for (const char* ending : {"", "-wal", "-shm"}) {
    struct stat status {};
    if (::stat((catalog + ending).c_str(), &status) == 0)
      files_.push_back({catalog + ending, status.st_dev, status.st_ino});
  }
}

std::string FilesInPlace::first_not_in_place() const {
  for (const Identity& file : files_) {
    struct stat status {};
    if (::stat(file.path.c_str(), &status) != 0 || status.st_dev != file.device ||
        status.st_ino != file.inode)
      return file.path;
  }
  return "";
}

}  // namespace imgdedup::store
