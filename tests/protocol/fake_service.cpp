// SPDX-License-Identifier: Apache-2.0
// A service that answers what a test tells it to, on a real socket.
#include "protocol/fake_service.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace imgdedup::testing {
namespace {

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

std::string content_of(int descriptor) {
  std::string content;
  std::array<char, 4096> buffer{};
  ssize_t count = 0;
  while ((count = ::pread(descriptor, buffer.data(), buffer.size(),
                          static_cast<off_t>(content.size()))) > 0)
    content.append(buffer.data(), static_cast<std::size_t>(count));
  return content;
}

/// Bytes and the contents of files that came; no bytes at the end.
std::string receive(int connection, std::vector<std::string>& files) {
  std::array<char, 65536> buffer{};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * 64)> control{};
  iovec part{buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t count = ::recvmsg(connection, &message, MSG_CMSG_CLOEXEC);
  if (count <= 0) return {};
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    const std::size_t descriptor_count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < descriptor_count; ++i) {
      int descriptor = -1;
      std::memcpy(&descriptor, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
      const posix::UniqueDescriptor owner(descriptor);
      files.push_back(content_of(descriptor));
    }
  }
  return {buffer.data(), static_cast<std::size_t>(count)};
}

void send_all(int connection, std::string_view bytes, FakeService::Pace pace) {
  while (!bytes.empty()) {
    const std::size_t size = pace == FakeService::Pace::at_once ? bytes.size() : 1;
    const ssize_t sent = ::send(connection, bytes.data(), size, MSG_NOSIGNAL);
    if (sent < 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

}  // namespace

FakeService::FakeService(const std::string& socket_path, Handler handler)
    : handler_(std::move(handler)) {
  std::array<int, 2> pipe_ends{};
  if (::pipe2(pipe_ends.data(), O_CLOEXEC) != 0) fail("making a pipe");
  stop_reader_.reset(pipe_ends[0]);
  stop_writer_.reset(pipe_ends[1]);
  listener_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket_path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener_.get(), 8) != 0)
    fail("listening");
  thread_ = std::thread([this] { serve(); });
}

FakeService::~FakeService() {
  stop_writer_.reset();
  thread_.join();
}

std::vector<std::string> FakeService::lines() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}

bool FakeService::wait_readable(int descriptor) const {
  std::array<pollfd, 2> waiting{pollfd{descriptor, POLLIN, 0},
                                pollfd{stop_reader_.get(), POLLIN, 0}};
  while (::poll(waiting.data(), waiting.size(), -1) < 0) {
  }
  return waiting[1].revents == 0;
}

void FakeService::serve() {
  while (wait_readable(listener_.get())) {
    const posix::UniqueDescriptor connection(
        ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (connection) serve_connection(connection.get());
  }
}

void FakeService::serve_connection(int connection) {
  std::string received;
  std::vector<std::string> files;
  while (wait_readable(connection)) {
    const std::string bytes = receive(connection, files);
    if (bytes.empty()) return;
    received += bytes;
    for (std::size_t end = 0; (end = received.find('\n')) != std::string::npos;) {
      const std::string line = received.substr(0, end);
      received.erase(0, end + 1);
      {
        const std::lock_guard lock(mutex_);
        lines_.push_back(line);
      }
      const Answer answer = handler_(line, std::exchange(files, {}));
      send_all(connection, answer.bytes, answer.pace);
      if (answer.afterwards == Afterwards::close) return;
    }
  }
}

}  // namespace imgdedup::testing
