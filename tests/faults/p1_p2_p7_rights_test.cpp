// SPDX-License-Identifier: Apache-2.0
// Who may reach the socket, who may change things through it, and what may lie in its place.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <system_error>

#include "faults/fault_support.h"
#include "faults/socket_support.h"
#include "faults/worker_support.h"
#include "protocol/command_table.h"

using namespace imgdedup::testing;
using imgdedup::protocol::CommandLevel;
using imgdedup::protocol::Json;
namespace fs = std::filesystem;

namespace {

struct stat status_of(const fs::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0)
    throw std::system_error(errno, std::generic_category(), path.string());
  return status;
}

mode_t mode_of(const fs::path& path) { return status_of(path).st_mode & 07777; }

/// The error of connecting, or "connected".
std::string try_to_connect(const fs::path& socket) {
  try {
    const RawClient client(socket);
    return "connected";
  } catch (const std::system_error& error) {
    return error.code() == std::errc::permission_denied ? "refused" : error.what();
  }
}

/// "may change", "may read", or what stops even that.
std::string rights_at(const fs::path& socket) {
  try {
    RawClient client(socket);
    if (!client.call("status").contains("result")) return "connected, no status";
    // Without its parameters nothing is changed, and the level is looked at first.
    const std::string name = error_name(client.call("quarantine.purge"));
    if (name == "invalid-params") return "may change";
    return name == "not-permitted" ? "may read" : name;
  } catch (const std::system_error& error) {
    return error.code() == std::errc::permission_denied ? "refused" : error.what();
  }
}

std::string rights_as(uid_t uid, gid_t gid, std::vector<gid_t> groups, const fs::path& socket) {
  const ActingAs other(uid, gid, std::move(groups));
  return rights_at(socket);
}

void let_others_through(const fs::path& folder) {
  fs::permissions(folder, fs::perms::others_exec | fs::perms::group_exec, fs::perm_options::add);
}

/// A group that this machine has, not root's.
const group* some_group() {
  for (const char* name : {"users", "nogroup", "daemon", "nobody"})
    if (const group* entry = ::getgrnam(name); entry && entry->gr_gid != 0) return entry;
  return nullptr;
}

void set_group(Service& service, const std::string& group) {
  const std::string before = "socket: {path: '" + service.socket().string() + "'";
  change_setting(service, before, before + ", group: " + group);
}

}  // namespace

TEST_CASE("p1-perms: at no moment has the socket more rights than 0660 for its group") {
  Service service;
  HoldingPoint bound(service, "socket_bound");
  const mode_t umask_before = ::umask(0);
  service.start_unanswered(bound.environment());
  ::umask(umask_before);
  bound.wait();
  // It lies there since bind(2), and nobody was given it yet.
  CHECK(S_ISSOCK(status_of(service.socket()).st_mode));
  CHECK(mode_of(service.socket()) == 0600);
  bound.release();
  wait_until([&] { return try_to_connect(service.socket()) == "connected"; }, "the socket");
  CHECK(mode_of(service.socket()) == 0660);
  CHECK(status_of(service.socket()).st_uid == ::geteuid());
  CHECK(status_of(service.socket()).st_gid == ::getegid());
  // Nor is anything else for everybody: paths and digests of photos.
  for (const fs::path& path : {service.catalog(), service.duplicates_log()})
    if (fs::exists(path)) CHECK_MESSAGE((mode_of(path) & 0007) == 0, path.string());
  CHECK(service.stop() == 0);
  CHECK_FALSE(fs::exists(service.socket()));
}

