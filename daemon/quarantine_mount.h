// SPDX-License-Identifier: Apache-2.0
// Whether files of a root can be renamed into its quarantine folder.
#pragma once

#include <optional>
#include <string>

#include "config/settings.h"

namespace imgdedup::daemon {

enum class QuarantineWay : std::uint8_t {
  rename,
  copy,        ///< on another mount, as its owner wished
  impossible,  ///< on another mount, though it is the usual folder in the root itself
};

/// As far as it can be told now: a folder that is not there yet counts as lying where its parent
/// does. Does not throw.
QuarantineWay way_to_quarantine(const config::WatchedRoot& root);

}  // namespace imgdedup::daemon
