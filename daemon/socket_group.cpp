// SPDX-License-Identifier: Apache-2.0
// The group whose members may use the control socket.
#include "daemon/socket_group.h"

#include <grp.h>

#include <cerrno>
#include <stdexcept>
#include <vector>

namespace imgdedup::daemon {

std::optional<gid_t> group_id(const std::string& name) {
  if (name.empty()) return std::nullopt;
  const group* entry = ::getgrnam(name.c_str());
  if (!entry)
    throw std::runtime_error("socket.group: there is no group `" + name +
                             "`; make it with groupadd, or leave the setting empty");
  return entry->gr_gid;
}

std::string problem_with_group(const std::string& name) {
  if (name.empty()) return {};
  std::vector<char> buffer(4096);
  group entry{};
  group* found = nullptr;
  int error = 0;
  while ((error = ::getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found)) ==
         ERANGE)
    buffer.resize(buffer.size() * 2);
  // The man page names these for "not found", beside none.
  const bool is_certain =
      error == 0 || error == ENOENT || error == ESRCH || error == EBADF || error == EPERM;
  if (found || !is_certain) return {};
  return "there is no group " + name +
         ", must be the name of a group, or \"\". To make it: groupadd --system " + name;
}

}  // namespace imgdedup::daemon
