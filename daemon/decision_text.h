// SPDX-License-Identifier: Apache-2.0
// A decision as a line for people.
#pragma once

#include <string>

#include "store/records.h"

namespace imgdedup::daemon {

/// "near: /a/copy.jpg is a copy of /a/first.jpg (distance 3, SSIM 0.972): log".
std::string decision_text(const store::CatalogDecision& decision);
/// Into the service's log, at level info.
void log_decision(const store::CatalogDecision& decision);

}  // namespace imgdedup::daemon
