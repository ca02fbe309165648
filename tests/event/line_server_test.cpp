// SPDX-License-Identifier: Apache-2.0
// The line server talks: lines, descriptors, identities, ends.
#include "daemon/event/line_server.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <vector>

#include "event/line_client.h"
#include "event/open_descriptors.h"

namespace imgdedup::event {
namespace {

TEST_CASE("lines are answered in order, however they are cut into packets") {
  Service service;
  service.start();
  Client client(service);
  client.send("one\ntwo\nthr");
  CHECK(client.line() == "echo one");
  CHECK(client.line() == "echo two");
  client.send("ee\n");
  CHECK(client.line() == "echo three");
  client.send("\n");
  CHECK(client.line() == "echo ");
  client.send(std::string_view("a\0b\xff\r\n", 6));
  CHECK(client.line() == std::string("echo a\0b\xff\r", 10));
  std::string many;
  for (int i = 0; i < 1000; ++i) many += std::to_string(i) + "\n";
  client.send(many);
  for (int i = 0; i < 1000; ++i) REQUIRE(client.line() == "echo " + std::to_string(i));
}

TEST_CASE("the handler knows who asks") {
  Service service;
  service.start();
  Client client(service);
  client.send("who\n");
  CHECK(client.line() == "echo who");
  const Peer& peer = service.peers.at(0);
  CHECK(peer.uid == ::getuid());
  CHECK(peer.gid == ::getgid());
  CHECK(peer.pid == ::getpid());
  std::vector<gid_t> groups(static_cast<std::size_t>(::getgroups(0, nullptr)));
  REQUIRE(::getgroups(static_cast<int>(groups.size()), groups.data()) >= 0);
  CHECK(peer.groups == groups);
}

TEST_CASE("a client that is gone is reported once, before and after its answer") {
  Service service;
  service.start();
  {
    Client silent(service);
    Client hasty(service);
    silent.send("stay\n");
    CHECK(silent.line() == "echo stay");
    CHECK(hasty.try_to_send("big 4000000\n") == 12);
  }
  CHECK(run_until(service.loop, [&] { return service.closed.size() == 2; }));
  CHECK(service.server->connection_count() == 0);
  CHECK_FALSE(service.server->send(service.closed[0], "late"));
  CHECK(service.server->unsent_bytes(service.closed[0]) == 0);
  service.server->close(service.closed[0]);
  service.server->keep_when_idle(12345);
  run_for(service.loop, milliseconds(30));
  CHECK(service.closed.size() == 2);
}

TEST_CASE("a client that has stopped sending still gets its answers") {
  Service service;
  service.start();
  std::optional<Client> client;
  client.emplace(service);
  client->send("one\ntwo\n");
  client->shut_down_sending();
  CHECK(client->line() == "echo one");
  CHECK(client->line() == "echo two");
  CHECK(service.server->send(service.connections.at(0), "later"));
  CHECK(client->line() == "later");
  CHECK(service.closed.empty());
  client.reset();
  CHECK(run_until(service.loop, [&] { return service.closed.size() == 1; }));
}

TEST_CASE("close sends what is there, then ends") {
  Service service;
  service.start();
  Client client(service);
  client.send("big 3000000\nbye\nnever seen\n");
  CHECK(client.line() == std::string(3000000, 'b'));
  CHECK(client.line() == "echo bye");
  CHECK(client.line() == "(closed)");
  CHECK(run_until(service.loop, [&] { return service.closed.size() == 1; }));
  CHECK(service.lines == std::vector<std::string>{"big 3000000", "bye"});
}

TEST_CASE("the handler learns when all that was held back has left, and only then") {
  Service service;
  service.start();
  Client client(service);
  client.send("small\n");
  CHECK(client.line() == "echo small");
  client.send("big 3000000\n");
  CHECK(run_until(service.loop, [&] { return service.connections.size() == 2; }));
  run_for(service.loop, milliseconds(30));
  CHECK(service.server->unsent_bytes(service.connections.at(0)) > 0);
  CHECK(service.drained == 0);
  CHECK(client.line() == std::string(3000000, 'b'));
  CHECK(run_until(service.loop, [&] { return service.drained == 1; }));
  CHECK(service.server->unsent_bytes(service.connections.at(0)) == 0);
}

TEST_CASE("descriptors come with their line") {
  Service service;
  service.start();
  testing::write_file(service.root / "a", "a");
  testing::write_file(service.root / "b", "b");
  const posix::UniqueDescriptor a(::open((service.root / "a").c_str(), O_RDONLY | O_CLOEXEC));
  const posix::UniqueDescriptor b(::open((service.root / "b").c_str(), O_RDONLY | O_CLOEXEC));
  Client client(service);
  CHECK(client.try_to_send("plain\npla") == 9);
  CHECK(client.try_to_send("in\n") == 3);
  client.send_with("keep a", {a.get()});
  CHECK(client.try_to_send(" and more\nplain\n") == 16);
  client.send_with("keep b\n", {b.get(), a.get()});
  CHECK(client.try_to_send("plain\n") == 6);
  for (int i = 0; i < 6; ++i) CHECK(client.line().starts_with("echo "));
  REQUIRE(service.descriptors.size() == 3);
  std::string read;
  for (const posix::UniqueDescriptor& descriptor : service.descriptors) {
    char byte = 0;
    REQUIRE(::pread(descriptor.get(), &byte, 1, 0) == 1);
    CHECK((::fcntl(descriptor.get(), F_GETFD) & FD_CLOEXEC) != 0);
    read += byte;
  }
  CHECK(read == "aba");
  CHECK(service.largest_descriptor_count == 2);
}

TEST_CASE("too many descriptors are closed, and none leaks") {
  Service service;
  service.start();
  Client client(service);
  client.send("first\n");
  CHECK(client.line() == "echo first");
  const std::size_t before = open_descriptors();
  const std::vector<int> many(200, 0);
  client.send_with("a\n", many);
  CHECK(client.line() == "echo a");
  CHECK(service.largest_descriptor_count == 64);
  CHECK(open_descriptors() == before);
  for (int i = 0; i < 50; ++i) client.send_with("x", {0, 0, 0, 0});
  CHECK(run_until(service.loop, [&] { return open_descriptors() > before; }));
  run_for(service.loop, milliseconds(50));
  CHECK(open_descriptors() <= before + 64);
  client.send("\n");
  CHECK(client.line().starts_with("echo x"));
  CHECK(open_descriptors() == before);
}

TEST_CASE("a line that is too long, too slow or not there sends its client away with a reason") {
  Service service;
  service.limits.request_bytes = 1000;
  service.limits.request_time = milliseconds(100);
  service.limits.idle_time = milliseconds(300);
  service.start();
  Client longest(service);
  longest.send(std::string(1000, 'l') + "\n");
  CHECK(longest.line() == "echo " + std::string(1000, 'l'));
  Client whole(service);
  whole.send(std::string(1001, 'l') + "\n");
  CHECK(whole.line() == fault_line(ClientFault::line_too_long));
  CHECK(whole.line() == "(closed)");
  Client endless(service);
  endless.try_to_send(std::string(100'000, 'e'));
  CHECK(endless.line() == fault_line(ClientFault::line_too_long));
  Client half(service);
  half.send("{\"half\":");
  CHECK(half.line() == fault_line(ClientFault::line_too_slow));
  CHECK(half.line() == "(closed)");
  Client idle(service);
  Client follower(service);
  follower.send("stay\n");
  CHECK(follower.line() == "echo stay");
  CHECK(idle.line() == fault_line(ClientFault::idle_too_long));
  run_for(service.loop, milliseconds(400));
  follower.send("again\n");
  CHECK(follower.line() == "echo again");
}

}  // namespace
}  // namespace imgdedup::event
