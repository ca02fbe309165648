// SPDX-License-Identifier: Apache-2.0
// Waits on the loop for a descriptor to become ready.
#include "daemon/event/poller.h"

#include <uv.h>

#include <cassert>
#include <memory>
#include <utility>

#include "daemon/event/loop.h"
#include "daemon/event/uv_handle.h"

namespace imgdedup::event {

struct DescriptorWatch::State {
  Loop& loop;
  std::function<void(Readiness)> callback;
  uv_poll_t handle{};
};

DescriptorWatch::DescriptorWatch(Loop& loop, int descriptor,
                                 std::function<void(Readiness)> callback) {
  assert(loop.is_own_thread());
  std::unique_ptr<State> state(new State{.loop = loop, .callback = std::move(callback)});
  state->handle.data = state.get();
  check_uv(::uv_poll_init(loop.handle(), &state->handle, descriptor), "watch a descriptor");
  state_ = state.release();
}

DescriptorWatch::~DescriptorWatch() { close_and_delete(state_); }

void DescriptorWatch::wait_for(Readiness wanted) {
  assert(state_->loop.is_own_thread());
  const int events = (wanted.readable ? UV_READABLE : 0) | (wanted.writable ? UV_WRITABLE : 0) |
                     (wanted.priority ? UV_PRIORITIZED : 0);
  if (events == 0) return stop();
  const auto answer = [](uv_poll_t* poll, int status, int found) {
    auto* const state = static_cast<State*>(poll->data);
    state->loop.guard([&] {
      state->callback({.readable = (found & UV_READABLE) != 0,
                       .writable = (found & UV_WRITABLE) != 0,
                       .priority = (found & UV_PRIORITIZED) != 0,
                       .failed = status < 0});
    });
  };
  check_uv(::uv_poll_start(&state_->handle, events, answer), "watch a descriptor");
}

void DescriptorWatch::stop() noexcept { ::uv_poll_stop(&state_->handle); }

}  // namespace imgdedup::event
