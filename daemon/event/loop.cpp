// SPDX-License-Identifier: Apache-2.0
// The event loop: owns a libuv loop, runs callbacks, carries their exceptions out.
#include "daemon/event/loop.h"

#include <uv.h>

#include <cassert>

#include "daemon/event/uv_handle.h"

namespace imgdedup::event {

Loop::Loop()
    : loop_(std::make_unique<uv_loop_t>()),
      keep_alive_(std::make_unique<uv_async_t>()),
      turn_(std::make_unique<uv_idle_t>()) {
  check_uv(::uv_loop_init(loop_.get()), "make an event loop");
  const int result = ::uv_async_init(loop_.get(), keep_alive_.get(), nullptr);
  if (result < 0) {
    ::uv_loop_close(loop_.get());
    check_uv(result, "make an event loop");
  }
  ::uv_idle_init(loop_.get(), turn_.get());
  turn_->data = this;
}

Loop::~Loop() {
  assert(is_own_thread());
  closing_ = true;
  for (uv_work_t* const work : work_) ::uv_cancel(reinterpret_cast<uv_req_t*>(work));
  ::uv_close(reinterpret_cast<uv_handle_t*>(keep_alive_.get()), nullptr);
  ::uv_close(reinterpret_cast<uv_handle_t*>(turn_.get()), nullptr);
  // stop() may have been called since the last run, and makes uv_run return early once.
  while (::uv_loop_alive(loop_.get())) ::uv_run(loop_.get(), UV_RUN_DEFAULT);
  [[maybe_unused]] const int result = ::uv_loop_close(loop_.get());
  assert(result == 0 && "an object of daemon/event/ outlives its loop");
}

void Loop::run() {
  assert(is_own_thread());
  if (!failure_) ::uv_run(loop_.get(), UV_RUN_DEFAULT);
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void Loop::stop() noexcept { ::uv_stop(loop_.get()); }

void Loop::defer(std::function<void()> task) {
  assert(is_own_thread());
  tasks_.push_back(std::move(task));
  ::uv_idle_start(turn_.get(),
                  [](uv_idle_t* turn) { static_cast<Loop*>(turn->data)->run_deferred(); });
}

void Loop::run_deferred() {
  std::vector<std::function<void()>> tasks = std::exchange(tasks_, {});
  for (auto task = tasks.begin(); task != tasks.end(); ++task) {
    if (failure_) {
      tasks_.insert(tasks_.begin(), std::make_move_iterator(task),
                    std::make_move_iterator(tasks.end()));
      break;
    }
    guard(*task);
    *task = nullptr;
  }
  if (tasks_.empty()) ::uv_idle_stop(turn_.get());
}

void Loop::fail(std::exception_ptr failure) noexcept {
  if (!failure_) failure_ = std::move(failure);
  stop();
}

}  // namespace imgdedup::event
