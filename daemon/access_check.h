// SPDX-License-Identifier: Apache-2.0
// Looks, while the service runs, whether it may do in its folders what it is to do there.
#pragma once

#include <functional>

#include "config/settings.h"
#include "daemon/access_advice.h"
#include "daemon/event/loop.h"
#include "daemon/event/timer.h"

namespace imgdedup::daemon {

/// At the start, and every ten minutes for as long as something is wrong. Loop thread only; the
/// looking is done on a pool thread.
class AccessCheck {
 public:
  /// Called with what has changed since the last call.
  using Changed = std::function<void(const AccessReport&)>;

  AccessCheck(event::Loop& loop, config::Settings settings, Changed changed);
  void start();

 private:
  void look();

  event::Loop& loop_;
  config::Settings settings_;
  Changed changed_;
  event::Timer timer_;
  AccessReport last_;
};

}  // namespace imgdedup::daemon
