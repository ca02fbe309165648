// SPDX-License-Identifier: Apache-2.0
// Looks, while the service runs, whether it may do in its folders what it is to do there.
#pragma once

#include <functional>

#include "config/settings.h"
#include "daemon/access_advice.h"
#include "daemon/event/loop.h"
#include "daemon/event/timer.h"

namespace imgdedup::daemon {

/// When told to, each minute for as long as something is wrong, and otherwise as often as the
/// folders are compared, but not more than every ten minutes. Loop thread only; the looking is done
/// on a pool thread.
class AccessCheck {
 public:
  /// Called with what has changed since the last call.
  using Changed = std::function<void(const AccessReport&)>;

  AccessCheck(event::Loop& loop, config::Settings settings, Changed changed);
  /// Now; where a look is under way already, once more after it.
  void look();
  /// What is wrong depends on the actions as well. Looks.
  void use(config::Settings settings);

 private:
  void looked(const AccessReport& found);
  void look_later();

  event::Loop& loop_;
  config::Settings settings_;
  Changed changed_;
  event::Timer timer_;
  AccessReport last_;
  bool is_looking_ = false;
  bool must_look_again_ = false;
};

}  // namespace imgdedup::daemon
