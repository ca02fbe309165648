// SPDX-License-Identifier: Apache-2.0
// The group whose members may use the control socket.
#include "daemon/socket_group.h"

#include <grp.h>

#include <stdexcept>

namespace imgdedup::daemon {

std::optional<gid_t> group_id(const std::string& name) {
  if (name.empty()) return std::nullopt;
  const group* entry = ::getgrnam(name.c_str());
  if (!entry)
    throw std::runtime_error("socket.group: there is no group `" + name +
                             "`; make it with groupadd, or leave the setting empty");
  return entry->gr_gid;
}

}  // namespace imgdedup::daemon
