// SPDX-License-Identifier: Apache-2.0
// Where a file in quarantine came from, looked up without following links.
#include "store/original_place.h"

#include "store/sqlite_rows.h"

namespace imgdedup::store {

posix::Opened open_original_folder(const WatchedPlace& place, const std::string& path) {
  const std::string root = place.root_path.empty() ? "/" : place.root_path;
  const std::string_view directory = split_path(path).first;
  return posix::open_directory_beneath(root, path_below(root, directory));
}

}  // namespace imgdedup::store
