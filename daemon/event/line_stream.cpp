// SPDX-License-Identifier: Apache-2.0
// The bytes of one connection: cut into lines, and held back for a slow reader.
#include "daemon/event/line_stream.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <utility>

namespace imgdedup::event {
namespace {

constexpr std::size_t read_bytes = std::size_t{64} << 10;
// The kernel's bound (SCM_MAX_FD): with less room it would close the others itself, as they are.
constexpr std::size_t most_in_a_message = 253;

/// Closing a socket may wait for its unsent bytes, as long as who has sent it to us likes.
void do_not_linger(int descriptor) {
  constexpr linger off{.l_onoff = 0, .l_linger = 0};
  (void)::setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &off, sizeof off);
}

std::vector<posix::UniqueDescriptor> descriptors_of(msghdr& message) {
  std::vector<posix::UniqueDescriptor> descriptors;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int descriptor = -1;
      std::memcpy(&descriptor, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
      do_not_linger(descriptor);
      descriptors.emplace_back(descriptor);
    }
  }
  return descriptors;
}

}  // namespace

LineInput::Outcome LineInput::receive(int socket, std::size_t most_descriptors) {
  const std::size_t before = buffer_.size();
  buffer_.resize(before + read_bytes);
  iovec space{.iov_base = buffer_.data() + before, .iov_len = read_bytes};
  alignas(cmsghdr) char control[CMSG_SPACE(most_in_a_message * sizeof(int))];
  msghdr message{};
  message.msg_iov = &space;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t length = 0;
  do {
    length = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (length < 0 && errno == EINTR);
  buffer_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
  if (length < 0)
    return errno == EAGAIN || errno == EWOULDBLOCK ? Outcome::nothing : Outcome::failed;

  std::vector<posix::UniqueDescriptor> descriptors = descriptors_of(message);
  if (length == 0) return Outcome::ended;
  if (descriptors.size() > most_descriptors) descriptors.resize(most_descriptors);
  // The kernel ends a read after a message with descriptors, but may put plain messages before it:
  // they belong to the last line of what was read.
  if (!descriptors.empty())
    passed_.push_back(
        {.position = dropped_ + buffer_.size() - 1, .descriptors = std::move(descriptors)});
  if (!has_line()) find_line_end(before);
  return Outcome::received;
}

void LineInput::discard(int socket) {
  // Nothing more can be sent to it now.
  ::shutdown(socket, SHUT_RD);
  LineInput unread;
  while (unread.receive(socket, 0) == Outcome::received) unread.buffer_.clear();
}

std::optional<ReceivedLine> LineInput::next_line() {
  if (!has_line()) return std::nullopt;
  ReceivedLine line;
  line.text.assign(buffer_, begin_, line_end_ - begin_);
  const std::uint64_t last = dropped_ + line_end_;
  const auto beyond =
      std::ranges::find_if(passed_, [&](const Passed& passed) { return passed.position > last; });
  for (auto passed = passed_.begin(); passed != beyond; ++passed)
    std::ranges::move(passed->descriptors, std::back_inserter(line.descriptors));
  passed_.erase(passed_.begin(), beyond);

  begin_ = line_end_ + 1;
  find_line_end(begin_);
  if (!has_line()) {
    buffer_.erase(0, begin_);
    dropped_ += std::exchange(begin_, 0);
    if (buffer_.empty()) buffer_.shrink_to_fit();
  }
  return line;
}

std::size_t LineInput::line_bytes() const noexcept {
  return (has_line() ? line_end_ : buffer_.size()) - begin_;
}

std::size_t LineInput::held_descriptors() const noexcept {
  std::size_t count = 0;
  for (const Passed& passed : passed_) count += passed.descriptors.size();
  return count;
}

void LineInput::find_line_end(std::size_t from) { line_end_ = buffer_.find('\n', from); }

void LineOutput::append(std::string_view line) {
  if (begin_ > 0 && begin_ >= buffer_.size() / 2) {
    buffer_.erase(0, begin_);
    begin_ = 0;
  }
  buffer_.append(line);
  buffer_.push_back('\n');
}

LineOutput::Outcome LineOutput::flush(int socket, bool& sent_any) {
  while (bytes() > 0) {
    const ssize_t length =
        ::send(socket, buffer_.data() + begin_, bytes(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (length < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN || errno == EWOULDBLOCK ? Outcome::some_held_back : Outcome::failed;
    }
    sent_any = true;
    begin_ += static_cast<std::size_t>(length);
  }
  buffer_.clear();
  buffer_.shrink_to_fit();
  begin_ = 0;
  return Outcome::all_sent;
}

}  // namespace imgdedup::event
