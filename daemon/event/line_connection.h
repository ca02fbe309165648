// SPDX-License-Identifier: Apache-2.0
// One client of the line server: its socket, its bytes, its deadlines. For daemon/event/ alone.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "daemon/event/line_server.h"
#include "daemon/event/line_stream.h"
#include "daemon/event/poller.h"
#include "posix/unique_descriptor.h"

namespace imgdedup::event {

/// Who is at the other end of a connected unix socket; nothing if the kernel will not say.
std::optional<Peer> peer_of(int socket);

struct LineConnection {
  using TimePoint = std::chrono::steady_clock::time_point;

  enum class State : std::uint8_t {
    open,
    leaving,  ///< reads no more, goes when all is sent or at leave_by
    dead,     ///< only its on_closed is to come
  };

  LineConnection(Loop& loop, ConnectionId own_id, Peer own_peer, posix::UniqueDescriptor own_socket,
                 std::function<void(Readiness)> on_ready)
      : id(own_id),
        peer(std::move(own_peer)),
        socket(std::move(own_socket)),
        watch(loop, socket.get(), std::move(on_ready)) {}

  ~LineConnection() {
    if (socket) LineInput::discard(socket.get());
  }
  LineConnection(const LineConnection&) = delete;
  LineConnection& operator=(const LineConnection&) = delete;

  /// Whether its answers are read fast enough for it to have more of its lines looked at.
  [[nodiscard]] bool may_have_lines() const noexcept;
  /// Waits for what this connection can use now.
  void update_interest(TimePoint now);
  /// When something is to be done about this connection although nothing comes from it, and what.
  struct Deadline {
    TimePoint time;
    enum class Reason : std::uint8_t { fault, look_whether_gone, leave } reason;
    ClientFault fault = ClientFault::idle_too_long;  ///< for Reason::fault
  };
  [[nodiscard]] std::optional<Deadline> next_deadline(const LineServerLimits& limits) const;
  /// Whether the other end is closed altogether, not only for sending.
  [[nodiscard]] bool peer_is_gone() const;

  const ConnectionId id;
  const Peer peer;
  posix::UniqueDescriptor socket;
  DescriptorWatch watch;  // goes before the socket
  LineInput input;
  LineOutput output;
  State state = State::open;
  bool input_has_ended = false;
  bool is_kept_when_idle = false;
  bool was_held_back = false;  // on_drained is due when the output is empty
  bool is_reading = false;
  TimePoint last_activity{};
  TimePoint last_look{};
  TimePoint line_begun{};  // of the line in progress, if there is one
  TimePoint leave_by{};
};

}  // namespace imgdedup::event
