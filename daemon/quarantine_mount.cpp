// SPDX-License-Identifier: Apache-2.0
// Whether files of a root can be renamed into its quarantine folder.
#include "daemon/quarantine_mount.h"

#include <system_error>

#include "posix/mount_info.h"
#include "posix/safe_open.h"

namespace imgdedup::daemon {

QuarantineWay way_to_quarantine(const config::WatchedRoot& root) try {
  const posix::Opened top = posix::open_root(root.path);
  posix::Opened folder = posix::open_root(root.quarantine);
  if (!folder) folder = posix::open_root(root.quarantine.substr(0, root.quarantine.rfind('/') + 1));
  if (!top || !folder || posix::on_same_mount(top.descriptor.get(), folder.descriptor.get()))
    return QuarantineWay::rename;
  return root.has_own_quarantine() ? QuarantineWay::copy : QuarantineWay::impossible;
} catch (const std::system_error&) {
  return QuarantineWay::rename;
}

}  // namespace imgdedup::daemon
