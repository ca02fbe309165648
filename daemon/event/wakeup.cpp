// SPDX-License-Identifier: Apache-2.0
// Lets another thread cause a callback on the loop.
#include "daemon/event/wakeup.h"

#include <uv.h>

#include <cassert>
#include <memory>
#include <utility>

#include "daemon/event/loop.h"
#include "daemon/event/uv_handle.h"

namespace imgdedup::event {

struct Wakeup::State {
  Loop& loop;
  std::function<void()> callback;
  uv_async_t handle{};
};

Wakeup::Wakeup(Loop& loop, std::function<void()> callback) {
  assert(loop.is_own_thread());
  std::unique_ptr<State> state(new State{.loop = loop, .callback = std::move(callback)});
  state->handle.data = state.get();
  check_uv(::uv_async_init(loop.handle(), &state->handle,
                           [](uv_async_t* async) {
                             auto* const woken = static_cast<State*>(async->data);
                             woken->loop.guard(woken->callback);
                           }),
           "make a wake-up");
  state_ = state.release();
}

Wakeup::~Wakeup() { close_and_delete(state_); }

void Wakeup::send() noexcept { ::uv_async_send(&state_->handle); }

}  // namespace imgdedup::event
