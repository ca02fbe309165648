// SPDX-License-Identifier: Apache-2.0
// New settings for a service that runs: when they hold, what is said when they cannot, and that no
// signal and no watchdog ends the service on the way.
#include <doctest/doctest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>

#include "faults/fault_support.h"
#include "faults/socket_support.h"

using namespace imgdedup::testing;
using imgdedup::posix::UniqueDescriptor;
using imgdedup::protocol::Json;
namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr const char* reload_request = R"({"jsonrpc":"2.0","id":1,"method":"reload"})"
                                       "\n";

/// A service that watches one folder, and may be told to watch another as well.
struct Scene {
  Scene() {
    fs::create_directories(further());
    service.start();
  }
  [[nodiscard]] fs::path further() const { return service.base() / "further"; }
  void write(const std::string& more_yaml, bool has_further) {
    service.write_settings(more_yaml,
                           "  - {path: '" + service.root().string() + "'}\n" +
                               (has_further ? "  - {path: '" + further().string() + "'}\n" : ""));
  }
  std::size_t roots() { return service.call("status")["roots"].size(); }

  Service service;
};

/// What systemd would hear, with the time of each word.
class Manager {
 public:
  explicit Manager(fs::path path)
      : path_(std::move(path)),
        socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string text = path_.string();
    std::memcpy(address.sun_path, text.data(), text.size());
    REQUIRE(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
            0);
  }

  /// Listens until then; the longest time without a sign of life since the first call.
  milliseconds longest_silence(steady_clock::time_point until) {
    while (steady_clock::now() < until) {
      pollfd entry{socket_.get(), POLLIN, 0};
      ::poll(&entry, 1, 10);
      std::array<char, 4096> text{};
      const ssize_t length = ::recv(socket_.get(), text.data(), text.size(), 0);
      const auto now = steady_clock::now();
      if (last_sign_)
        longest_ = std::max(longest_, std::chrono::duration_cast<milliseconds>(now - *last_sign_));
      if (length > 0 &&
          std::string_view(text.data(), static_cast<std::size_t>(length)).find("WATCHDOG=1") !=
              std::string_view::npos)
        last_sign_ = now;
    }
    return longest_;
  }
  [[nodiscard]] bool has_heard() const { return last_sign_.has_value(); }

 private:
  fs::path path_;
  UniqueDescriptor socket_;
  std::optional<steady_clock::time_point> last_sign_;
  milliseconds longest_{0};
};

}  // namespace

TEST_CASE("u3-reload: reload answers when the new folders are watched, and not before") {
  Scene scene;
  write_file(scene.service.root() / "a.jpg", small_jpeg(1));
  write_file(scene.further() / "b.jpg", small_jpeg(1));
  scene.service.sync();
  for (const bool has_further : {true, false, true}) {
    scene.write("", has_further);
    const ProgramResult result = scene.service.ctl({"reload"});
    CHECK(result.exit_status == 0);
    CHECK(scene.roots() == (has_further ? 2 : 1));
  }
  scene.service.sync();
  CHECK(scene.service.list("duplicates").size() == 1);
}

TEST_CASE("u3-reload: of two reloads the last one holds, also while the first is on its way") {
  Scene scene;
  write_file(scene.service.root() / "a.jpg", small_jpeg(1));
  scene.service.sync();
  RawClient first(scene.service.socket());
  RawClient second(scene.service.socket());
  std::size_t expected_roots = 1;
  SUBCASE("back to what was") {
    scene.write("actions: {exact: quarantine}\n", true);
    REQUIRE(first.send(reload_request));
    // The first has been read when this is answered.
    CHECK(second.call("status")["result"]["state"].is_string());
    scene.write("", false);
  }
  SUBCASE("on to something else") {
    scene.write("actions: {exact: quarantine}\n", false);
    REQUIRE(first.send(reload_request));
    CHECK(second.call("status")["result"]["state"].is_string());
    scene.write("", true);
    expected_roots = 2;
  }
  REQUIRE(second.send(reload_request));
  CHECK(second.reply()["result"]["state"].is_string());
  CHECK(first.reply()["result"]["state"].is_string());
  CHECK(scene.roots() == expected_roots);
  write_file(scene.service.root() / "b.jpg", small_jpeg(1));
  scene.service.sync();
  CHECK(fs::exists(scene.service.root() / "b.jpg"));
  // Who waits for a reload keeps the connection.
  CHECK(second.call("status")["result"]["state"].is_string());
}

