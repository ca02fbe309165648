// SPDX-License-Identifier: Apache-2.0
// Descriptors that come with requests: used where they are asked for, closed everywhere, and never
// more than what the caller could open.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "faults/socket_support.h"
#include "faults/worker_support.h"
#include "protocol/command_table.h"
#include "support/drawn_pictures.h"

using namespace imgdedup::testing;
using imgdedup::posix::UniqueDescriptor;
using imgdedup::protocol::Json;
namespace fs = std::filesystem;

namespace {

std::string png(std::uint64_t seed) {
  return encode_picture(draw_picture(seed, {160, 120}), ".png");
}

UniqueDescriptor opened(const fs::path& path, int flags = O_RDONLY) {
  UniqueDescriptor file(::open(path.c_str(), flags | O_CLOEXEC));
  REQUIRE(file);
  return file;
}

/// Sees every opening of a file, by whom and whatever it is called.
class OpeningWatch {
 public:
  explicit OpeningWatch(const fs::path& file) : watch_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    REQUIRE(::inotify_add_watch(watch_.get(), file.c_str(), IN_OPEN | IN_ACCESS) >= 0);
  }
  [[nodiscard]] bool was_opened() const {
    std::array<char, 4096> events;
    return ::read(watch_.get(), events.data(), events.size()) > 0;
  }

 private:
  UniqueDescriptor watch_;
};

/// Descriptors of the service and of its workers.
std::size_t descriptors_of_family(pid_t service) {
  std::size_t count = descriptor_count(service);
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    try {
      const std::string status = read_file(entry.path() / "stat");
      // "PID (NAME) S PPID ..."
      const std::string rest = status.substr(status.rfind(')') + 4);
      if (std::stol(rest) == service) count += descriptor_count(std::stoi(name));
    } catch (const std::exception&) {
      // It ended meanwhile.
    }
  }
  return count;
}

void check_family_falls_to(pid_t service, std::size_t count) {
  wait_until([&] { return descriptors_of_family(service) <= count; },
             "the descriptors to be closed");
  CHECK(descriptors_of_family(service) <= count);
}

}  // namespace

TEST_CASE("p8-fdpass: descriptors that nobody asked for are closed") {
  Service service;
  service.start();
  const UniqueDescriptor null = opened("/dev/null");
  std::size_t sent = 0;
  {
    RawClient client(service.socket());
    const auto ask_all = [&](int rounds) {
      for (int i = 0; i < rounds; ++i)
        for (const auto& command : imgdedup::protocol::all_commands()) {
          if (command.name == "sync" || command.name == "reload" || command.name == "events")
            continue;
          client.call(command.name, Json::object(), {null.get(), null.get(), null.get()});
          sent += 3;
        }
    };
    // What a command opens once and keeps is open.
    ask_all(2);
    service.sync();
    const std::size_t before = descriptor_count(service.pid());
    ask_all(50);
    // Also with what is no request at all, and with a line that another follows.
    for (int i = 0; i < 50; ++i) {
      REQUIRE(client.send_with("nonsense\n", std::vector<int>(10, null.get())));
      CHECK(error_name(client.reply()) == "parse-error");
      REQUIRE(client.send_with("\n\n\n", std::vector<int>(10, null.get())));
      for (int line = 0; line < 3; ++line) client.reply();
      sent += 20;
    }
    check_descriptors_fall_to(service, before);
  }
  std::printf("p8-fdpass: %zu descriptors that nobody asked for, none kept\n", sent);
}

