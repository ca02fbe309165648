// SPDX-License-Identifier: Apache-2.0
// One client of the line server: its socket, its bytes, its deadlines.
#include "daemon/event/line_connection.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace imgdedup::event {
namespace {

constexpr std::size_t most_unsent_while_reading = std::size_t{1} << 20;
constexpr std::chrono::seconds between_looks{1};

}  // namespace

std::optional<Peer> peer_of(int socket) {
  ucred credentials{};
  socklen_t length = sizeof credentials;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0)
    return std::nullopt;
  Peer peer{.uid = credentials.uid, .gid = credentials.gid, .pid = credentials.pid, .groups = {}};
  length = 0;
  // With too little room the kernel says how much there must be.
  while (::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, peer.groups.data(), &length) != 0) {
    if (errno != ERANGE) return std::nullopt;
    peer.groups.resize(length / sizeof(gid_t));
  }
  peer.groups.resize(length / sizeof(gid_t));
  return peer;
}

bool LineConnection::may_have_lines() const noexcept {
  return state == State::open && output.bytes() <= most_unsent_while_reading;
}

void LineConnection::update_interest(TimePoint now) {
  if (state == State::dead) return watch.stop();
  const bool may_read = may_have_lines() && !input_has_ended && !input.has_line();
  // A line has its time only while we take it.
  if (may_read && !std::exchange(is_reading, may_read)) line_begun = now;
  is_reading = may_read;
  watch.wait_for({.readable = may_read, .writable = output.bytes() > 0});
}

std::optional<LineConnection::Deadline> LineConnection::next_deadline(
    const LineServerLimits& limits) const {
  using Reason = Deadline::Reason;
  if (state == State::dead) return std::nullopt;
  if (state == State::leaving) return Deadline{.time = leave_by, .reason = Reason::leave};
  std::optional<Deadline> next;
  const auto consider = [&](Deadline deadline) {
    if (!next || deadline.time < next->time) next = deadline;
  };
  if (!is_kept_when_idle)
    consider({.time = last_activity + limits.idle_time, .reason = Reason::fault});
  if (is_reading && input.line_bytes() > 0)
    consider({.time = line_begun + limits.request_time,
              .reason = Reason::fault,
              .fault = ClientFault::line_too_slow});
  if (input_has_ended)
    consider({.time = last_look + between_looks, .reason = Reason::look_whether_gone});
  return next;
}

bool LineConnection::peer_is_gone() const {
  pollfd look{.fd = socket.get(), .events = 0, .revents = 0};
  return ::poll(&look, 1, 0) == 1 && (look.revents & (POLLHUP | POLLERR)) != 0;
}

}  // namespace imgdedup::event
