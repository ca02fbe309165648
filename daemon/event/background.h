// SPDX-License-Identifier: Apache-2.0
// Work on a pool thread, its end on the loop.
#pragma once

#include <exception>
#include <functional>

namespace imgdedup::event {

class Loop;

/// Runs `work` on a thread of libuv's pool (four threads, shared by the process), then `done` on
/// the loop thread with null or with what `work` threw. `work` owns or outlives what it touches and
/// touches nothing that the loop thread changes. When the Loop is destroyed first, work that has
/// begun is waited for, work that has not begun is dropped, and `done` is not called. Loop thread
/// only.
void run_in_background(Loop& loop, std::function<void()> work,
                       std::function<void(std::exception_ptr)> done);

}  // namespace imgdedup::event
