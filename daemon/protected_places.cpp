// SPDX-License-Identifier: Apache-2.0
// Whether a file that is to move also lies in a folder that is protected.
#include "daemon/protected_places.h"

#include <algorithm>

#include "posix/mount_places.h"
#include "posix/safe_open.h"

namespace imgdedup::daemon {

std::optional<std::string> protected_root_around(const Roots& roots, const Root& root,
                                                 const std::string& path) {
  if (std::ranges::none_of(roots.all(), [](const Root& other) { return other.settings.protect; }))
    return std::nullopt;
  const std::string relative = relative_to(root, path);
  const auto slash = relative.rfind('/');
  const std::string directory = slash == std::string::npos ? "" : relative.substr(0, slash);
  const posix::Opened top = posix::open_root(root.settings.path);
  const posix::Opened folder =
      top ? posix::open_directory_beneath(top.descriptor.get(), directory) : posix::Opened{};
  // Then it is not going to move either.
  if (!folder) return std::nullopt;

  const posix::MountTable mounts = posix::MountTable::read();
  posix::MountPlace place =
      mounts.place_of(folder.descriptor.get(), top.descriptor.get(), directory);
  place.path += path.substr(path.rfind('/'));
  for (const Root& other : roots.all()) {
    if (!other.settings.protect) continue;
    const posix::Opened protected_top = posix::open_root(other.settings.path);
    if (!protected_top) continue;
    for (const posix::MountPlace& region : mounts.places_below(protected_top.descriptor.get()))
      if (lies_in(place, region)) return other.settings.path;
  }
  return std::nullopt;
}

}  // namespace imgdedup::daemon
