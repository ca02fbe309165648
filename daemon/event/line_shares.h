// SPDX-License-Identifier: Apache-2.0
// What one user may have of the line server, so that others find room. For daemon/event/ alone.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <memory>
#include <unordered_map>

#include "daemon/event/line_connection.h"

namespace imgdedup::event {

using LineConnections = std::unordered_map<ConnectionId, std::unique_ptr<LineConnection>>;

/// Whether a client of this user may come in beside those that are there.
bool has_room_for(const LineConnections& connections, const LineServerLimits& limits, uid_t uid);

/// How many more descriptors may come with the line that `connection` sends.
std::size_t descriptors_allowed(const LineConnections& connections, const LineServerLimits& limits,
                                const LineConnection& connection);

}  // namespace imgdedup::event
