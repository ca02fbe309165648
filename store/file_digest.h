// SPDX-License-Identifier: Apache-2.0
// The digest of a file that is about to be moved, by the service itself.
#pragma once

#include <atomic>
#include <optional>

#include "matching/fingerprint.h"

namespace imgdedup::store {

/// SHA-256 of all bytes of an open regular file, read from its beginning; the descriptor's own
/// position stays. Empty when `is_cancelled` has become true. Throws std::system_error. Any thread.
///
/// Workers digest as well, but a worker may have been taken over by the very picture that is to be
/// moved as a copy of another: nothing moves on a worker's word.
std::optional<matching::ContentDigest> digest_of_file(int descriptor,
                                                      const std::atomic<bool>& is_cancelled);

}  // namespace imgdedup::store
