// SPDX-License-Identifier: Apache-2.0
// Signals as callbacks on the loop.
#include "daemon/event/signals.h"

#include <uv.h>

#include <cassert>
#include <utility>

#include "daemon/event/loop.h"
#include "daemon/event/uv_handle.h"

namespace imgdedup::event {

struct SignalWatch::State {
  Loop& loop;
  std::function<void()> callback;
  uv_signal_t handle{};
};

SignalWatch::SignalWatch(Loop& loop, int signal_number, std::function<void()> callback)
    : state_(new State{.loop = loop, .callback = std::move(callback)}) {
  assert(loop.is_own_thread());
  state_->handle.data = state_;
  if (const int result = ::uv_signal_init(loop.handle(), &state_->handle); result < 0) {
    delete state_;
    check_uv(result, "catch a signal");
  }
  const int result = ::uv_signal_start(
      &state_->handle,
      [](uv_signal_t* watch, int) {
        auto* const state = static_cast<State*>(watch->data);
        state->loop.guard(state->callback);
      },
      signal_number);
  if (result < 0) {
    close_and_delete(state_);
    check_uv(result, "catch a signal");
  }
}

SignalWatch::~SignalWatch() { close_and_delete(state_); }

}  // namespace imgdedup::event
