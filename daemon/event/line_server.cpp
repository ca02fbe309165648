// SPDX-License-Identifier: Apache-2.0
// The server end of the control socket: who may connect, whose turn it is, who must go.
#include "daemon/event/line_server.h"

#include <sys/socket.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <deque>
#include <utility>

#include "daemon/event/line_connection.h"
#include "daemon/event/line_shares.h"
#include "daemon/event/listening_socket.h"
#include "daemon/event/loop.h"
#include "daemon/event/timer.h"

namespace imgdedup::event {
namespace {

constexpr int most_accepted_per_turn = 16;
constexpr std::chrono::milliseconds pause_without_descriptors{100};

}  // namespace

void LineHandler::on_drained(ConnectionId) {}

std::string LineHandler::farewell(ClientFault) { return {}; }

class LineServer::Implementation {
 public:
  Implementation(Loop& loop, const SocketPlace& place, LineServerLimits limits,
                 LineHandler& handler)
      : loop_(loop),
        limits_(limits),
        handler_(handler),
        socket_(place),
        arrivals_(loop, socket_.descriptor(), [this](Readiness) { accept_some(); }),
        pause_(loop, [this] { arrivals_.wait_for({.readable = true}); }),
        sweep_(loop, [this] { look_at_deadlines(); }) {
    arrivals_.wait_for({.readable = true});
  }

  bool send(ConnectionId id, std::string_view line) {
    LineConnection* const connection = find(id);
    if (!connection || connection->state != LineConnection::State::open) return false;
    if (!has_room(id, line.size())) {
      end(*connection);
      return false;
    }
    connection->output.append(line);
    flush(*connection);
    update(*connection);
    return connection->state != LineConnection::State::dead;
  }

  void close(ConnectionId id) {
    if (LineConnection* const connection = find(id)) leave(*connection);
  }

  void keep_when_idle(ConnectionId id) {
    if (LineConnection* const connection = find(id)) connection->is_kept_when_idle = true;
  }

  std::optional<ReleasedConnection> release(ConnectionId id) {
    LineConnection* const connection = find(id);
    if (!connection || connection->state != State::open || connection->output.bytes() > 0)
      return std::nullopt;
    end(*connection);
    return ReleasedConnection{std::move(connection->socket),
                              std::make_shared<LineInput>(std::move(connection->input))};
  }

  std::optional<ConnectionId> adopt(ReleasedConnection released) {
    std::optional<Peer> peer = peer_of(released.socket.get());
    if (!peer) return std::nullopt;
    const ConnectionId id = begin(std::move(*peer), std::move(released.socket));
    find(id)->input = std::move(*released.received);
    find(id)->line_begun = loop_.now();
    take_turn_later(id);
    return id;
  }

  [[nodiscard]] bool has_room(ConnectionId id, std::size_t line_bytes) const {
    return unsent_bytes(id) + line_bytes + 1 <= limits_.output_bytes;
  }

  [[nodiscard]] std::size_t unsent_bytes(ConnectionId id) const {
    const auto found = connections_.find(id);
    return found == connections_.end() ? 0 : found->second->output.bytes();
  }

  [[nodiscard]] std::size_t connection_count() const { return connections_.size(); }

 private:
  using State = LineConnection::State;

  LineConnection* find(ConnectionId id) {
    assert(loop_.is_own_thread());
    const auto found = connections_.find(id);
    return found == connections_.end() ? nullptr : found->second.get();
  }

  // --- arriving

