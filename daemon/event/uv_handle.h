// SPDX-License-Identifier: Apache-2.0
// libuv's errors as exceptions, and the end of a handle. For daemon/event/ alone.
#pragma once

#include <uv.h>

#include <system_error>

namespace imgdedup::event {

/// Throws std::system_error saying `what` if `result`, from libuv, is an error.
inline void check_uv(int result, const char* what) {
  if (result < 0) throw std::system_error(-result, std::generic_category(), what);
}

/// Closes `state->handle`, whose data is `state`, and deletes `state` once libuv has let go of it:
/// on a later turn, so that a callback may end what called it.
template <class State>
void close_and_delete(State* state) noexcept {
  ::uv_close(reinterpret_cast<uv_handle_t*>(&state->handle),
             [](uv_handle_t* handle) { delete static_cast<State*>(handle->data); });
}

}  // namespace imgdedup::event
