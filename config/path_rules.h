// SPDX-License-Identifier: Apache-2.0
// Which paths the settings may name, and which are in each other's way.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/problem.h"
#include "config/settings.h"

namespace imgdedup::config {

/// What a path in the settings must be, in words.
inline constexpr std::string_view path_rule =
    "an absolute path without \".\" and \"..\", such as /srv/photos";

/// Takes doubled slashes and slashes at the end out of `path`; false if it breaks path_rule, holds
/// a zero byte, or is longer than Linux allows (4095 bytes, 255 a part).
bool normalise_path(std::string& path);

/// Whether `path` is `directory` or below it. Both normalised.
bool is_within(std::string_view path, std::string_view directory);

/// Where a path of the settings was written.
struct PathPlace {
  std::string key;
  int line = 0;  ///< 0: not in the file, a default
  std::string path;
};

/// One watched folder; without the paths that have a problem already.
struct RootPlaces {
  PathPlace root;
  PathPlace quarantine;
};

/// Reports roots, quarantine folders and the service's own files that lie in one another.
/// own_files: catalog, duplicates log and socket; an empty path is left out everywhere.
void check_paths(const std::vector<RootPlaces>& roots, const std::vector<PathPlace>& own_files,
                 ProblemList& problems);

}  // namespace imgdedup::config
