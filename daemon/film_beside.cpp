// SPDX-License-Identifier: Apache-2.0
// Whether a picture is the still of a live photo.
#include "daemon/film_beside.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>

namespace imgdedup::daemon {

bool has_film_beside(const std::string& path) {
  constexpr std::array<const char*, 6> endings{".mov", ".MOV", ".Mov", ".mp4", ".MP4", ".Mp4"};
  const std::size_t name = path.rfind('/') + 1;
  const std::size_t point = path.rfind('.');
  // A leading point begins a name, it ends none.
  if (point == std::string::npos || point <= name) return false;
  const std::string stem = path.substr(0, point);
  return std::any_of(endings.begin(), endings.end(), [&](const char* ending) {
    struct stat status {};
    return ::lstat((stem + ending).c_str(), &status) == 0 && S_ISREG(status.st_mode);
  });
}

}  // namespace imgdedup::daemon
