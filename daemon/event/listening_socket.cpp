// SPDX-License-Identifier: Apache-2.0
// A unix socket in the file system that is ours alone.
#include "daemon/event/listening_socket.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "posix/test_hooks.h"

namespace imgdedup::event {
namespace {

constexpr int backlog = 64;
constexpr std::chrono::seconds longest_wait_for_another_start{2};

[[noreturn]] void fail(const std::string& path, const char* what) {
  throw std::system_error(errno, std::generic_category(), path + ": " + what);
}

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    throw std::runtime_error(path + ": a socket's path has 1 to 107 bytes, this one has " +
                             std::to_string(path.size()));
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

posix::UniqueDescriptor new_socket(const std::string& path) {
  posix::UniqueDescriptor made(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!made) fail(path, "make a socket");
  return made;
}

/// Held, it keeps a second instance from taking a socket that is bound and not yet listening for a
/// stale one.
posix::UniqueDescriptor lock_directory_of(const std::string& path) {
  std::string parent = std::filesystem::path(path).parent_path();
  if (parent.empty()) parent = ".";
  posix::UniqueDescriptor directory(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) fail(path, "open its directory");
  const auto deadline = std::chrono::steady_clock::now() + longest_wait_for_another_start;
  while (::flock(directory.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) fail(path, "lock its directory");
    if (std::chrono::steady_clock::now() >= deadline)
      throw std::runtime_error(path + ": somebody holds a lock on its directory");
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return directory;
}

void remove_stale(const std::string& path, const sockaddr_un& address) {
  struct stat status;
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return;
    fail(path, "look for an earlier socket");
  }
  if (!S_ISSOCK(status.st_mode))
    throw std::runtime_error(path + ": is there already and is not a socket");
  const posix::UniqueDescriptor probe = new_socket(path);
  const int result =
      ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  if (result == 0 || errno == EAGAIN)
    throw std::runtime_error("another instance answers on " + path);
  if (errno == ENOENT) return;
  if (errno != ECONNREFUSED) fail(path, "ask who answers there");
  if (::unlink(path.c_str()) != 0) fail(path, "remove the socket of an instance that has ended");
}

}  // namespace

ListeningSocket::ListeningSocket(const SocketPlace& place)
    : path_(place.path), socket_(new_socket(place.path)) {
  const sockaddr_un address = address_of(path_);
  const posix::UniqueDescriptor lock = lock_directory_of(path_);
  remove_stale(path_, address);
  // bind(2) gives the new inode the mode of the socket, less the umask: it starts closed, and opens
  // when the group is right.
  if (::fchmod(socket_.get(), 0600) != 0) fail(path_, "fchmod");
  if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    fail(path_, "bind");
  struct stat status;
  if (::lstat(path_.c_str(), &status) != 0) fail(path_, "lstat");
  device_ = status.st_dev;
  inode_ = status.st_ino;
  try {
    posix::test_point("socket_bound");
    if (place.group && ::lchown(path_.c_str(), static_cast<uid_t>(-1), *place.group) != 0)
      fail(path_, "give it to its group");
    if (::chmod(path_.c_str(), place.mode) != 0) fail(path_, "chmod");
    if (::listen(socket_.get(), backlog) != 0) fail(path_, "listen");
  } catch (...) {
    remove_path();
    throw;
  }
}

ListeningSocket::~ListeningSocket() { remove_path(); }

void ListeningSocket::remove_path() const noexcept {
  struct stat status;
  if (::lstat(path_.c_str(), &status) == 0 && status.st_dev == device_ && status.st_ino == inode_)
    ::unlink(path_.c_str());
}

}  // namespace imgdedup::event
