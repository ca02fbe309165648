// SPDX-License-Identifier: Apache-2.0
// A second look at a catalog, for work that takes long: on a thread of its own, reading only.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

struct sqlite3;

namespace imgdedup::store {

/// Owns a connection that never writes. What it reads while a statement or transaction is open is
/// one moment's state. Not thread safe; any thread.
class ReadConnection {
 public:
  enum class Of : std::uint8_t {
    running,  ///< the catalog of a running service
    copy,     ///< a file that nobody writes: leaves no -wal beside it
  };
  /// Statements that run when `*stop` becomes true fail soon after. Throws StoreError.
  ReadConnection(const std::string& path, Of what, const std::atomic<bool>* stop = nullptr);
  ~ReadConnection();
  ReadConnection(const ReadConnection&) = delete;
  ReadConnection& operator=(const ReadConnection&) = delete;

  [[nodiscard]] sqlite3* handle() const { return handle_; }

 private:
  sqlite3* handle_ = nullptr;
};

}  // namespace imgdedup::store
