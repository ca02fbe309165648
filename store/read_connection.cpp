// SPDX-License-Identifier: Apache-2.0
// A second look at a catalog.
#include "store/read_connection.h"

#include <sqlite3.h>

#include <cctype>
#include <cstdio>

#include "store/sqlite_error.h"

namespace imgdedup::store {
namespace {

constexpr int instructions_between_looks = 10'000;
constexpr int busy_timeout_ms = 2000;

// https://www.sqlite.org/uri.html
std::string uri_of_copy(const std::string& path) {
  std::string uri = "file:";
  for (const char character : path) {
    const auto byte = static_cast<unsigned char>(character);
    if (std::isalnum(byte) || character == '/' || character == '.' || character == '-') {
      uri += character;
    } else {
      char escaped[4];
      std::snprintf(escaped, sizeof escaped, "%%%02X", byte);
      uri += escaped;
    }
  }
  return uri + "?immutable=1";
}

}  // namespace

ReadConnection::ReadConnection(const std::string& path, Of what, const std::atomic<bool>* stop) {
  const std::string name = what == Of::copy ? uri_of_copy(path) : path;
  const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW |
                    (what == Of::copy ? SQLITE_OPEN_URI : 0);
  if (sqlite3_open_v2(name.c_str(), &handle_, flags, nullptr) != SQLITE_OK) {
    try {
      throw_sqlite_error(handle_, "cannot read " + path + ": ", "");
    } catch (...) {
      sqlite3_close(handle_);
      throw;
    }
  }
  sqlite3_busy_timeout(handle_, busy_timeout_ms);
  if (!stop) return;
  sqlite3_progress_handler(
      handle_, instructions_between_looks,
      [](void* flag) { return static_cast<const std::atomic<bool>*>(flag)->load() ? 1 : 0; },
      const_cast<std::atomic<bool>*>(stop));
}

ReadConnection::~ReadConnection() { sqlite3_close(handle_); }

}  // namespace imgdedup::store