TEST_CASE("p2-levels: root and members of socket.group may change, others may not even connect") {
  if (!may_act_as_others("p2-levels")) return;
  const group* const entry = some_group();
  REQUIRE(entry != nullptr);
  const gid_t members = entry->gr_gid;
  Service service;
  set_group(service, entry->gr_name);
  service.start();
  let_others_through(service.base());
  CHECK(status_of(service.socket()).st_gid == members);
  CHECK(mode_of(service.socket()) == 0660);
  CHECK(rights_at(service.socket()) == "may change");
  CHECK(rights_as(stranger_uid, stranger_uid, {members}, service.socket()) == "may change");
  CHECK(rights_as(stranger_uid, members, {}, service.socket()) == "may change");
  CHECK(rights_as(stranger_uid, stranger_uid, {}, service.socket()) == "refused");
  CHECK(rights_as(stranger_uid, stranger_uid, {stranger_uid + 1}, service.socket()) == "refused");
  {
    const ActingAs member(stranger_uid, stranger_uid, {members});
    RawClient client(service.socket());
    CHECK(client.call("pause")["result"]["state"] == "paused");
    CHECK(client.call("resume").contains("result"));
  }
  const std::string asked = "uid " + std::to_string(stranger_uid) + " (pid ";
  CHECK(service.service_log().find(asked) != std::string::npos);
  std::printf("p2-levels: root and %s change, others are refused at connect\n", entry->gr_name);
}

TEST_CASE(
    "p2-levels: who has got to the socket without being a member may read and change nothing") {
  if (!may_act_as_others("p2-levels, reading")) return;
  Service service;
  service.start();
  let_others_through(service.base());
  CHECK(rights_as(stranger_uid, stranger_uid, {}, service.socket()) == "refused");
  // The group of the service's process, which is not socket.group.
  CHECK(rights_as(stranger_uid, stranger_uid, {::getegid()}, service.socket()) == "may read");
  // Its owner has opened the socket to all.
  REQUIRE(::chmod(service.socket().c_str(), 0666) == 0);
  CHECK(rights_as(stranger_uid, stranger_uid, {}, service.socket()) == "may read");
  int read = 0, refused = 0;
  {
    const ActingAs other(stranger_uid, stranger_uid);
    RawClient client(service.socket());
    for (const auto& command : imgdedup::protocol::all_commands()) {
      const Json reply = client.call(command.name);
      const bool is_refused = error_name(reply) == "not-permitted";
      CHECK_MESSAGE(is_refused == (command.level == CommandLevel::change),
                    std::string(command.name));
      (is_refused ? refused : read) += 1;
    }
  }
  CHECK(service.call("status")["state"] != "paused");
  CHECK(refused >= 7);
  CHECK(read >= 10);
  std::printf("p2-levels: of a reader %d commands answered, %d refused\n", read, refused);
}

TEST_CASE("p2-levels: a service of its own user obeys that user and root") {
  if (!may_act_as_others("p2-levels, own user")) return;
  Service service;
  {
    let_others_through(service.base());
    const ActingAs own(service_uid, service_uid);
    if (::faccessat(AT_FDCWD, IMGDEDUPD_PATH, X_OK, AT_EACCESS) != 0) {
      std::printf("SKIPPED: p2-levels, own user (%s cannot be run by others)\n", IMGDEDUPD_PATH);
      return;
    }
  }
  for (const fs::path& path : {service.base(), service.root(), service.settings_path()})
    REQUIRE(::chown(path.c_str(), service_uid, service_uid) == 0);
  service.run_through({"setpriv", "--reuid=" + std::to_string(service_uid),
                       "--regid=" + std::to_string(service_uid), "--clear-groups"});
  service.start();
  CHECK(status_of(service.socket()).st_uid == service_uid);
  CHECK(rights_at(service.socket()) == "may change");
  CHECK(rights_as(service_uid, service_uid, {}, service.socket()) == "may change");
  CHECK(rights_as(stranger_uid, stranger_uid, {service_uid}, service.socket()) == "may read");
  CHECK(rights_as(stranger_uid, stranger_uid, {}, service.socket()) == "refused");
}

TEST_CASE("p7-stale: the socket of a service that was killed is replaced, a living one is not") {
  Service service;
  service.start();
  service.kill();
  CHECK(fs::is_socket(service.socket()));
  service.start();
  CHECK(service.call("status")["state"].is_string());

  const auto inode = status_of(service.socket()).st_ino;
  const auto second = run_program({IMGDEDUPD_PATH, "--config", service.settings_path().string()});
  CHECK(second.exit_status == 1);
  CHECK(status_of(service.socket()).st_ino == inode);
  CHECK(service.call("status")["pid"] == service.pid());
  CHECK(service.stop() == 0);
}

