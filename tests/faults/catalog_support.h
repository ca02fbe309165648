// SPDX-License-Identifier: Apache-2.0
// What the tests of the catalog's faults share.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "faults/fault_support.h"

struct sqlite3;

namespace imgdedup::testing {

/// A connection of another program to a catalog.
class OtherProgram {
 public:
  explicit OtherProgram(const std::filesystem::path& path);
  ~OtherProgram();
  OtherProgram(const OtherProgram&) = delete;
  OtherProgram& operator=(const OtherProgram&) = delete;
  /// Throws std::runtime_error with SQLite's message.
  void run(const std::string& sql);
  /// The first column of the first row; 0 when there is none.
  std::int64_t integer(const std::string& sql);
  std::string text(const std::string& sql);

 private:
  sqlite3* handle_ = nullptr;
};

/// What lies beside the catalog and begins with its name and `infix`, sorted.
std::vector<std::filesystem::path> beside_catalog(const std::filesystem::path& catalog,
                                                  const std::string& infix);

/// Flips all bits of `size` bytes from `offset` on, as far as the file goes.
void flip_bytes(const std::filesystem::path& path, std::uint64_t offset, std::size_t size);

/// Rewrites the settings of a service, so that its catalog lies there.
void put_catalog_at(Service& service, const std::filesystem::path& catalog);

/// The reasons of `status` for being degraded that begin with `word`.
std::vector<std::string> troubles(Service& service, const std::string& word);

std::string photo(std::uint64_t seed, int quality = 90);

/// Milliseconds that a `status` takes, trying again while the socket changes hands.
double status_milliseconds(Service& service);

}  // namespace imgdedup::testing
