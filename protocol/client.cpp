// SPDX-License-Identifier: Apache-2.0
// A blocking client of the control socket.
#include "protocol/client.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "protocol/json_rpc.h"
#include "protocol/utf8.h"

namespace imgdedup::protocol {
namespace {

constexpr std::size_t receive_bytes = std::size_t{64} << 10;

std::string advice(int error, const std::string& path) {
  switch (error) {
    case ENOENT:
    case ECONNREFUSED:
      return "is imgdedupd running? (systemctl status imgdedupd; another socket: --socket or "
             "$IMGDEDUPD_SOCKET)";
    case EACCES:
    case EPERM:
      return "only root and the members of the socket's group may use it (ls -l " +
             readable_text(path) + ")";
    case EAGAIN:
      return "the service has too many clients; try again";
    default:
      return "";
  }
}

[[noreturn]] void throw_unreachable(const std::string& path, int error) {
  std::string message =
      "cannot connect to " + readable_text(path) + ": " + std::generic_category().message(error);
  if (const std::string hint = advice(error, path); !hint.empty()) message += "; " + hint;
  throw ServiceUnreachable(message);
}

/// Waits until `socket` is ready for `events`. Throws CallTimedOut.
void wait_for(int socket, short events, Deadline deadline) {
  while (true) {
    int timeout_ms = -1;
    if (deadline) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(
          *deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0) throw CallTimedOut("the service did not answer in time");
      timeout_ms = static_cast<int>(std::min<std::int64_t>(left.count(), 3'600'000));
    }
    pollfd waiting{socket, events, 0};
    const int ready = ::poll(&waiting, 1, timeout_ms);
    if (ready > 0) return;
    if (ready < 0 && errno != EINTR)
      throw std::system_error(errno, std::generic_category(), "waiting for the service");
  }
}

/// One sendmsg() of `bytes` with `descriptors`; what it took, or -1 with errno.
ssize_t send_some(int socket, std::string_view bytes, std::span<const int> descriptors) {
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * max_request_descriptors)> control{};
  if (!descriptors.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
  }
  return ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

Json parse_message(const std::string& line) {
  Json message = Json::parse(line, nullptr, false);
  if (!message.is_object()) throw MalformedReply("the service sent a line that is no JSON object");
  return message;
}

/// Hands `message` to `handler` if it is a notification.
bool took_notification(const Json& message, const NotificationHandler& handler) {
  const auto method = message.find("method");
  if (method == message.end()) return false;
  if (!method->is_string() || message.contains("id"))
    throw MalformedReply("the service sent a request instead of a reply");
  const auto params = message.find("params");
  if (handler)
    handler(method->get_ref<const std::string&>(), params == message.end() ? Json() : *params);
  return true;
}

[[noreturn]] void throw_call_failed(const Json& error) {
  const auto code = error.find("code");
  const auto text = error.find("message");
  if (!error.is_object() || code == error.end() || !code->is_number_integer() ||
      text == error.end() || !text->is_string())
    throw MalformedReply("the service answered with an error that is none");
  throw CallFailed(code->get<int>(), text->get_ref<const std::string&>());
}

}  // namespace

CallFailed::CallFailed(int code, const std::string& message)
    : std::runtime_error(readable_text(message)), code_(code), message_(message) {}

Client::Client(const std::string& socket_path) : socket_path_(socket_path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_path.empty() || socket_path.size() >= sizeof address.sun_path)
    throw ServiceUnreachable("cannot connect to \"" + readable_text(socket_path) +
                             "\": the path of a socket has 1 to " +
                             std::to_string(sizeof address.sun_path - 1) + " bytes");
  std::memcpy(address.sun_path, socket_path.data(), socket_path.size());
  socket_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket_) throw std::system_error(errno, std::generic_category(), "making a socket");
  int result = 0;
  do result = ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  while (result != 0 && errno == EINTR);
  if (result != 0) throw_unreachable(socket_path, errno);
}

