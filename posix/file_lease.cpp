// SPDX-License-Identifier: Apache-2.0
// A read lease: proof that nobody has the file open for writing.
#include "posix/file_lease.h"

#include <fcntl.h>
#include <signal.h>

#include <cerrno>

namespace imgdedup::posix {
namespace {

LeaseOutcome take(int descriptor) noexcept {
  // The default signal, SIGIO, would end a process that does not expect it.
  if (::fcntl(descriptor, F_SETSIG, SIGURG) != 0) return LeaseOutcome::unsupported;
  if (::fcntl(descriptor, F_SETLEASE, F_RDLCK) == 0) return LeaseOutcome::held;
  if (errno == EAGAIN) return LeaseOutcome::writer_open;
  return errno == EACCES || errno == EPERM ? LeaseOutcome::not_permitted
                                           : LeaseOutcome::unsupported;
}

}  // namespace

ReadLease::ReadLease(int descriptor) noexcept
    : descriptor_(descriptor), outcome_(take(descriptor)) {}

ReadLease::~ReadLease() {
  if (outcome_ == LeaseOutcome::held) ::fcntl(descriptor_, F_SETLEASE, F_UNLCK);
}

bool ReadLease::still_unbroken() const noexcept {
  return outcome_ == LeaseOutcome::held && ::fcntl(descriptor_, F_GETLEASE) == F_RDLCK;
}

}  // namespace imgdedup::posix