TEST_CASE("u3-reload: settings that cannot be begun with are refused, and the old ones go on") {
  Scene scene;
  SUBCASE("a mistake in the file") { scene.service.write_settings("actions: {exact: move}\n"); }
  const auto write_with_socket = [&](const std::string& socket) {
    scene.write("", true);
    std::string yaml = read_file(scene.service.settings_path());
    const std::string plain = "{path: '" + scene.service.socket().string() + "'}";
    const std::size_t place = yaml.find(plain);
    REQUIRE(place != std::string::npos);
    write_file(scene.service.settings_path(), yaml.replace(place, plain.size(), socket));
  };
  SUBCASE("a group that there is not") {
    write_with_socket("{path: '" + scene.service.socket().string() +
                      "', group: no-such-group-here}");
  }
  SUBCASE("what only beginning with them shows: no folder for the socket") {
    write_with_socket("{path: '" + (scene.service.base() / "nowhere/control.sock").string() + "'}");
  }
  const ProgramResult result = scene.service.ctl({"reload"});
  CHECK(result.exit_status == 1);
  CHECK_FALSE(result.errors.empty());
  const Json status = scene.service.call("status");
  CHECK(status["state"] == "degraded");
  CHECK(status["roots"].size() == 1);
  bool is_told = false;
  for (const Json& line : status["degraded"])
    is_told = is_told || line.get<std::string>().starts_with("settings: ");
  CHECK(is_told);
  write_file(scene.service.root() / "a.jpg", small_jpeg(1));
  scene.service.sync();
  CHECK(scene.service.list("files").size() == 1);

  scene.write("", false);
  CHECK(scene.service.ctl({"reload"}).exit_status == 0);
  CHECK(scene.service.call("status")["degraded"].empty());
}

TEST_CASE("u3-reload: no signal that comes between two lives of the service ends it") {
  Scene scene;
  constexpr int changes = 12;
  for (int i = 0; i < changes; ++i) {
    scene.write("", i % 2 == 0);
    const auto end = steady_clock::now() + milliseconds(400);
    while (steady_clock::now() < end) {
      REQUIRE(::kill(scene.service.pid(), SIGHUP) == 0);
      const timespec moment{0, 200'000};
      ::nanosleep(&moment, nullptr);
    }
    REQUIRE(scene.service.is_running());
  }
  scene.write("", true);
  scene.service.call("reload");
  CHECK(scene.roots() == 2);
  CHECK(scene.service.stop() == 0);
}

TEST_CASE("u3-watchdog: the watchdog is fed in time, however often the folders are taken up anew") {
  Scene scene;
  scene.service.stop();
  constexpr milliseconds watchdog{3000};
  Manager manager(scene.service.base() / "notify");
  scene.service.start(
      {{"NOTIFY_SOCKET", scene.service.base() / "notify"},
       {"WATCHDOG_USEC", std::to_string(std::chrono::microseconds(watchdog).count())}});
  milliseconds longest{0};
  constexpr int changes = 8;
  for (int i = 0; i < changes; ++i) {
    scene.write("", i % 2 == 0);
    scene.service.call("reload");
    longest = manager.longest_silence(steady_clock::now() + watchdog * 4 / 10);
  }
  CHECK(manager.has_heard());
  CHECK(longest < watchdog);
  std::printf("u3-watchdog: %d reloads, longest silence %lld ms of %lld allowed\n", changes,
              static_cast<long long>(longest.count()), static_cast<long long>(watchdog.count()));
}
