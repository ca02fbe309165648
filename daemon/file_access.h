// SPDX-License-Identifier: Apache-2.0
// Opening a catalogued file, and nothing that has taken its place.
#pragma once

#include <string>

#include "daemon/roots.h"
#include "matching/image_record.h"
#include "posix/unique_descriptor.h"

namespace imgdedup::daemon {

struct OpenedFile {
  posix::UniqueDescriptor descriptor;
  matching::FileStamp stamp;
  std::uint64_t hard_links = 1;
  int error = 0;            ///< errno; 0 exactly if it is open
  bool is_offline = false;  ///< its root is not there, or no root holds it
};

/// Opens a regular file below its root without following links. Does not throw.
OpenedFile open_file(const Roots& roots, const std::string& path);

/// A second descriptor of the same open file. Throws std::system_error.
posix::UniqueDescriptor duplicate(const posix::UniqueDescriptor& descriptor);

/// By the wall clock, in nanoseconds since 1970.
std::int64_t wall_clock_ns();

}  // namespace imgdedup::daemon