TEST_CASE("p7-lock: who holds a lock on the socket's folder keeps no service from starting") {
  Service service;
  const imgdedup::posix::UniqueDescriptor folder(
      ::open(service.socket().parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  REQUIRE(::flock(folder.get(), LOCK_EX | LOCK_NB) == 0);
  const fs::path lock = service.socket().string() + ".lock";
  // Left by an instance that was killed while it started.
  write_file(lock, "");
  service.start();
  CHECK(service.call("status")["state"].is_string());
  CHECK_FALSE(fs::exists(lock));
  CHECK(service.stop() == 0);
}

TEST_CASE("p7-lock: what lies in the place of the lock is refused by name and left alone") {
  Service service;
  const fs::path lock = service.socket().string() + ".lock";
  const auto refused = [&](const std::string& kind) {
    const auto result = run_program({IMGDEDUPD_PATH, "--config", service.settings_path().string()});
    INFO(kind << ": " << result.errors);
    CHECK(result.exit_status == 1);
    CHECK(result.errors.find(lock.string()) != std::string::npos);
    CHECK_FALSE(fs::exists(service.socket()));
  };
  write_file(service.base() / "target", "precious");
  fs::create_symlink(service.base() / "target", lock);
  refused("a link to a file");
  CHECK(read_file(service.base() / "target") == "precious");
  fs::remove(lock);
  fs::create_directory(lock);
  refused("a folder");
  fs::remove(lock);
  REQUIRE(::mkfifo(lock.c_str(), 0600) == 0);
  refused("a pipe");
  fs::remove(lock);
  if (::geteuid() != 0) return;
  write_file(lock, "");
  REQUIRE(::chown(lock.c_str(), stranger_uid, stranger_uid) == 0);
  refused("another user's");
  CHECK(fs::exists(lock));
}

TEST_CASE("p7-stale: whatever else lies in the socket's place is refused and left alone") {
  Service service;
  const auto refused = [&](const std::string& kind) {
    const auto begin = status_of(service.socket());
    const auto result = run_program({IMGDEDUPD_PATH, "--config", service.settings_path().string()});
    const auto end = status_of(service.socket());
    INFO(kind << ": " << result.errors);
    CHECK(result.exit_status == 1);
    CHECK(result.errors.find(service.socket().string()) != std::string::npos);
    CHECK(begin.st_ino == end.st_ino);
    CHECK(begin.st_mode == end.st_mode);
    CHECK(begin.st_ctim.tv_nsec == end.st_ctim.tv_nsec);
  };
  write_file(service.socket(), "precious");
  refused("a file");
  CHECK(read_file(service.socket()) == "precious");
  fs::remove(service.socket());

  fs::create_directory(service.socket());
  refused("a folder");
  fs::remove(service.socket());

  write_file(service.base() / "target", "precious");
  fs::create_symlink(service.base() / "target", service.socket());
  refused("a link to a file");
  CHECK(read_file(service.base() / "target") == "precious");
  fs::remove(service.socket());

  fs::create_symlink(service.base() / "nowhere", service.socket());
  refused("a link to nothing");
  CHECK_FALSE(fs::exists(service.base() / "nowhere"));
  fs::remove(service.socket());

  REQUIRE(::mkfifo(service.socket().c_str(), 0600) == 0);
  refused("a pipe");
  fs::remove(service.socket());

  // Somebody else's service, which does not even accept.
  const imgdedup::posix::UniqueDescriptor other(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  service.socket().native().copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::bind(other.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(other.get(), 8) == 0);
  refused("another program's socket");
  CHECK(try_to_connect(service.socket()) == "connected");
  fs::remove(service.socket());

  service.start();
  CHECK(service.call("status")["state"].is_string());
}
