// SPDX-License-Identifier: Apache-2.0
// Descriptors and one alarm behind a single descriptor that can be polled.
#include "worker/event_set.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace imgdedup::worker {
namespace {

constexpr std::uint64_t alarm_tag = 0;

int checked(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

}  // namespace

EventSet::EventSet()
    : set_(checked(::epoll_create1(EPOLL_CLOEXEC), "make an event set")),
      timer_(
          checked(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), "make a timer")),
      due_(checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "make an event")) {
  add(timer_.get(), alarm_tag);
  add(due_.get(), alarm_tag);
}

void EventSet::add(int descriptor, std::uint64_t tag) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = tag;
  checked(::epoll_ctl(set_.get(), EPOLL_CTL_ADD, descriptor, &event), "watch a descriptor");
}

void EventSet::remove(int descriptor) {
  ::epoll_ctl(set_.get(), EPOLL_CTL_DEL, descriptor, nullptr);
}

void EventSet::set_alarm(std::optional<Clock::time_point> when) {
  const auto now = Clock::now();
  const bool due = when && *when <= now;
  set_due(due);
  const bool has_rung = timer_set_to_ && *timer_set_to_ <= now;
  const bool is_too_late = when && !due && !(timer_set_to_ && *timer_set_to_ <= *when);
  if (has_rung || is_too_late) set_timer(due ? std::nullopt : when);
}

void EventSet::set_due(bool due) {
  if (due == is_due_) return;
  std::uint64_t count = 1;
  const ssize_t size =
      due ? ::write(due_.get(), &count, sizeof count) : ::read(due_.get(), &count, sizeof count);
  checked(static_cast<int>(size), "set an event");
  is_due_ = due;
}

void EventSet::set_timer(std::optional<Clock::time_point> when) {
  itimerspec setting{};
  if (when) {
    const std::chrono::nanoseconds since_start = when->time_since_epoch();
    setting.it_value.tv_sec = static_cast<time_t>(since_start.count() / 1'000'000'000);
    setting.it_value.tv_nsec = static_cast<long>(since_start.count() % 1'000'000'000);
  }
  checked(::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &setting, nullptr), "set a timer");
  timer_set_to_ = when;
}

std::vector<std::uint64_t> EventSet::ready() const {
  std::array<epoll_event, 64> events;
  const int count = ::epoll_wait(set_.get(), events.data(), static_cast<int>(events.size()), 0);
  std::vector<std::uint64_t> tags;
  for (int i = 0; i < count; ++i) {
    const std::uint64_t tag = events[static_cast<std::size_t>(i)].data.u64;
    if (tag != alarm_tag) tags.push_back(tag);
  }
  return tags;
}

}  // namespace imgdedup::worker
