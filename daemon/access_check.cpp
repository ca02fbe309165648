// SPDX-License-Identifier: Apache-2.0
// Looks, while the service runs, whether it may do in its folders what it is to do there.
#include "daemon/access_check.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>
#include <utility>

#include "daemon/event/background.h"
#include "posix/test_hooks.h"

namespace imgdedup::daemon {
namespace {

using std::chrono::milliseconds;

// Whoever mends something looks at the status soon after.
constexpr milliseconds again_while_wrong = std::chrono::minutes(1);
constexpr milliseconds again_at_least = std::chrono::minutes(10);

}  // namespace

AccessCheck::AccessCheck(event::Loop& loop, config::Settings settings, Changed changed)
    : loop_(loop),
      settings_(std::move(settings)),
      changed_(std::move(changed)),
      timer_(loop, [this] { look(); }) {}

void AccessCheck::use(config::Settings settings) {
  settings_ = std::move(settings);
  look();
}

void AccessCheck::look() {
  if (is_looking_) {
    must_look_again_ = true;
    return;
  }
  is_looking_ = true;
  const auto found = std::make_shared<AccessReport>();
  event::run_in_background(
      loop_, [found, settings = settings_] { *found = access_of_service(settings); },
      [this, found](const std::exception_ptr& error) {
        is_looking_ = false;
        if (!error) looked(*found);
        if (std::exchange(must_look_again_, false))
          look();
        else
          look_later();
      });
}

void AccessCheck::looked(const AccessReport& found) {
  if (found.warnings == last_.warnings && found.summaries == last_.summaries) return;
  last_ = found;
  changed_(last_);
}

void AccessCheck::look_later() {
  timer_.start(last_.warnings.empty()
                   ? std::max(again_at_least, settings_.reconcile_interval)
                   : posix::test_duration("IMGDEDUPD_ACCESS_AGAIN_MS", again_while_wrong));
}

}  // namespace imgdedup::daemon
