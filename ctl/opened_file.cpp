// SPDX-License-Identifier: Apache-2.0
// A file opened with the rights of the user.
#include "ctl/opened_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <system_error>

namespace imgdedup::ctl {

OpenedFile open_file(const std::string& path) {
  OpenedFile file;
  file.descriptor.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  if (!file.descriptor || ::fstat(file.descriptor.get(), &status) != 0)
    file.problem = "cannot be opened: " + std::generic_category().message(errno);
  else if (!S_ISREG(status.st_mode))
    file.problem = "is no regular file";
  return file;
}

}  // namespace imgdedup::ctl
