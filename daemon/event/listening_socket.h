// SPDX-License-Identifier: Apache-2.0
// A unix socket in the file system that is ours alone. For daemon/event/ alone.
#pragma once

#include <sys/types.h>

#include <string>

#include "daemon/event/line_server.h"
#include "posix/unique_descriptor.h"

namespace imgdedup::event {

/// Binds to a path and listens, without blocking; see LineServer for what is replaced and what is
/// refused. At no moment does the socket have more rights than asked for.
class ListeningSocket {
 public:
  /// Throws std::runtime_error or std::system_error naming the path.
  explicit ListeningSocket(const SocketPlace& place);
  /// Unlinks the path if it still leads to this socket.
  ~ListeningSocket();
  ListeningSocket(const ListeningSocket&) = delete;
  ListeningSocket& operator=(const ListeningSocket&) = delete;

  [[nodiscard]] int descriptor() const noexcept { return socket_.get(); }

 private:
  void remove_path() const noexcept;

  std::string path_;
  posix::UniqueDescriptor socket_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace imgdedup::event
