// SPDX-License-Identifier: Apache-2.0
// Whether files can be leased, asked without the service.
#pragma once

#include <fcntl.h>

#include <filesystem>

#include "faults/fault_support.h"

namespace imgdedup::testing {

/// Whether a file in this folder can be leased (fcntl(2)), as the service leases what it moves.
inline bool can_lease_in(const std::filesystem::path& directory) {
  const std::filesystem::path probe = directory / ".lease-probe";
  write_small_file(probe, "");
  const posix::UniqueDescriptor file(::open(probe.c_str(), O_RDONLY | O_CLOEXEC));
  std::filesystem::remove(probe);
  return file && ::fcntl(file.get(), F_SETLEASE, F_RDLCK) == 0;
}

}  // namespace imgdedup::testing
