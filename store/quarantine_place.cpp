// SPDX-License-Identifier: Apache-2.0
// Whether a quarantine folder is the one that it was.
#include "store/quarantine_place.h"

#include "posix/file_status.h"
#include "posix/mount_info.h"
#include "posix/safe_open.h"
#include "store/hidden_file.h"
#include "store/sqlite_rows.h"

namespace imgdedup::store {
namespace {

constexpr std::size_t sampled_entries = 50;
constexpr std::size_t page = 500;

}  // namespace

bool is_quarantine_in_place(Catalog& catalog, const std::string& path) {
  const auto known = catalog.root_identity(path);
  if (!known) return true;
  const posix::Opened folder = posix::open_root(path);
  const posix::Opened nearest =
      folder ? posix::Opened{} : posix::open_root(std::string(split_path(path).first));
  if (!folder && !nearest) return false;
  const int descriptor = folder ? folder.descriptor.get() : nearest.descriptor.get();
  if (posix::file_system_of(descriptor).id == known->filesystem_id) return true;

  std::size_t asked = 0;
  DecisionId after = 0;
  for (;;) {
    const auto entries = catalog.quarantine_entries(MoveState::quarantined, after, page);
    for (const QuarantineEntry& entry : entries) {
      if (entry.quarantine_directory != path) continue;
      if (folder && stamp_in(descriptor, entry.name)) return true;
      if (++asked == sampled_entries) return false;
    }
    if (entries.size() < page) return asked == 0;
    after = entries.back().id;
  }
}

void remember_quarantine_place(Catalog& catalog, const std::string& path, int descriptor) {
  const RootIdentity now{posix::file_system_of(descriptor).id, posix::status_of(descriptor).inode};
  if (catalog.root_identity(path) != now) catalog.set_root_identity(path, now);
}

}  // namespace imgdedup::store
