// SPDX-License-Identifier: Apache-2.0
// Where the control socket lies: its mode, its predecessors, its end.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <stdexcept>
#include <string>

#include "daemon/event/line_server.h"
#include "event/line_client.h"
#include "event/open_descriptors.h"

namespace imgdedup::event {
namespace {

namespace fs = std::filesystem;

TEST_CASE("the socket has exactly the mode and group asked for, and goes with the server") {
  Service service;
  const mode_t umask_before = ::umask(0);
  service.start();
  ::umask(umask_before);
  struct stat status;
  REQUIRE(::lstat(service.path().c_str(), &status) == 0);
  CHECK(S_ISSOCK(status.st_mode));
  CHECK((status.st_mode & 07777) == 0660);
  service.server.reset();
  CHECK_FALSE(fs::exists(service.path()));

  ::umask(0077);
  service.server.emplace(service.loop,
                         SocketPlace{.path = service.path(), .mode = 0600, .group = ::getgid()},
                         service.limits, service);
  ::umask(umask_before);
  REQUIRE(::lstat(service.path().c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
  CHECK(status.st_gid == ::getgid());
}

TEST_CASE("a socket that nobody answers on is replaced, a living one and other files are not") {
  Service service;
  SUBCASE("dead") {
    service.start();
    // As after kill -9: the path is there, the listener is not.
    fs::rename(service.path(), service.path() + ".kept");
    service.server.reset();
    fs::rename(service.path() + ".kept", service.path());
    service.start();
    Client client(service);
    client.send("x\n");
    CHECK(client.line() == "echo x");
  }
  SUBCASE("alive") {
    service.start();
    Service other;
    CHECK_THROWS_WITH_AS(
        LineServer(other.loop, SocketPlace{.path = service.path()}, other.limits, other),
        ("another instance answers on " + service.path()).c_str(), std::runtime_error);
    Client client(service);
    client.send("x\n");
    CHECK(client.line() == "echo x");
  }
  SUBCASE("a file") {
    testing::write_file(service.path(), "precious");
    CHECK_THROWS_AS(service.start(), std::runtime_error);
    CHECK(testing::read_file(service.path()) == "precious");
  }
  SUBCASE("replaced by another's while it ran: that one stays") {
    service.start();
    fs::remove(service.path());
    testing::write_file(service.path(), "another's");
    service.server.reset();
    CHECK(testing::read_file(service.path()) == "another's");
  }
}

TEST_CASE("a path that cannot be a socket's is an error that names it") {
  Service service;
  const auto start_at = [&](const std::string& path) {
    LineServer(service.loop, SocketPlace{.path = path}, service.limits, service);
  };
  const std::string fitting =
      service.root / std::string(106 - service.root.path().native().size(), 'p');
  CHECK(fitting.size() == 107);
  CHECK_NOTHROW(start_at(fitting));
  CHECK_THROWS_AS(start_at(fitting + "p"), std::runtime_error);
  CHECK_THROWS_AS(start_at(""), std::runtime_error);
  CHECK_THROWS_WITH(start_at(service.root / "absent/control.sock"),
                    doctest::Contains("absent/control.sock"));
}

TEST_CASE("a destroyed server closes its clients and leaves no descriptor") {
  Service service;
  const std::size_t before = open_descriptors();
  for (int round = 0; round < 3; ++round) {
    service.start();
    Client client(service);
    client.send("big 5000000\n");
    CHECK(run_until(service.loop, [&] { return service.lines.size() > std::size_t(round); }));
    service.server.reset();
    run_for(service.loop, milliseconds(20));
  }
  CHECK(service.closed.empty());
  CHECK(open_descriptors() <= before + 1);
}

}  // namespace
}  // namespace imgdedup::event
