// SPDX-License-Identifier: Apache-2.0
// A small service on a line server, and its clients.
#pragma once

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "daemon/event/line_server.h"
#include "daemon/event/loop.h"
#include "support/run_until.h"
#include "support/temporary_directory.h"

namespace imgdedup::event {

using std::chrono::milliseconds;
using testing::run_for;
using testing::run_until;

/// Answers "echo X" to X, and does what some words say.
struct Service : LineHandler {
  testing::TemporaryDirectory root;
  Loop loop;
  LineServerLimits limits;
  std::optional<LineServer> server;
  std::vector<std::string> lines;
  std::vector<Peer> peers;
  std::vector<ConnectionId> connections;
  std::vector<ConnectionId> closed;
  std::vector<posix::UniqueDescriptor> descriptors;
  std::size_t largest_descriptor_count = 0;
  int drained = 0;
  milliseconds line_time{0};  ///< what each line takes
  bool last_send = true;

  std::string path() { return root / "control.sock"; }
  void start() { server.emplace(loop, SocketPlace{.path = path()}, limits, *this); }

  void on_line(ConnectionId connection, const Peer& peer, std::string line,
               std::vector<posix::UniqueDescriptor> with) override {
    if (line_time.count() > 0) std::this_thread::sleep_for(line_time);
    connections.push_back(connection);
    peers.push_back(peer);
    largest_descriptor_count = std::max(largest_descriptor_count, with.size());
    if (line.starts_with("keep")) std::ranges::move(with, std::back_inserter(descriptors));
    if (line == "stay") server->keep_when_idle(connection);
    if (line.starts_with("big "))
      last_send = server->send(connection, std::string(std::stoul(line.substr(4)), 'b'));
    else
      last_send = server->send(connection, "echo " + line);
    if (line == "bye") server->close(connection);
    if (line.size() < 100) lines.push_back(std::move(line));
  }
  void on_closed(ConnectionId connection) override { closed.push_back(connection); }
  void on_drained(ConnectionId) override { ++drained; }
  std::string farewell(ClientFault fault) override {
    return "fault " + std::to_string(static_cast<int>(fault));
  }
};

inline std::string fault_line(ClientFault fault) {
  return "fault " + std::to_string(static_cast<int>(fault));
}

class Client {
 public:
  explicit Client(Service& service)
      : service_(service),
        socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = service.path();
    std::memcpy(address.sun_path, path.data(), path.size());
    REQUIRE(::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
            0);
  }

  /// As much as the socket takes now.
  std::size_t try_to_send(std::string_view bytes) {
    const ssize_t sent =
        ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent < 0 ? 0 : static_cast<std::size_t>(sent);
  }
  void send(std::string_view bytes) {
    CHECK(run_until(service_.loop, [&] {
      bytes.remove_prefix(try_to_send(bytes));
      return bytes.empty();
    }));
  }
  void send_with(std::string_view bytes, const std::vector<int>& descriptors) {
    iovec part{.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
    std::vector<char> control(CMSG_SPACE(descriptors.size() * sizeof(int)));
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size() * sizeof(int));
    REQUIRE(::sendmsg(socket_.get(), &message, MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
  }
  void shut_down_sending() { ::shutdown(socket_.get(), SHUT_WR); }

  /// The next line, or "(closed)", or "(nothing)" when none comes in time.
  std::string line(milliseconds limit = std::chrono::seconds(20)) {
    std::string found = "(nothing)";
    run_until(
        service_.loop,
        [&] {
          read();
          if (const std::size_t end = received_.find('\n'); end != std::string::npos) {
            found = received_.substr(0, end);
            received_.erase(0, end + 1);
            return true;
          }
          if (has_ended_) found = "(closed)";
          return has_ended_;
        },
        limit);
    return found;
  }

 private:
  void read() {
    std::array<char, 65536> bytes{};
    ssize_t length = 0;
    while ((length = ::recv(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT)) > 0)
      received_.append(bytes.data(), static_cast<std::size_t>(length));
    has_ended_ = length == 0 || (errno != EAGAIN && errno != EINTR);
  }

  Service& service_;
  posix::UniqueDescriptor socket_;
  std::string received_;
  bool has_ended_ = false;
};

}  // namespace imgdedup::event
