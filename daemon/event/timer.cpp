// SPDX-License-Identifier: Apache-2.0
// A timer on the loop.
#include "daemon/event/timer.h"

#include <uv.h>

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <utility>

#include "daemon/event/loop.h"
#include "daemon/event/uv_handle.h"

namespace imgdedup::event {

struct Timer::State {
  Loop& loop;
  std::function<void()> callback;
  uv_timer_t handle{};

  void start(std::chrono::milliseconds delay, std::chrono::milliseconds interval) {
    assert(loop.is_own_thread() && delay.count() >= 0 && interval.count() >= 0);
    // libuv counts from the time it last looked at the clock, and would run a timer that is due
    // already before it looks at any descriptor.
    const std::uint64_t late_ms = ::uv_hrtime() / 1'000'000 - ::uv_now(loop.handle());
    const std::uint64_t delay_ms = static_cast<std::uint64_t>(delay.count()) + late_ms;
    ::uv_timer_start(
        &handle,
        [](uv_timer_t* timer) {
          auto* const state = static_cast<State*>(timer->data);
          state->loop.guard(state->callback);
        },
        std::max<std::uint64_t>(delay_ms, 1), static_cast<std::uint64_t>(interval.count()));
  }
};

Timer::Timer(Loop& loop, std::function<void()> callback)
    : state_(new State{.loop = loop, .callback = std::move(callback)}) {
  assert(loop.is_own_thread());
  state_->handle.data = state_;
  ::uv_timer_init(loop.handle(), &state_->handle);
}

Timer::~Timer() { close_and_delete(state_); }

void Timer::start(std::chrono::milliseconds delay) {
  state_->start(delay, std::chrono::milliseconds(0));
}

void Timer::start_repeating(std::chrono::milliseconds interval) {
  assert(interval.count() > 0);
  state_->start(interval, interval);
}

void Timer::stop() noexcept { ::uv_timer_stop(&state_->handle); }

bool Timer::active() const noexcept {
  return ::uv_is_active(reinterpret_cast<const uv_handle_t*>(&state_->handle)) != 0;
}

}  // namespace imgdedup::event