TEST_CASE("p8-fdpass: those of query and explain are used and closed, whatever they are") {
  Service service;
  write_file(service.root() / "known.png", png(1));
  write_file(service.base() / "copy.png", png(1));
  write_file(service.base() / "other.png", png(2));
  service.start();
  service.sync();
  const UniqueDescriptor copy = opened(service.base() / "copy.png");
  const UniqueDescriptor other = opened(service.base() / "other.png");
  const auto judged = [&](RawClient& client, int descriptor) {
    const Json reply = client.call("query", {{"paths", {"/any/name.png"}}}, {descriptor});
    return reply.contains("result") ? reply["result"]["items"][0]["judged"].get<std::string>()
                                    : error_name(reply);
  };
  RawClient client(service.socket());
  // Every worker has its channels.
  for (int i = 0; i < 3; ++i)
    CHECK(client
              .call("query", {{"paths", Json(std::vector<std::string>(20, "/any/name.png"))}},
                    std::vector<int>(20, copy.get()))
              .contains("result"));
  const std::size_t before = descriptors_of_family(service.pid());

  CHECK(judged(client, copy.get()) == "duplicate");
  CHECK(judged(client, other.get()) == "original");
  const Json explained = client.call("explain", {{"first", "/a"}, {"second", "/b"}},
                                     {copy.get(), opened(service.root() / "known.png").get()});
  CHECK(explained["result"]["relation"] == "exact");
  check_family_falls_to(service.pid(), before);

  SUBCASE("as many as the files, no more and no fewer") {
    CHECK(error_name(client.call("query", {{"paths", {"/a"}}})) == "invalid-params");
    CHECK(error_name(client.call("query", {{"paths", {"/a"}}}, {copy.get(), copy.get()})) ==
          "invalid-params");
    CHECK(error_name(client.call("explain", {{"first", "/a"}, {"second", "/b"}}, {copy.get()})) ==
          "invalid-params");
    CHECK(error_name(client.call("query", {{"paths", "/a"}}, {copy.get()})) == "invalid-params");
  }
  SUBCASE("what is no file to read is said to be none, at once") {
    std::array<int, 2> pipe_ends{};
    REQUIRE(::pipe2(pipe_ends.data(), O_CLOEXEC) == 0);
    const UniqueDescriptor reading(pipe_ends[0]);
    const UniqueDescriptor writing(pipe_ends[1]);
    const UniqueDescriptor folder = opened(service.root(), O_RDONLY | O_DIRECTORY);
    const UniqueDescriptor zeroes = opened("/dev/zero");
    const UniqueDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const UniqueDescriptor event(::eventfd(0, EFD_CLOEXEC));
    for (const UniqueDescriptor* odd : {&reading, &writing, &folder, &zeroes, &socket, &event})
      CHECK(judged(client, odd->get()) == "not-an-image");
    for (const int flags : {O_WRONLY, O_PATH}) {
      CHECK(judged(client, opened(service.base() / "copy.png", flags).get()) == "unreadable");
      CHECK(client
                .call("explain", {{"first", "/a"}, {"second", "/b"}},
                      {copy.get(), opened(service.base() / "copy.png", flags).get()})
                .contains("result"));
    }
    // A file that is not a picture, and one that has lost its name.
    write_file(service.base() / "text", "no picture");
    CHECK(judged(client, opened(service.base() / "text").get()) == "not-an-image");
    write_file(service.base() / "gone.png", png(1));
    const UniqueDescriptor gone = opened(service.base() / "gone.png");
    fs::remove(service.base() / "gone.png");
    CHECK(judged(client, gone.get()) == "duplicate");
  }
  SUBCASE("hundreds of calls leave none open") {
    for (int i = 0; i < 300; ++i) CHECK(judged(client, copy.get()) == "duplicate");
    std::printf(
        "p8-fdpass: after 300 queries the service and its workers hold as many as before\n");
  }
  check_family_falls_to(service.pid(), before);
}

TEST_CASE("p8-fdpass: a path in a request never makes the service open what the caller could not") {
  if (!may_act_as_others("p8-fdpass, another's file")) return;
  Service service("actions: {exact: log}\n");
  write_file(service.root() / "known.png", png(1));
  const fs::path secret = service.base() / "secret" / "private.png";
  const fs::path own = service.base() / "own.png";
  write_file(secret, png(1));
  write_file(own, png(2));
  fs::permissions(secret, fs::perms::owner_read | fs::perms::owner_write);
  fs::permissions(service.base(), fs::perms::others_exec, fs::perm_options::add);
  fs::permissions(own, fs::perms::others_read, fs::perm_options::add);
  service.start();
  service.sync();
  REQUIRE(::chmod(service.socket().c_str(), 0666) == 0);
  const OpeningWatch file_watch(secret);
  const OpeningWatch folder_watch(secret.parent_path());
  const std::string path = secret;
  const std::string folder = secret.parent_path();
  {
    const ActingAs other(stranger_uid, stranger_uid);
    RawClient client(service.socket());
    REQUIRE(::open(secret.c_str(), O_RDONLY | O_CLOEXEC) < 0);
    const UniqueDescriptor allowed = opened(own);
    // The name is words for the answer; the content is that of the descriptor.
    const Json named = client.call("query", {{"paths", {path}}}, {allowed.get()});
    const Json own_name = client.call("query", {{"paths", {own.string()}}}, {allowed.get()});
    CHECK(named["result"]["items"][0]["judged"] == "original");
    CHECK(named["result"]["items"][0]["content"] == own_name["result"]["items"][0]["content"]);
    CHECK(error_name(client.call("query", {{"paths", {path}}})) == "invalid-params");
    CHECK(client.call("explain", {{"first", path}, {"second", path}},
                      {allowed.get(), allowed.get()})["result"]["same_bytes"] == true);
    // A descriptor of a file that one may not read can be had; it must not become one that reads.
    const UniqueDescriptor reference(::open(secret.c_str(), O_PATH | O_CLOEXEC));
    REQUIRE(reference);
    const Json unread = client.call("query", {{"paths", {path}}}, {reference.get()});
    CHECK(unread["result"]["items"][0]["judged"] == "unreadable");
    CHECK_FALSE(unread["result"]["items"][0].value("content", Json()).is_string());
    for (const char* method : {"duplicates", "groups", "files"})
      CHECK(client.call(method, {{"under", folder}})["result"]["items"].empty());
  }
  // Not for those who may change things either: only what is watched is looked at.
  CHECK(error_name(RawClient(service.socket()).call("rescan", {{"directory", folder}})) ==
        "not-found");
  CHECK(error_name(RawClient(service.socket())
                       .call("distinct", {{"first", path},
                                          {"second", (service.root() / "known.png").string()}})) ==
        "not-found");
  CHECK_FALSE(file_watch.was_opened());
  CHECK_FALSE(folder_watch.was_opened());
  // The watch does see an opening.
  opened(secret);
  CHECK(file_watch.was_opened());
}
