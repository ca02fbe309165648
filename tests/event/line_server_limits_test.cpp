// SPDX-License-Identifier: Apache-2.0
// Clients that are slow, greedy, mad or too many.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "daemon/event/line_server.h"
#include "daemon/event/timer.h"
#include "event/line_client.h"
#include "event/open_descriptors.h"

namespace imgdedup::event {
namespace {

TEST_CASE("a byte now and then does not lengthen the time for a line") {
  Service service;
  service.limits.request_time = milliseconds(200);
  service.start();
  Client drip(service);
  const auto start = service.loop.now();
  bool has_ended = false;
  for (int i = 0; i < 100 && !has_ended; ++i) {
    drip.try_to_send("x");
    has_ended = drip.line(milliseconds(20)) == fault_line(ClientFault::line_too_slow);
  }
  CHECK(has_ended);
  CHECK(service.loop.now() - start >= milliseconds(200));
}

TEST_CASE("a client that does not read is dropped at the bound and delays nobody") {
  Service service;
  service.limits.output_bytes = 4'000'000;
  service.start();
  Client greedy(service);
  greedy.send("stay\n");
  for (int i = 0; i < 2; ++i) CHECK(greedy.try_to_send("big 1500000\n") == 12);
  CHECK(run_until(service.loop, [&] { return service.lines.size() >= 2; }));
  run_for(service.loop, milliseconds(30));
  CHECK(service.server->unsent_bytes(service.connections.at(0)) > 1'000'000);
  // Its second request waits until it has read.
  CHECK(service.lines.size() == 2);
  Client other(service);
  const auto start = service.loop.now();
  for (int i = 0; i < 100; ++i) {
    other.send("x\n");
    REQUIRE(other.line() == "echo x");
  }
  CHECK(service.loop.now() - start < std::chrono::seconds(5));
  const ConnectionId id = service.connections.at(0);
  const std::size_t room = 4'000'000 - service.server->unsent_bytes(id) - 1;
  CHECK(service.server->has_room(id, room));
  CHECK_FALSE(service.server->has_room(id, room + 1));
  CHECK_FALSE(service.server->send(id, std::string(4'000'000, 'e')));
  CHECK_FALSE(service.server->send(id, "x"));
  CHECK(run_until(service.loop, [&] { return service.closed == std::vector{id}; }));
}

TEST_CASE("a client with a thousand lines lets the others have their turn") {
  Service service;
  service.limits.turn_time = milliseconds(0);
  service.start();
  Client pushy(service);
  Client modest(service);
  std::string many;
  for (int i = 0; i < 5000; ++i) many += "p\n";
  REQUIRE(pushy.try_to_send(many) == many.size());
  REQUIRE(modest.try_to_send("m\n") == 2);
  CHECK(modest.line() == "echo m");
  const auto turn = std::ranges::find(service.lines, "m") - service.lines.begin();
  CHECK(turn < 1000);
  for (int i = 0; i < 5000; ++i) REQUIRE(pushy.line() == "echo p");
}

TEST_CASE("lines that take long hold up neither the loop nor who asks little") {
  Service service;
  service.limits.turn_time = milliseconds(10);
  service.line_time = milliseconds(5);
  service.start();
  std::vector<Client> pushy;
  std::string many;
  for (int i = 0; i < 30; ++i) many += "p\n";
  for (int i = 0; i < 16; ++i) {
    pushy.emplace_back(service);
    REQUIRE(pushy.back().try_to_send(many) == many.size());
  }
  Client modest(service);
  REQUIRE(modest.try_to_send("m\n") == 2);
  std::size_t most_between = 0;
  std::size_t last = 0;
  Timer timer(service.loop, [&] {
    const std::size_t now = service.lines.size();
    most_between = std::max(most_between, now - std::exchange(last, now));
    timer.start(milliseconds(0));
  });
  timer.start(milliseconds(0));
  CHECK(modest.line() == "echo m");
  for (Client& client : pushy)
    for (int i = 0; i < 30; ++i) REQUIRE(client.line() == "echo p");
  timer.stop();
  // Connecting takes a turn, and then each of the others has a line or two before it.
  const auto turn = std::ranges::find(service.lines, "m") - service.lines.begin();
  CHECK(turn < 40);
  // A timer that is due waits for a turn, not for many lines of each client.
  CHECK(most_between <= 8);
}

TEST_CASE("clients beyond the bound are told so and the others stay") {
  Service service;
  service.limits.clients = 10;
  service.limits.clients_per_uid = 3;
  service.limits.reserved_clients = 2;
  service.start();
  std::vector<Client> clients;
  // Root and the service's own user may fill every place.
  for (int i = 0; i < 10; ++i) {
    clients.emplace_back(service);
    clients.back().send("x\n");
    CHECK(clients.back().line() == "echo x");
  }
  Client refused(service);
  CHECK(refused.line() == fault_line(ClientFault::too_many_clients));
  CHECK(refused.line() == "(closed)");
  clients.front().send("y\n");
  CHECK(clients.front().line() == "echo y");
  clients.pop_back();
  CHECK(run_until(service.loop, [&] { return service.closed.size() == 1; }));
  Client next(service);
  next.send("z\n");
  CHECK(next.line() == "echo z");
}

TEST_CASE("another user gets a few places, not all" * doctest::skip(::geteuid() != 0)) {
  Service service;
  service.limits.clients = 10;
  service.limits.clients_per_uid = 3;
  service.limits.reserved_clients = 2;
  service.start();
  REQUIRE(::chmod(service.root.path().c_str(), 0755) == 0);
  REQUIRE(::chmod(service.path().c_str(), 0666) == 0);
  const auto connect_as = [&](uid_t uid, int count, std::vector<Client>& clients) {
    REQUIRE(::seteuid(uid) == 0);
    for (int i = 0; i < count; ++i) clients.emplace_back(service);
    REQUIRE(::seteuid(0) == 0);
  };
  std::vector<Client> clients;
  const auto accepted = [&] {
    run_for(service.loop, milliseconds(50));
    return service.server->connection_count();
  };
  connect_as(65534, 5, clients);
  CHECK(accepted() == 3);
  connect_as(65533, 5, clients);
  CHECK(accepted() == 6);
  connect_as(65532, 5, clients);
  CHECK(accepted() == 8);
  connect_as(0, 2, clients);
  CHECK(accepted() == 10);
  CHECK(clients.back().line(milliseconds(50)) == "(nothing)");
}

TEST_CASE("one user's clients hold few descriptors between them, and another has room yet" *
          doctest::skip(::geteuid() != 0)) {
  Service service;
  service.limits.descriptors = 12;
  service.limits.descriptors_per_uid = 8;
  service.limits.descriptors_per_line = 6;
  service.start();
  REQUIRE(::chmod(service.root.path().c_str(), 0755) == 0);
  REQUIRE(::chmod(service.path().c_str(), 0666) == 0);
  const auto connect_as = [&](uid_t uid) {
    REQUIRE(::seteuid(uid) == 0);
    Client client(service);
    REQUIRE(::seteuid(0) == 0);
    return client;
  };
  Client first = connect_as(65534);
  Client second = connect_as(65534);
  Client third = connect_as(65534);
  Client other = connect_as(65533);
  CHECK(run_until(service.loop, [&] { return service.server->connection_count() == 4; }));
  const std::size_t before = open_descriptors();
  const auto held = [&] {
    run_for(service.loop, milliseconds(50));
    return open_descriptors() - before;
  };
  const std::vector<int> six(6, 0);
  first.send_with("keep", six);
  CHECK(held() == 6);
  second.send_with("keep", six);
  CHECK(held() == 8);
  third.send_with("keep", six);
  CHECK(held() == 8);
  other.send_with("keep", six);
  CHECK(held() == 12);
  for (Client* const client : {&first, &second, &third, &other}) {
    client->send("\n");
    CHECK(client->line() == "echo keep");
  }
  CHECK(service.descriptors.size() == 12);
}

TEST_CASE("a descriptor that would linger when it is closed holds nobody up") {
  const auto lingering = [] {
    const posix::UniqueDescriptor listening(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    posix::UniqueDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    auto* const place = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listening.get(), place, length) != 0 || ::listen(listening.get(), 1) != 0 ||
        ::getsockname(listening.get(), place, &length) != 0 ||
        ::connect(socket.get(), place, length) != 0)
      return std::pair(posix::UniqueDescriptor(), posix::UniqueDescriptor());
    posix::UniqueDescriptor other(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
    constexpr linger seconds{.l_onoff = 1, .l_linger = 20};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &seconds, sizeof seconds);
    const std::string bytes(65536, 'x');
    while (::send(socket.get(), bytes.data(), bytes.size(), MSG_DONTWAIT) > 0) {
    }
    return std::pair(std::move(socket), std::move(other));
  };
  auto [socket, other] = lingering();
  if (!socket) {
    std::printf("SKIPPED: a descriptor that lingers (no local network here)\n");
    return;
  }
  Service service;
  service.limits.clients = 2;
  service.limits.request_bytes = 1000;
  service.start();
  Client quick(service);
  quick.send("a\n");
  CHECK(quick.line() == "echo a");
  const auto start = std::chrono::steady_clock::now();
  std::optional<Client> client(std::in_place, service);
  SUBCASE("with a line that is answered") {
    client->send_with("b\n", {socket.get()});
    socket.reset();
    CHECK(client->line() == "echo b");
  }
  SUBCASE("with a line among so many that most are refused") {
    client->send_with("b\n", std::vector<int>(200, socket.get()));
    socket.reset();
    CHECK(client->line() == "echo b");
  }
  SUBCASE("with bytes that nobody reads any more, for their sender is sent away") {
    client->send(std::string(2000, 'x'));
    client->send_with("y", {socket.get()});
    socket.reset();
    CHECK(client->line() == fault_line(ClientFault::line_too_long));
  }
  SUBCASE("from a client that there is no room for") {
    client->send("b\n");
    CHECK(client->line() == "echo b");
    Client refused(service);
    refused.send_with("c\n", {socket.get()});
    socket.reset();
    CHECK(refused.line() == fault_line(ClientFault::too_many_clients));
  }
  client.reset();
  CHECK(run_until(service.loop, [&] { return service.server->connection_count() == 1; }));
  quick.send("d\n");
  CHECK(quick.line() == "echo d");
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(10));
}

