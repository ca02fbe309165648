// SPDX-License-Identifier: Apache-2.0
// A blocking client of the control socket.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "posix/unique_descriptor.h"
#include "protocol/json.h"

namespace imgdedup::protocol {

inline constexpr std::string_view default_socket_path = "/run/imgdedupd/control.sock";
inline constexpr std::size_t max_reply_bytes = std::size_t{64} << 20;
/// Descriptors that one request may carry.
inline constexpr std::size_t max_request_descriptors = 64;

/// The service could not be reached, or left in the middle of a call; the message says what was
/// tried, why it failed and what to do.
class ServiceUnreachable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The deadline of a call passed before its reply came.
class CallTimedOut : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The service answered with something that is no reply.
class MalformedReply : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The service answered with an error. what() is its message, made safe for a terminal.
class CallFailed : public std::runtime_error {
 public:
  CallFailed(int code, const std::string& message);
  [[nodiscard]] int code() const { return code_; }  ///< ErrorCode, or a number not known here
  [[nodiscard]] const std::string& message() const { return message_; }  ///< as the service sent it

 private:
  int code_;
  std::string message_;
};

using Deadline = std::optional<std::chrono::steady_clock::time_point>;  ///< empty: none
/// Called with the method and params of each notification.
using NotificationHandler = std::function<void(std::string_view method, const Json& params)>;

/// One connection. One thread at a time. Every call blocks; signals only interrupt it to resume.
class Client {
 public:
  /// Throws ServiceUnreachable.
  explicit Client(const std::string& socket_path);

  struct CallOptions {
    std::span<const int> descriptors;  ///< lent; sent with the request; max_request_descriptors
    Deadline deadline;
    NotificationHandler on_notification;
  };

  /// The result of `method`. Throws CallFailed, CallTimedOut, ServiceUnreachable, MalformedReply,
  /// and what the handler throws. After any but CallFailed the connection is of no more use.
  Json call(std::string_view method, const Json& params, const CallOptions& options);
  Json call(std::string_view method, const Json& params = Json::object()) {
    return call(method, params, CallOptions{});
  }

  /// Hands on notifications until the service closes the connection or the deadline passes.
  /// Throws MalformedReply, and what the handler throws.
  void listen(const NotificationHandler& handler, Deadline deadline = std::nullopt);

 private:
  void send(std::string_view line, std::span<const int> descriptors, Deadline deadline);
  /// One line without its newline; empty at the end of the stream.
  std::optional<std::string> receive_line(Deadline deadline);

  std::string socket_path_;
  posix::UniqueDescriptor socket_;
  std::string received_;            ///< what has come and was not yet handed out
  std::size_t searched_bytes_ = 0;  ///< of received_, known to hold no newline
  std::int64_t last_id_ = 0;
};

struct ListingOptions {
  std::uint64_t max_items = UINT64_MAX;
  std::optional<std::chrono::milliseconds> page_time;  ///< time limit of each call; empty: none
};

/// Calls a listing page by page, from `params` with its `after` on, and hands on each item, until
/// the last page, `max_items`, or the handler returns false. Throws as Client::call().
void for_each_item(Client& client, std::string_view method, Json params,
                   const std::function<bool(const Json& item)>& handler,
                   const ListingOptions& options);

}  // namespace imgdedup::protocol
