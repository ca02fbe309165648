// SPDX-License-Identifier: Apache-2.0
// Looks, while the service runs, whether it may do in its folders what it is to do there.
#include "daemon/access_check.h"

#include <chrono>
#include <exception>
#include <memory>
#include <utility>

#include "daemon/event/background.h"

namespace imgdedup::daemon {
namespace {

constexpr std::chrono::minutes again_after{10};

}  // namespace

AccessCheck::AccessCheck(event::Loop& loop, config::Settings settings, Changed changed)
    : loop_(loop),
      settings_(std::move(settings)),
      changed_(std::move(changed)),
      timer_(loop, [this] { look(); }) {}

void AccessCheck::start() { look(); }

void AccessCheck::look() {
  const auto found = std::make_shared<AccessReport>();
  event::run_in_background(
      loop_, [found, settings = settings_] { *found = access_of_service(settings); },
      [this, found](std::exception_ptr error) {
        if (!error && (found->warnings != last_.warnings || found->summaries != last_.summaries)) {
          last_ = *found;
          changed_(last_);
        }
        if (error || !last_.warnings.empty()) timer_.start(again_after);
      });
}

}  // namespace imgdedup::daemon
