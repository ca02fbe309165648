// SPDX-License-Identifier: Apache-2.0
// Runs a command on a system that has not some system calls: without_calls NAME[,NAME] COMMAND...
#include <seccomp.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <sstream>
#include <string>

int main(int count, char** arguments) {
  if (count < 3) return 2;
  scmp_filter_ctx filter = ::seccomp_init(SCMP_ACT_ALLOW);
  if (filter == nullptr) return 1;
  // What the command does itself is not ours to punish.
  ::seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW);
  std::istringstream names(arguments[1]);
  for (std::string name; std::getline(names, name, ',');)
    if (::seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS),
                           ::seccomp_syscall_resolve_name(name.c_str()), 0) != 0)
      return 1;
  if (::seccomp_load(filter) != 0) return 1;
  ::execv(arguments[2], arguments + 2);
  std::perror(arguments[2]);
  return 1;
}