TEST_CASE("garbage is a line like any other, or none, and harms nobody") {
  Service service;
  service.limits.request_time = milliseconds(100);
  service.start();
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    Client mad(service);
    std::string bytes(random() % 20'000, '\0');
    std::ranges::generate(bytes, [&] { return static_cast<char>(random()); });
    mad.try_to_send(bytes);
    run_for(service.loop, milliseconds(4));
  }
  CHECK(run_until(service.loop, [&] { return service.server->connection_count() == 0; }));
  Client good(service);
  good.send("still here\n");
  CHECK(good.line() == "echo still here");
}

TEST_CASE("without free descriptors clients wait, and the loop does not spin") {
  Service service;
  service.start();
  Client waiting(service);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const posix::UniqueDescriptor next(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const rlimit tight{.rlim_cur = static_cast<rlim_t>(next.get()) + 1, .rlim_max = before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &tight) == 0);
  timespec start{};
  timespec end{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
  run_for(service.loop, milliseconds(300));
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK((end.tv_sec - start.tv_sec) * 1000 + (end.tv_nsec - start.tv_nsec) / 1'000'000 < 150);
  CHECK(service.server->connection_count() == 0);
  waiting.send("now\n");
  CHECK(waiting.line() == "echo now");
}

}  // namespace
}  // namespace imgdedup::event
