// SPDX-License-Identifier: Apache-2.0
// What the tests of the control socket share.
#include "faults/socket_support.h"

#include <doctest/doctest.h>
#include <grp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "protocol/json_rpc.h"

namespace imgdedup::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// That the service may open for itself meanwhile: a backup, a pass, a reader of the catalog.
constexpr std::size_t own_descriptors = 5;
constexpr int send_time_ms = 30'000;

/// What each is, for a message.
std::string descriptors_of(pid_t process) {
  std::string text;
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/fd"))
    text += std::filesystem::read_symlink(entry.path(), error).string() + "\n";
  return text;
}

void must(int result, const char* what) {
  if (result != 0) throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

ActingAs::ActingAs(uid_t uid, gid_t gid, std::vector<gid_t> groups)
    : groups_before_(static_cast<std::size_t>(std::max(::getgroups(0, nullptr), 0))) {
  if (::getgroups(static_cast<int>(groups_before_.size()), groups_before_.data()) < 0)
    must(-1, "getgroups");
  must(::setgroups(groups.size(), groups.data()), "setgroups");
  must(::setegid(gid), "setegid");
  must(::seteuid(uid), "seteuid");
}

ActingAs::~ActingAs() {
  if (::seteuid(0) != 0 || ::setegid(0) != 0 ||
      ::setgroups(groups_before_.size(), groups_before_.data()) != 0)
    std::terminate();
}

bool may_act_as_others(std::string_view what) {
  if (::geteuid() == 0) {
    try {
      const ActingAs probe(stranger_uid, stranger_uid);
      return true;
    } catch (const std::system_error&) {
      // A container may leave root without these rights.
    }
  }
  std::printf("SKIPPED: %s (this user may not act as others; run as root)\n",
              std::string(what).c_str());
  return false;
}

RawClient::RawClient(const std::filesystem::path& socket)
    : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket.native().copy(address.sun_path, sizeof address.sun_path - 1);
  must(::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
       "connect");
}

std::size_t RawClient::try_to_send(std::string_view bytes) {
  const ssize_t sent =
      ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return sent < 0 ? 0 : static_cast<std::size_t>(sent);
}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent =
        ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else {
      pollfd room{.fd = socket_.get(), .events = POLLOUT, .revents = 0};
      if (errno != EAGAIN || ::poll(&room, 1, send_time_ms) <= 0) return false;
    }
  }
  return true;
}

bool RawClient::send_with(std::string_view bytes, const std::vector<int>& descriptors) {
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
  return ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT) ==
         static_cast<ssize_t>(bytes.size());
}

std::optional<std::string> RawClient::line(std::chrono::seconds limit) {
  const auto deadline = steady_clock::now() + limit;
  std::size_t searched = 0;
  for (;;) {
    if (const std::size_t end = received_.find('\n', searched); end != std::string::npos) {
      std::string found = received_.substr(0, end);
      received_.erase(0, end + 1);
      return found;
    }
    searched = received_.size();
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
    pollfd readable{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    if (left.count() <= 0 || ::poll(&readable, 1, static_cast<int>(left.count())) == 0)
      throw std::runtime_error("no line came, and no end");
    std::array<char, 65536> bytes;
    const ssize_t length = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
    if (length <= 0) return std::nullopt;
    received_.append(bytes.data(), static_cast<std::size_t>(length));
  }
}

protocol::Json RawClient::reply() {
  const auto text = line();
  if (!text) throw std::runtime_error("the service has closed the connection");
  return protocol::Json::parse(*text);
}

protocol::Json RawClient::call(std::string_view method, const protocol::Json& params,
                               const std::vector<int>& descriptors) {
  const std::string request = protocol::request_line(1, method, params);
  const bool is_sent = descriptors.empty() ? send(request) : send_with(request, descriptors);
  if (!is_sent) throw std::runtime_error("the request could not be sent");
  return reply();
}

std::string error_name(const protocol::Json& reply) {
  return reply.contains("error") ? reply["error"]["data"]["name"].get<std::string>() : "";
}

milliseconds slowest_status(Service& service, int count) {
  milliseconds slowest{0};
  for (int i = 0; i < count; ++i) {
    const auto begin = steady_clock::now();
    service.call("status");
    slowest =
        std::max(slowest, std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin));
    std::this_thread::sleep_for(milliseconds(3));
  }
  return slowest;
}

std::size_t descriptor_count(pid_t process) {
  const auto all = std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/fd");
  return static_cast<std::size_t>(std::distance(all, std::filesystem::directory_iterator()));
}

void check_descriptors_fall_to(const Service& service, std::size_t count) {
  const std::size_t most = count + own_descriptors;
  const auto deadline = steady_clock::now() + std::chrono::seconds(30);
  while (descriptor_count(service.pid()) > most && steady_clock::now() < deadline)
    std::this_thread::sleep_for(milliseconds(10));
  INFO(descriptors_of(service.pid()));
  CHECK(descriptor_count(service.pid()) <= most);
}

}  // namespace imgdedup::testing
