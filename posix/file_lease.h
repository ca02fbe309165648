// SPDX-License-Identifier: Apache-2.0
// A read lease: proof that nobody has the file open for writing.
#pragma once

#include <cstdint>

namespace imgdedup::posix {

enum class LeaseOutcome : std::uint8_t {
  held,
  writer_open,    ///< a descriptor or a shared mapping somewhere can still write
  not_permitted,  ///< the file is another user's and CAP_LEASE is missing
  unsupported,    ///< the file system has no leases, or the file is not a regular one
};

/// Takes a read lease (fcntl(2), F_SETLEASE) on an open file and gives it back when it goes. While
/// it is held, another process that opens the file for writing waits, so hold it briefly. Renaming
/// does not break it. The kernel's signal at a break is set to one that is ignored (SIGURG).
/// Any thread.
class ReadLease {
 public:
  /// `descriptor` was opened O_RDONLY and outlives the lease.
  explicit ReadLease(int descriptor) noexcept;
  ~ReadLease();
  ReadLease(const ReadLease&) = delete;
  ReadLease& operator=(const ReadLease&) = delete;

  [[nodiscard]] LeaseOutcome outcome() const noexcept { return outcome_; }
  /// Held, and since then nobody has tried to open the file for writing or to truncate it.
  [[nodiscard]] bool still_unbroken() const noexcept;

 private:
  int descriptor_;
  LeaseOutcome outcome_;
};

}  // namespace imgdedup::posix
