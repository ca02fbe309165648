// SPDX-License-Identifier: Apache-2.0
// The event loop: owns a libuv loop, runs callbacks, carries their exceptions out.
#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <thread>
#include <unordered_set>
#include <utility>
#include <vector>

struct uv_idle_s;
struct uv_async_s;
struct uv_loop_s;
struct uv_work_s;

namespace imgdedup::event {

/// One loop, used by the thread that made it. Every class of this folder takes a Loop and must be
/// destroyed before it. Callbacks run on that thread, one at a time, inside run(); they may start,
/// stop and destroy anything, also the object that calls them, but not the Loop.
///
/// An exception that leaves a callback stops the loop and is rethrown by run(); of several, the
/// first. Loop thread only.
class Loop {
 public:
  /// Throws std::system_error when the system has no descriptors left.
  Loop();
  /// Waits for background work that has begun (what has not begun is dropped, no `done` is called)
  /// and for all closing handles. Tasks still deferred are destroyed without being run.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Runs callbacks until stop(), sleeping while there is nothing to do; may be called again.
  void run();
  /// Makes run() return once the running callback is done; before run(), makes it return at once.
  void stop() noexcept;

  /// Runs `task` on a later turn of the loop, in the order of the calls; timers and descriptors
  /// that are due come in between. A task that defers itself slices long work without blocking.
  void defer(std::function<void()> task);

  [[nodiscard]] std::chrono::steady_clock::time_point now() const noexcept {
    return std::chrono::steady_clock::now();
  }

  /// For daemon/event/ alone.
  [[nodiscard]] uv_loop_s* handle() const noexcept { return loop_.get(); }
  /// For daemon/event/ alone: calls `callback` and keeps what it throws for run(). No callback is
  /// called after one has thrown, until run() has rethrown it.
  template <class Callback>
  void guard(Callback&& callback) noexcept {
    if (failure_) return;
    try {
      std::forward<Callback>(callback)();
    } catch (...) {
      fail(std::current_exception());
    }
  }
  /// For daemon/event/ alone: makes run() throw `failure`.
  void fail(std::exception_ptr failure) noexcept;
  /// For daemon/event/ alone: work handed to the thread pool and not yet back.
  [[nodiscard]] std::unordered_set<uv_work_s*>& background_work() noexcept { return work_; }
  /// For daemon/event/ alone: whether the destructor runs.
  [[nodiscard]] bool is_closing() const noexcept { return closing_; }
  [[nodiscard]] bool is_own_thread() const noexcept {
    return std::this_thread::get_id() == thread_;
  }

 private:
  void run_deferred();

  std::unique_ptr<uv_loop_s> loop_;
  std::unique_ptr<uv_async_s> keep_alive_;  // run() waits although nothing else is active
  std::unique_ptr<uv_idle_s> turn_;         // active only while tasks_ is not empty
  std::vector<std::function<void()>> tasks_;
  std::unordered_set<uv_work_s*> work_;
  std::exception_ptr failure_;
  std::thread::id thread_ = std::this_thread::get_id();
  bool closing_ = false;
};

}  // namespace imgdedup::event
