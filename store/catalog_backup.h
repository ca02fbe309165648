// SPDX-License-Identifier: Apache-2.0
// Copies of the catalog, made while it is used.
#pragma once

#include <atomic>
#include <string>

struct sqlite3;

namespace imgdedup::store {

/// Copies the open database page by page (https://www.sqlite.org/backup.html) into `target`, which
/// afterwards is whole, checked and synced, or what it was before. False when `*stop` became true
/// meanwhile. Throws StoreError, std::system_error.
bool copy_database(sqlite3* source, const std::string& target,
                   const std::atomic<bool>* stop = nullptr);

/// The same for the catalog of a running service, as it is at one moment, on any thread. Writers go
/// on meanwhile; the -wal keeps what they write.
bool back_up_while_running(const std::string& catalog, const std::string& target,
                           const std::atomic<bool>& stop);

}  // namespace imgdedup::store
