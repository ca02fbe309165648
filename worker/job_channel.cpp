// SPDX-License-Identifier: Apache-2.0
// Messages with descriptors over a SOCK_SEQPACKET pair.
#include "worker/job_channel.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "worker/job_codec.h"

namespace imgdedup::worker {
namespace {

constexpr std::size_t control_bytes = CMSG_SPACE(max_descriptors * sizeof(int));

int flag_for(Waiting waiting) { return waiting == Waiting::do_not_block ? MSG_DONTWAIT : 0; }

std::vector<posix::UniqueDescriptor> take_descriptors(msghdr& header) {
  std::vector<posix::UniqueDescriptor> descriptors;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int descriptor = -1;
      std::memcpy(&descriptor, CMSG_DATA(part) + i * sizeof(int), sizeof descriptor);
      descriptors.emplace_back(descriptor);
    }
  }
  return descriptors;
}

}  // namespace

SendStatus send_message(int channel, std::span<const std::uint8_t> bytes,
                        std::span<const int> descriptors, Waiting waiting) {
  assert(!bytes.empty() && bytes.size() <= max_message_bytes);
  assert(descriptors.size() <= max_descriptors);
  iovec vector{const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) std::array<char, control_bytes> control{};
  msghdr header{};
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  if (!descriptors.empty()) {
    header.msg_control = control.data();
    header.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* part = CMSG_FIRSTHDR(&header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(part), descriptors.data(), descriptors.size_bytes());
  }
  for (;;) {
    if (::sendmsg(channel, &header, MSG_NOSIGNAL | flag_for(waiting)) >= 0) return SendStatus::sent;
    switch (errno) {
      case EINTR:
        continue;
      case EAGAIN:
      case ENOBUFS:
      case ETOOMANYREFS:
        return SendStatus::would_block;
      case EPIPE:
      case ECONNRESET:
        return SendStatus::closed;
      default:
        throw std::system_error(errno, std::generic_category(), "sendmsg to the worker channel");
    }
  }
}

Received receive_message(int channel, std::size_t descriptor_limit, Waiting waiting) {
  assert(descriptor_limit <= max_descriptors);
  std::array<std::uint8_t, max_message_bytes> buffer;
  alignas(cmsghdr) std::array<char, control_bytes> control;
  iovec vector{buffer.data(), buffer.size()};
  for (;;) {
    msghdr header{};
    header.msg_iov = &vector;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    const ssize_t size = ::recvmsg(channel, &header, MSG_CMSG_CLOEXEC | flag_for(waiting));
    if (size < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) return {ReceiveStatus::nothing, {}, {}};
      if (errno == ECONNRESET) return {ReceiveStatus::closed, {}, {}};
      throw std::system_error(errno, std::generic_category(), "recvmsg from the worker channel");
    }
    auto descriptors = take_descriptors(header);
    if (size == 0) return {ReceiveStatus::closed, {}, {}};
    if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 || descriptors.size() > descriptor_limit)
      return {ReceiveStatus::malformed, {}, {}};
    return {
        ReceiveStatus::message, {buffer.begin(), buffer.begin() + size}, std::move(descriptors)};
  }
}

}  // namespace imgdedup::worker
