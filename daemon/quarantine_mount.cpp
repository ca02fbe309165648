// SPDX-License-Identifier: Apache-2.0
// Which files of a root can be renamed into its quarantine folder.
#include "daemon/quarantine_mount.h"

#include <system_error>

#include "daemon/file_access.h"
#include "posix/mount_info.h"
#include "posix/safe_open.h"

namespace imgdedup::daemon {
namespace {

QuarantineWay way_from(const posix::Opened& directory, const config::WatchedRoot& root) try {
  posix::Opened folder = posix::open_root(root.quarantine);
  if (!folder) folder = posix::open_root(root.quarantine.substr(0, root.quarantine.rfind('/') + 1));
  if (!directory || !folder ||
      posix::on_same_mount(directory.descriptor.get(), folder.descriptor.get()))
    return QuarantineWay::rename;
  return root.has_own_quarantine() ? QuarantineWay::copy : QuarantineWay::impossible;
} catch (const std::system_error&) {
  return QuarantineWay::rename;
}

QuarantineWay way_of_file(const Root& root, std::string_view path) {
  const std::string directory = relative_to(root, path.substr(0, path.rfind('/')));
  return way_from(posix::open_directory_beneath(root.settings.path, directory), root.settings);
}

bool is_there(const Roots& roots, const std::string& path, const matching::FileStamp& stamp) {
  const OpenedFile opened = open_file(roots, path);
  return opened.error == 0 && opened.stamp == stamp;
}

}  // namespace

QuarantineWay way_to_quarantine(const config::WatchedRoot& root) {
  return way_from(posix::open_root(root.path), root);
}

std::optional<store::CatalogFile> name_that_can_move(const Roots& roots, store::Catalog& catalog,
                                                     const store::CatalogFile& file) {
  const Root* own = roots.holding(file.path);
  // With a folder of its own a root's files are renamed or copied, whatever mount they lie on.
  if (!own || own->settings.has_own_quarantine() ||
      way_of_file(*own, file.path) != QuarantineWay::impossible)
    return std::nullopt;
  for (store::CatalogFile& name : catalog.files_with_inode(file.stamp.device, file.stamp.inode)) {
    const Root* root = roots.holding(name.path);
    if (name.state == matching::FileState::alias && root && root->is_online() &&
        !root->settings.protect && way_of_file(*root, name.path) == QuarantineWay::rename &&
        is_there(roots, name.path, file.stamp))
      return std::move(name);
  }
  return std::nullopt;
}

}  // namespace imgdedup::daemon
