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
/// stale one. A file of our own that nobody else may open: a lock on the directory could be held by
/// whoever may read that.
class StartLock {
 public:
  explicit StartLock(const std::string& socket_path) : path_(socket_path + ".lock") {
    const auto deadline = std::chrono::steady_clock::now() + longest_wait_for_another_start;
    while (!take()) {
      if (std::chrono::steady_clock::now() >= deadline)
        throw std::runtime_error(path_ + ": another instance holds it and has not started in time");
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
  ~StartLock() { ::unlink(path_.c_str()); }
  StartLock(const StartLock&) = delete;
  StartLock& operator=(const StartLock&) = delete;

 private:
  /// False while another instance holds it.
  bool take() {
    constexpr int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    file_ = posix::UniqueDescriptor(::open(path_.c_str(), flags, 0600));
    if (!file_) fail(path_, "open or make the file that one instance holds while it starts");
    struct stat own;
    if (::fstat(file_.get(), &own) != 0) fail(path_, "fstat");
    if (!S_ISREG(own.st_mode) || own.st_uid != ::geteuid())
      throw std::runtime_error(path_ +
                               ": is there already and is not a file of the service's user; it is "
                               "held while an instance starts; remove it");
    if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK || errno == EINTR) return false;
      fail(path_, "lock");
    }
    // Whoever held it before has removed it.
    struct stat named;
    return ::lstat(path_.c_str(), &named) == 0 && named.st_dev == own.st_dev &&
           named.st_ino == own.st_ino;
  }

  std::string path_;
  posix::UniqueDescriptor file_;
};

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
  const StartLock lock(path_);
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
