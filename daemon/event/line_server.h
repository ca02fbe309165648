// SPDX-License-Identifier: Apache-2.0
// The server end of the control socket: lines in with descriptors and the peer's identity, lines
// out.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "posix/unique_descriptor.h"

namespace imgdedup::event {

class Loop;
class LineInput;

/// A client between two servers, with what it has sent that nobody has looked at.
struct ReleasedConnection {
  posix::UniqueDescriptor socket;
  std::shared_ptr<LineInput> received;
};

/// Names one connection; never used again.
using ConnectionId = std::uint64_t;

/// Who is at the other end, as the kernel saw it when they connected.
struct Peer {
  uid_t uid = 0;
  gid_t gid = 0;
  pid_t pid = 0;
  std::vector<gid_t> groups;  ///< supplementary groups

  bool operator==(const Peer&) const = default;
};

struct SocketPlace {
  std::string path;    ///< absolute or relative, at most 107 bytes
  mode_t mode = 0660;  ///< never more, at no moment
  std::optional<gid_t> group{};
};

/// Sizes in bytes without the newline.
struct LineServerLimits {
  std::size_t clients = 64;
  std::size_t clients_per_uid = 16;  ///< root and the service's own user: up to `clients`
  std::size_t reserved_clients = 8;  ///< of `clients`, kept for root and the service's own user
  std::size_t request_bytes = std::size_t{1} << 20;
  std::size_t output_bytes = std::size_t{8} << 20;  ///< unsent, each client
  std::size_t descriptors_per_line = 64;            ///< further ones are closed
  std::size_t descriptors = 256;                    ///< received and not handed over, all clients
  std::size_t descriptors_per_uid = 128;            ///< of `descriptors`, one user's clients
  /// All clients' lines together take so long of a turn of the loop, and the line then in hand.
  std::chrono::milliseconds turn_time{10};
  std::chrono::milliseconds request_time{5'000};  ///< from a line's first byte to its last
  std::chrono::milliseconds idle_time{600'000};   ///< without a byte either way
};

/// Why a client is sent away.
enum class ClientFault : std::uint8_t {
  too_many_clients,  ///< it never became a connection
  line_too_long,
  line_too_slow,
  idle_too_long,
};

/// What the server's user does with it. Called on the loop thread. May call send(), close() and
/// keep_when_idle(); must not destroy the server.
class LineHandler {
 public:
  virtual ~LineHandler() = default;
  /// One request without its newline (a '\r' before it stays); any bytes. The descriptors came
  /// with it.
  virtual void on_line(ConnectionId connection, const Peer& peer, std::string line,
                       std::vector<posix::UniqueDescriptor> descriptors) = 0;
  /// The connection is gone, whoever ended it; the last call that names it. Not called from inside
  /// send() or close(), nor by the server's destructor.
  virtual void on_closed(ConnectionId connection) = 0;
  /// All that send() had to hold back has left.
  virtual void on_drained(ConnectionId connection);
  /// The line to send to a client before it is sent away; empty: none.
  virtual std::string farewell(ClientFault fault);
};

/// A unix stream socket. Reads lines, hands them to the handler in order, sends lines back. A slow,
/// silent, greedy or mad client is its own problem: nothing here blocks, every buffer is bounded,
/// and the clients have their lines looked at one each, round and round, for `turn_time` before
/// whatever else the loop has to do gets its turn. While a client has more than 1 MiB of answers
/// unread, no more of its lines are read.
///
/// Descriptors belong to the line that the same sendmsg(2) began. A client that has shut down its
/// sending side still gets its answers; it is closed when it is gone, or by close().
///
/// Loop thread only.
class LineServer {
 public:
  /// Binds and listens. A socket that nobody answers on is replaced. Throws std::runtime_error that
  /// names the path when it is too long, when another instance answers there, when something else
  /// than a socket lies there, or when the system refuses (std::system_error).
  LineServer(Loop& loop, SocketPlace place, LineServerLimits limits, LineHandler& handler);
  /// Closes all connections, unlinks the socket if it is still the one it made.
  ~LineServer();
  LineServer(const LineServer&) = delete;
  LineServer& operator=(const LineServer&) = delete;

  /// Sends `line` and a newline, now or as the client reads. False when there is no such connection
  /// any more, or when it would hold back more than `output_bytes`: then it is closed. Never throws
  /// for what a client does.
  bool send(ConnectionId connection, std::string_view line);
  /// Reads no more from it and closes it when all that was sent has left, at the latest
  /// `request_time` from now. An unknown id is ignored.
  void close(ConnectionId connection);
  /// `idle_time` no longer holds for this connection (it follows events).
  void keep_when_idle(ConnectionId connection);
  /// Lets go of a connection without a word: the caller answers it, or hands it to another server.
  /// Nothing for an unknown id, for one that is being closed, and while it has unsent answers.
  std::optional<ReleasedConnection> release(ConnectionId connection);
  /// A connection that another server has released, whatever the limits say; nothing if the kernel
  /// does not say who is at its other end.
  std::optional<ConnectionId> adopt(ReleasedConnection released);
  /// Whether send() would take a line of so many bytes now rather than close the connection.
  [[nodiscard]] bool has_room(ConnectionId connection, std::size_t line_bytes) const;
  /// What send() holds back for it; 0 for an unknown id.
  [[nodiscard]] std::size_t unsent_bytes(ConnectionId connection) const;
  [[nodiscard]] std::size_t connection_count() const;

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace imgdedup::event
