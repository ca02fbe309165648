// SPDX-License-Identifier: Apache-2.0
// What the tests of the control socket share: clients that keep no rules, other users, and how long
// the well-behaved wait meanwhile.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "end_to_end/service.h"
#include "posix/unique_descriptor.h"

namespace imgdedup::testing {

/// A user and a group that exist on no machine, so that nothing belongs to them.
inline constexpr uid_t stranger_uid = 64001;
inline constexpr uid_t service_uid = 64002;

/// While it lives, this process acts as another user, with no right of root's. As root only.
class ActingAs {
 public:
  ActingAs(uid_t uid, gid_t gid, std::vector<gid_t> groups = {});
  ~ActingAs();
  ActingAs(const ActingAs&) = delete;
  ActingAs& operator=(const ActingAs&) = delete;

 private:
  std::vector<gid_t> groups_before_;
};
/// Whether this process may act as others; if not, says what is skipped.
bool may_act_as_others(std::string_view what);

/// Bytes to and from the socket, as a client sends them that has read no documentation.
class RawClient {
 public:
  /// Throws std::system_error with connect's errno.
  explicit RawClient(const std::filesystem::path& socket);

  /// As much as the socket takes without waiting; 0 also when the service has closed it.
  std::size_t try_to_send(std::string_view bytes);
  /// All of it; false when the service has closed the connection or takes nothing for 30 s.
  bool send(std::string_view bytes);
  /// One sendmsg(2); false when the socket has no room or is closed.
  bool send_with(std::string_view bytes, const std::vector<int>& descriptors);
  /// The next line without its newline; empty when the service has closed the connection. Throws
  /// std::runtime_error when neither comes in `limit`.
  std::optional<std::string> line(std::chrono::seconds limit = std::chrono::seconds(60));
  /// line() as JSON; throws when the connection is closed.
  protocol::Json reply();
  /// Sends a request with `id` 1; its reply.
  protocol::Json call(std::string_view method,
                      const protocol::Json& params = protocol::Json::object(),
                      const std::vector<int>& descriptors = {});

 private:
  posix::UniqueDescriptor socket_;
  std::string received_;
};

/// data.name of the error in a reply; "" for a result.
std::string error_name(const protocol::Json& reply);

/// The longest of `count` `status` calls, each by a client of its own, a few milliseconds apart.
std::chrono::milliseconds slowest_status(Service& service, int count = 50);
/// What nobody may have to wait longer for, on a machine with much other work too.
inline constexpr std::chrono::milliseconds longest_wait{2000};

/// Open descriptors of a process.
std::size_t descriptor_count(pid_t process);
/// Waits until the service has as many descriptors, or a few of its own more; checks it.
void check_descriptors_fall_to(const Service& service, std::size_t count);

}  // namespace imgdedup::testing
