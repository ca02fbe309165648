// SPDX-License-Identifier: Apache-2.0
// Work on a pool thread, its end on the loop.
#include "daemon/event/background.h"

#include <uv.h>

#include <cassert>
#include <memory>
#include <utility>

#include "daemon/event/loop.h"
#include "daemon/event/uv_handle.h"

namespace imgdedup::event {
namespace {

struct Job {
  Loop& loop;
  std::function<void()> work;
  std::function<void(std::exception_ptr)> done;
  std::exception_ptr failure{};
  uv_work_t request{};
};

void work_on_pool_thread(uv_work_t* request) noexcept {
  auto* const job = static_cast<Job*>(request->data);
  try {
    job->work();
  } catch (...) {
    job->failure = std::current_exception();
  }
}

void end_on_loop(uv_work_t* request, int) noexcept {
  const std::unique_ptr<Job> job(static_cast<Job*>(request->data));
  Loop& loop = job->loop;
  loop.background_work().erase(request);
  if (loop.is_closing()) return;
  // What the work owns goes before `done`, which may look at it.
  job->work = nullptr;
  loop.guard([&] { job->done(job->failure); });
}

}  // namespace

void run_in_background(Loop& loop, std::function<void()> work,
                       std::function<void(std::exception_ptr)> done) {
  assert(loop.is_own_thread());
  std::unique_ptr<Job> job(new Job{.loop = loop, .work = std::move(work), .done = std::move(done)});
  job->request.data = job.get();
  loop.background_work().insert(&job->request);
  if (const int result =
          ::uv_queue_work(loop.handle(), &job->request, work_on_pool_thread, end_on_loop);
      result < 0) {
    loop.background_work().erase(&job->request);
    check_uv(result, "start background work");
  }
  static_cast<void>(job.release());
}

}  // namespace imgdedup::event
