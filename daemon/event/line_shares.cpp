// SPDX-License-Identifier: Apache-2.0
// What one user may have of the line server, so that others find room.
#include "daemon/event/line_shares.h"

#include <unistd.h>

#include <algorithm>

namespace imgdedup::event {
namespace {

bool is_privileged(uid_t uid) { return uid == 0 || uid == ::geteuid(); }

}  // namespace

bool has_room_for(const LineConnections& connections, const LineServerLimits& limits, uid_t uid) {
  if (connections.size() >= limits.clients) return false;
  if (is_privileged(uid)) return true;
  const auto of_this_uid = std::ranges::count_if(
      connections, [&](const auto& entry) { return entry.second->peer.uid == uid; });
  return connections.size() + limits.reserved_clients < limits.clients &&
         static_cast<std::size_t>(of_this_uid) < limits.clients_per_uid;
}

std::size_t descriptors_allowed(const LineConnections& connections, const LineServerLimits& limits,
                                const LineConnection& connection) {
  const auto room = [](std::size_t limit, std::size_t held) {
    return limit - std::min(limit, held);
  };
  std::size_t held = 0;
  std::size_t held_by_user = 0;
  for (const auto& [id, other] : connections) {
    const std::size_t count = other->input.held_descriptors();
    held += count;
    if (other->peer.uid == connection.peer.uid) held_by_user += count;
  }
  return std::min({room(limits.descriptors, held), room(limits.descriptors_per_uid, held_by_user),
                   room(limits.descriptors_per_line, connection.input.held_descriptors())});
}

}  // namespace imgdedup::event
