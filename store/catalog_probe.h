// SPDX-License-Identifier: Apache-2.0
// Whether a catalog that could not be written can be written again.
#pragma once

#include <string>

namespace imgdedup::store {

/// Why the catalog still cannot be used: its disk has no room or takes no writes, or somebody holds
/// it; "" when it can, or when the trouble is another one, which opening it will tell. Does not
/// wait. Any thread, while no service has the catalog open.
std::string why_catalog_is_unavailable(const std::string& catalog);

}  // namespace imgdedup::store
