// SPDX-License-Identifier: Apache-2.0
// Whether a catalog's file is sound; and putting one aside that is not.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

struct sqlite3;

namespace imgdedup::store {

enum class CheckDepth : std::uint8_t {
  quick,  ///< every page is read; indexes are not held against their tables
  full,   ///< and they are
};

/// What SQLite finds wrong, in its words; "" when nothing is. Throws StoreError, CatalogDamaged
/// among them.
std::string find_damage(sqlite3* database, CheckDepth depth);

/// The full check of the catalog of a running service, on any thread; "" when it is sound or
/// `stop` became true meanwhile. Throws StoreError when it could not be carried out.
std::string find_damage_while_running(const std::string& catalog, const std::atomic<bool>& stop);

/// Why the last run took the catalog to be damaged.
struct Suspicion {
  bool is_about_a_row = false;  ///< which no check finds
  std::string why;
};
/// Remembered beside the catalog until it has been looked into. Does not throw.
void write_suspicion(const std::string& catalog, const Suspicion& suspicion) noexcept;
std::optional<Suspicion> read_suspicion(const std::string& catalog);
void clear_suspicion(const std::string& catalog);

/// Renames the catalog and what SQLite keeps beside it, of which any may be missing; its new name.
/// No connection to it is open. Throws std::system_error.
std::string set_catalog_aside(const std::string& catalog);

}  // namespace imgdedup::store
