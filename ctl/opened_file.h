// SPDX-License-Identifier: Apache-2.0
// A file opened with the rights of the user, to be handed to the service.
#pragma once

#include <string>

#include "posix/unique_descriptor.h"

namespace imgdedup::ctl {

/// A regular file that is open for reading, or why it is not.
struct OpenedFile {
  posix::UniqueDescriptor descriptor;
  std::string problem;  ///< "cannot be opened: No such file or directory"; empty exactly if open
};

/// Does not wait for a fifo and takes no terminal.
OpenedFile open_file(const std::string& path);

}  // namespace imgdedup::ctl
