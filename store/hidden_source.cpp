// SPDX-License-Identifier: Apache-2.0
// A file that a broken-off move hid, found in whatever folder it is by now.
#include "store/hidden_source.h"

#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "store/hidden_file.h"
#include "store/sqlite_rows.h"

namespace imgdedup::store {
namespace {

// Takes the lock otherwise, until the descriptor is closed.
bool is_locked(int descriptor) {
  return ::flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

}  // namespace

HiddenSource show_hidden_source(Catalog& catalog, const WatchedPlace& place,
                                const std::string& path) {
  const auto [folder, name] = split_path(path);
  const auto id = id_from_hidden_name(name);
  if (!id) return HiddenSource::unknown;
  const posix::Opened directory = open_original_folder(place, path);
  const auto stamp = directory ? stamp_in(directory.descriptor.get(), std::string(name))
                               : std::optional<matching::FileStamp>();
  if (!stamp) return HiddenSource::waits;
  // Another service may be in the middle of a move, or of a restore.
  const posix::Opened root = posix::open_root(place.root_path);
  if (root && is_locked(root.descriptor.get())) return HiddenSource::waits;
  const posix::Opened file = posix::open_file_beneath(directory.descriptor.get(), name);
  if (file && is_locked(file.descriptor.get())) return HiddenSource::waits;
  const auto entry = catalog.quarantine_entry(*id);
  if (!entry || !is_source_of(*entry, stamp)) {
    const bool is_being_restored = entry && entry->state == MoveState::restoring;
    return is_being_restored ? HiddenSource::waits : HiddenSource::unknown;
  }
  const auto [original_folder, original_name] = split_path(entry->original_path);
  if (is_unfinished(entry->state) && folder == original_folder) return HiddenSource::waits;
  const HiddenFile hidden(directory.descriptor.get(), std::string(original_name), *id);
  if (!hidden.show()) return HiddenSource::waits;
  (void)::fsync(directory.descriptor.get());
  return HiddenSource::shown;
}

}  // namespace imgdedup::store
