// SPDX-License-Identifier: Apache-2.0
// Signals as callbacks on the loop.
#include "daemon/event/signals.h"

#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace imgdedup::event {
namespace {

sigset_t set_of(std::initializer_list<int> signal_numbers) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : signal_numbers) ::sigaddset(&set, number);
  return set;
}

// libuv's own signals are not used: between two loops they would do what they do by themselves,
// which for all that we listen to is to end the process.
posix::UniqueDescriptor descriptor_for(int signal_number) {
  if (signal_number == SIGKILL || signal_number == SIGSTOP)
    throw std::system_error(EINVAL, std::generic_category(), "catch a signal");
  hold_signals({signal_number});
  const sigset_t set = set_of({signal_number});
  posix::UniqueDescriptor descriptor(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!descriptor) throw std::system_error(errno, std::generic_category(), "catch a signal");
  return descriptor;
}

}  // namespace

void hold_signals(std::initializer_list<int> signal_numbers) {
  const sigset_t set = set_of(signal_numbers);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

SignalWatch::SignalWatch(Loop& loop, int signal_number, std::function<void()> callback)
    : descriptor_(descriptor_for(signal_number)),
      callback_(std::move(callback)),
      watch_(loop, descriptor_.get(), [this](Readiness) {
        if (!take_all()) return;
        // It may destroy this object.
        const auto call = callback_;
        call();
      }) {
  watch_.wait_for({.readable = true});
}

bool SignalWatch::take_all() const {
  bool has_any = false;
  signalfd_siginfo taken{};
  while (::read(descriptor_.get(), &taken, sizeof taken) == static_cast<ssize_t>(sizeof taken))
    has_any = true;
  return has_any;
}

}  // namespace imgdedup::event
