// SPDX-License-Identifier: Apache-2.0
// Where a file in quarantine came from, looked up without following links.
#pragma once

#include <functional>
#include <string>

#include "posix/safe_open.h"
#include "store/records.h"

namespace imgdedup::store {

/// What the settings say of a path.
struct WatchedPlace {
  std::string root_path;  ///< of the watched root that holds it; "" if none does
  bool is_away = false;   ///< and that root is known not to be there now
};
using PlaceOf = std::function<WatchedPlace(const std::string& path)>;

/// The folder that holds `path`, opened beneath the root of `place`. A component below the root
/// that is a link is not followed (ELOOP): it may lead to somebody else's folder by now. Without a
/// root no component of the path may be one. Any thread.
posix::Opened open_original_folder(const WatchedPlace& place, const std::string& path);

}  // namespace imgdedup::store
