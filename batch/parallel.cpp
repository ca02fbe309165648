// SPDX-License-Identifier: Apache-2.0
// A loop over indexes, shared among threads.
#include "batch/parallel.h"

#include <algorithm>
#include <thread>
#include <vector>

namespace imgdedup::batch {

void for_each_range(std::size_t count, const std::function<void(std::size_t, std::size_t)>& work) {
  // Below that a thread costs more than it does.
  constexpr std::size_t fewest_a_thread = 256;
  const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
  const std::size_t shares = std::clamp<std::size_t>(count / fewest_a_thread, 1, cores);
  std::vector<std::jthread> others;
  for (std::size_t share = 1; share < shares; ++share)
    others.emplace_back([&, share] { work(count * share / shares, count * (share + 1) / shares); });
  work(0, count / shares);
}

}  // namespace imgdedup::batch
