// SPDX-License-Identifier: Apache-2.0
// A loop over indexes, shared among threads.
#pragma once

#include <cstddef>
#include <functional>

namespace imgdedup::batch {

/// Calls work(begin, end) for ranges that cover 0..count-1 once, in one thread a core; few indexes
/// in this thread alone. Returns when all is done. `work` must not throw, and what it writes for
/// one index must depend on that index alone: results are then the same on every machine.
void for_each_range(std::size_t count, const std::function<void(std::size_t, std::size_t)>& work);

}  // namespace imgdedup::batch