  void accept_some() {
    for (int i = 0; i < most_accepted_per_turn; ++i) {
      posix::UniqueDescriptor client(
          ::accept4(socket_.descriptor(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (client) {
        admit(std::move(client));
      } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        // The client stays in the backlog, and the socket readable.
        arrivals_.stop();
        return pause_.start(pause_without_descriptors);
      } else if (errno != ECONNABORTED && errno != EINTR) {
        return;
      }
    }
  }

  void admit(posix::UniqueDescriptor client) {
    std::optional<Peer> peer = peer_of(client.get());
    if (!peer) return;
    if (!has_room_for(connections_, limits_, peer->uid)) {
      LineOutput output;
      bool sent_any = false;
      if (const std::string line = handler_.farewell(ClientFault::too_many_clients); !line.empty())
        output.append(line);
      output.flush(client.get(), sent_any);
      LineInput::discard(client.get());
      return;
    }
    begin(std::move(*peer), std::move(client));
  }

  ConnectionId begin(Peer peer, posix::UniqueDescriptor client) {
    const ConnectionId id = ++last_id_;
    auto connection = std::make_unique<LineConnection>(
        loop_, id, std::move(peer), std::move(client),
        [this, id](Readiness readiness) { on_ready(id, readiness); });
    connection->last_activity = loop_.now();
    update(*connections_.emplace(id, std::move(connection)).first->second);
    return id;
  }

  // --- talking

  void on_ready(ConnectionId id, Readiness readiness) {
    LineConnection* const connection = find(id);
    if (!connection || connection->state == State::dead) return;
    if (readiness.failed) return end(*connection);
    if (readiness.writable) flush(*connection);
    if (readiness.readable && connection->is_reading) receive(*connection);
    if (connection->may_have_lines() && is_too_long(*connection))
      return send_away(*connection, ClientFault::line_too_long);
    if (connection->may_have_lines() && connection->input.has_line()) take_turn_later(id);
    update(*connection);
  }

  void receive(LineConnection& connection) {
    if (connection.state != State::open) return;
    const std::size_t allowed = descriptors_allowed(connections_, limits_, connection);
    const bool begins = connection.input.line_bytes() == 0;
    switch (connection.input.receive(connection.socket.get(), allowed)) {
      case LineInput::Outcome::received:
        connection.last_activity = loop_.now();
        if (begins) connection.line_begun = connection.last_activity;
        break;
      case LineInput::Outcome::nothing:
        break;
      case LineInput::Outcome::ended:
        connection.input_has_ended = true;
        connection.last_look = loop_.now();
        if (connection.peer_is_gone()) end(connection);
        break;
      case LineInput::Outcome::failed:
        end(connection);
        break;
    }
  }

  [[nodiscard]] bool is_too_long(const LineConnection& connection) const {
    return connection.input.line_bytes() > limits_.request_bytes;
  }

  void hand_over_line(LineConnection& connection) {
    if (!connection.may_have_lines()) return;
    if (is_too_long(connection)) return send_away(connection, ClientFault::line_too_long);
    if (!connection.input.has_line()) return;
    ReceivedLine line = std::move(*connection.input.next_line());
    // What is left of the buffer is the beginning of the next line.
    connection.line_begun = loop_.now();
    handler_.on_line(connection.id, connection.peer, std::move(line.text),
                     std::move(line.descriptors));
    if (!connection.may_have_lines()) return;
    if (connection.input.has_line() || is_too_long(connection)) take_turn_later(connection.id);
  }

  void flush(LineConnection& connection) {
    if (connection.state == State::dead) return;
    bool sent_any = false;
    const LineOutput::Outcome outcome = connection.output.flush(connection.socket.get(), sent_any);
    if (sent_any) connection.last_activity = loop_.now();
    if (outcome == LineOutput::Outcome::failed) return end(connection);
    if (outcome == LineOutput::Outcome::some_held_back) {
      connection.was_held_back = true;
    } else if (connection.state == State::leaving) {
      end(connection);
    } else if (std::exchange(connection.was_held_back, false)) {
      // Not from here: this may be inside the handler's own send().
      take_turn_later(connection.id);
      drained_.push_back(connection.id);
    }
  }

  void update(LineConnection& connection) {
    connection.update_interest(loop_.now());
    const auto deadline = connection.next_deadline(limits_);
    if (!deadline || (sweep_.active() && sweep_time_ <= deadline->time)) return;
    start_sweep(deadline->time);
  }

  // --- leaving

  void send_away(LineConnection& connection, ClientFault fault) {
    if (const std::string line = handler_.farewell(fault); !line.empty())
      connection.output.append(line);
    leave(connection);
  }

  void leave(LineConnection& connection) {
    if (connection.state != State::open) return;
    connection.state = State::leaving;
    connection.leave_by = loop_.now() + limits_.request_time;
    flush(connection);
    update(connection);
  }

  void end(LineConnection& connection) {
    if (std::exchange(connection.state, State::dead) == State::dead) return;
    connection.watch.stop();
    ended_.push_back(connection.id);
    start_turn();
  }

  void look_at_deadlines() {
    const auto now = loop_.now();
    std::vector<LineConnection*> due;
    for (const auto& [id, connection] : connections_)
      if (const auto deadline = connection->next_deadline(limits_);
          deadline && deadline->time <= now)
        due.push_back(connection.get());
    for (LineConnection* const connection : due) {
      const auto deadline = connection->next_deadline(limits_);
      switch (deadline ? deadline->reason : LineConnection::Deadline::Reason::leave) {
        case LineConnection::Deadline::Reason::fault:
          send_away(*connection, deadline->fault);
          break;
        case LineConnection::Deadline::Reason::look_whether_gone:
          connection->last_look = now;
          if (connection->peer_is_gone()) end(*connection);
          break;
        case LineConnection::Deadline::Reason::leave:
          end(*connection);
          break;
      }
    }
    std::optional<LineConnection::TimePoint> next;
    for (const auto& [id, connection] : connections_)
      if (const auto deadline = connection->next_deadline(limits_);
          deadline && (!next || deadline->time < *next))
        next = deadline->time;
    if (next) start_sweep(*next);
  }

  void start_sweep(LineConnection::TimePoint time) {
    sweep_time_ = time;
    sweep_.start(std::chrono::ceil<std::chrono::milliseconds>(
        std::max(time - loop_.now(), LineConnection::TimePoint::duration(0))));
  }

  // --- what must not happen inside a handler's call, or has had its share of this turn

  void start_turn() {
    if (std::exchange(is_turn_due_, true)) return;
    loop_.defer([this, alive = std::weak_ptr<char>(alive_)] {
      if (!alive.expired()) take_turns();
    });
  }

  void take_turn_later(ConnectionId id) {
    start_turn();
    if (std::ranges::find(waiting_, id) == waiting_.end()) waiting_.push_back(id);
  }

  void take_turns() {
    is_turn_due_ = false;
    for (const ConnectionId id : std::exchange(drained_, {})) {
      const LineConnection* const connection = find(id);
      if (connection && connection->state == State::open && connection->output.bytes() == 0)
        handler_.on_drained(id);
    }
    for (const ConnectionId id : std::exchange(ended_, {})) {
      connections_.erase(id);
      handler_.on_closed(id);
    }
    // One line each, round and round: whoever asks little waits for one line of each other client,
    // and the rest of the loop for one turn.
    const auto end = loop_.now() + limits_.turn_time;
    while (!waiting_.empty()) {
      LineConnection* const connection = find(waiting_.front());
      waiting_.pop_front();
      if (connection && connection->state != State::dead) {
        hand_over_line(*connection);
        update(*connection);
      }
      if (loop_.now() >= end) break;
    }
    if (!waiting_.empty()) start_turn();
  }

  Loop& loop_;
  const LineServerLimits limits_;
  LineHandler& handler_;
  ListeningSocket socket_;
  LineConnections connections_;
  ConnectionId last_id_ = 0;
  std::deque<ConnectionId> waiting_;  // have a line that nobody has looked at
  std::vector<ConnectionId> drained_;
  std::vector<ConnectionId> ended_;
  bool is_turn_due_ = false;
  DescriptorWatch arrivals_;
  Timer pause_;
  Timer sweep_;
  LineConnection::TimePoint sweep_time_{};
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

LineServer::LineServer(Loop& loop, SocketPlace place, LineServerLimits limits, LineHandler& handler)
    : implementation_(std::make_unique<Implementation>(loop, place, limits, handler)) {}

LineServer::~LineServer() = default;

bool LineServer::send(ConnectionId connection, std::string_view line) {
  return implementation_->send(connection, line);
}

void LineServer::close(ConnectionId connection) { implementation_->close(connection); }

void LineServer::keep_when_idle(ConnectionId connection) {
  implementation_->keep_when_idle(connection);
}

std::optional<ReleasedConnection> LineServer::release(ConnectionId connection) {
  return implementation_->release(connection);
}

std::optional<ConnectionId> LineServer::adopt(ReleasedConnection released) {
  return implementation_->adopt(std::move(released));
}

bool LineServer::has_room(ConnectionId connection, std::size_t line_bytes) const {
  return implementation_->has_room(connection, line_bytes);
}

std::size_t LineServer::unsent_bytes(ConnectionId connection) const {
  return implementation_->unsent_bytes(connection);
}

std::size_t LineServer::connection_count() const { return implementation_->connection_count(); }

}  // namespace imgdedup::event