Json Client::call(std::string_view method, const Json& params, const CallOptions& options) {
  const std::int64_t id = ++last_id_;
  const std::string line = request_line(id, method, params);
  if (line.size() > max_request_bytes)
    throw CallFailed(static_cast<int>(ErrorCode::invalid_params),
                     "the request is longer than " + std::to_string(max_request_bytes) + " bytes");
  send(line, options.descriptors, options.deadline);
  while (true) {
    const auto reply = receive_line(options.deadline);
    if (!reply)
      throw ServiceUnreachable("the service at " + readable_text(socket_path_) +
                               " closed the connection before it answered; see its log");
    Json message = parse_message(*reply);
    if (took_notification(message, options.on_notification)) continue;
    if (const auto error = message.find("error"); error != message.end()) throw_call_failed(*error);
    const auto reply_id = message.find("id");
    const auto result = message.find("result");
    if (reply_id == message.end() || *reply_id != Json(id) || result == message.end())
      throw MalformedReply("the service sent a reply to another request");
    return std::move(*result);
  }
}

void Client::listen(const NotificationHandler& handler, Deadline deadline) {
  try {
    while (const auto line = receive_line(deadline)) {
      if (!took_notification(parse_message(*line), handler))
        throw MalformedReply("the service sent a reply that nobody asked for");
    }
  } catch (const CallTimedOut&) {
  }
}

void Client::send(std::string_view line, std::span<const int> descriptors, Deadline deadline) {
  assert(descriptors.size() <= max_request_descriptors);
  while (!line.empty()) {
    wait_for(socket_.get(), POLLOUT, deadline);
    const ssize_t sent = send_some(socket_.get(), line, descriptors);
    if (sent >= 0) {
      line.remove_prefix(static_cast<std::size_t>(sent));
      descriptors = {};
    } else if (errno == EPIPE || errno == ECONNRESET) {
      return;  // It may have answered before it closed; receive_line() tells.
    } else if (errno != EAGAIN && errno != EINTR) {
      throw std::system_error(errno, std::generic_category(), "sending to the service");
    }
  }
}

std::optional<std::string> Client::receive_line(Deadline deadline) {
  while (true) {
    const std::size_t end = received_.find('\n', searched_bytes_);
    if (end != std::string::npos) {
      std::string line = received_.substr(0, end);
      received_.erase(0, end + 1);
      searched_bytes_ = 0;
      return line;
    }
    searched_bytes_ = received_.size();
    if (received_.size() > max_reply_bytes)
      throw MalformedReply("the service sent a line of more than " +
                           std::to_string(max_reply_bytes) + " bytes");
    wait_for(socket_.get(), POLLIN, deadline);
    std::array<char, receive_bytes> buffer;
    const ssize_t count = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count > 0) {
      received_.append(buffer.data(), static_cast<std::size_t>(count));
    } else if (count == 0 || errno == ECONNRESET) {
      return std::nullopt;
    } else if (errno != EAGAIN && errno != EINTR) {
      throw std::system_error(errno, std::generic_category(), "receiving from the service");
    }
  }
}

void for_each_item(Client& client, std::string_view method, Json params,
                   const std::function<bool(const Json& item)>& handler,
                   const ListingOptions& options) {
  constexpr std::uint64_t max_page_items = 1000;
  std::uint64_t items_left = options.max_items;
  while (items_left > 0) {
    if (items_left < max_page_items) params["limit"] = items_left;
    Client::CallOptions call_options;
    if (options.page_time)
      call_options.deadline = std::chrono::steady_clock::now() + *options.page_time;
    const Json page = client.call(method, params, call_options);
    const auto items = page.find("items");
    const auto next = page.find("next");
    if (items == page.end() || !items->is_array() || next == page.end())
      throw MalformedReply("the service sent a listing that is none");
    for (const Json& item : *items)
      if (!handler(item) || --items_left == 0) return;
    if (next->is_null()) return;
    if (const auto after = params.find("after"); after != params.end() && *after == *next)
      throw MalformedReply("the service sent the same page of a listing twice");
    params["after"] = *next;
  }
}

}  // namespace imgdedup::protocol
