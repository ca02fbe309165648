// SPDX-License-Identifier: Apache-2.0
// Out of quarantine: restored by its owner, or deleted for good.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "posix/file_move.h"
#include "posix/safe_open.h"
#include "posix/test_hooks.h"
#include "store/quarantine.h"
#include "store/quarantine_directory.h"
#include "store/sidecar.h"
#include "store/sqlite_rows.h"

namespace imgdedup::store {
namespace {

MoveProblem refused(const std::string& message) { return {MoveProblem::Kind::refused, message}; }

/// Opens `relative` below `root`, making what is missing on the way.
posix::Opened open_or_make_directory(int root, std::string_view relative) {
  posix::Opened opened = posix::open_directory_beneath(root, relative);
  if (opened || opened.error != ENOENT) return opened;
  const auto [parent, name] = split_path(relative);
  posix::Opened above = open_or_make_directory(root, parent);
  if (!above) return above;
  if (::mkdirat(above.descriptor.get(), std::string(name).c_str(), 0700) != 0 && errno != EEXIST)
    return {{}, errno};
  posix::Opened made = posix::open_directory_beneath(above.descriptor.get(), name);
  // Whoever could enter the folder above can enter this one too.
  struct stat status {};
  if (made && ::fstat(above.descriptor.get(), &status) == 0)
    (void)::fchmod(made.descriptor.get(), status.st_mode & 07777);
  return made;
}

void end_entry(Catalog& catalog, DecisionId id, MoveState move, matching::DecisionState decision) {
  auto transaction = catalog.begin(Durability::power);
  catalog.set_move_state(id, move);
  catalog.set_decision_state(id, decision);
  transaction->commit();
}

}  // namespace

std::optional<MoveProblem> restore_from_quarantine(Catalog& catalog, const QuarantineEntry& entry,
                                                   const std::string& root_path) try {
  const std::string what = "cannot restore " + entry.original_path + ": ";
  const QuarantineDirectory quarantine(entry.quarantine_directory,
                                       QuarantineDirectory::IfMissing::fail);
  if (!quarantine.stamp_of(entry.name))
    return refused(what + quarantine_path(entry) + " is not there any more");

  const auto [directory, name] = split_path(entry.original_path);
  posix::Opened target;
  if (root_path.empty()) {
    target = posix::open_root(directory);
  } else {
    const posix::Opened root = posix::open_root(root_path);
    if (!root) return refused(what + root_path + ": " + std::strerror(root.error));
    target = open_or_make_directory(root.descriptor.get(), path_below(root_path, directory));
  }
  if (!target) return refused(what + "its folder: " + std::strerror(target.error));

  const int error = posix::rename_no_replace(quarantine.descriptor(), entry.name,
                                             target.descriptor.get(), std::string(name));
  if (error == EEXIST)
    return refused(what + "something else lies there by now; move that away first");
  if (error != 0) return refused(what + std::strerror(error));
  posix::test_point("restore_after_rename");
  // It is back, whatever a sync says: after a loss of power the next start looks at both places.
  (void)::fsync(target.descriptor.get());
  (void)::fsync(quarantine.descriptor());
  end_entry(catalog, entry.id, MoveState::restored, matching::DecisionState::restored);
  (void)quarantine.remove(sidecar_name(entry.id));
  return std::nullopt;
} catch (const std::system_error& error) {
  return refused("cannot restore " + entry.original_path + ": " + error.what());
}

// The row is ended first: a file that outlives its row is adopted again at the next start, while a
// row that outlives its file would be a loss to report.
std::optional<MoveProblem> purge_from_quarantine(Catalog& catalog,
                                                 const QuarantineEntry& entry) try {
  const QuarantineDirectory quarantine(entry.quarantine_directory,
                                       QuarantineDirectory::IfMissing::fail);
  end_entry(catalog, entry.id, MoveState::purged, matching::DecisionState::purged);
  posix::test_point("purge_after_commit");
  if (const int error = quarantine.remove(entry.name)) {
    end_entry(catalog, entry.id, MoveState::quarantined, matching::DecisionState::quarantined);
    return refused("cannot delete " + quarantine_path(entry) + ": " + std::strerror(error));
  }
  (void)quarantine.remove(sidecar_name(entry.id));
  return std::nullopt;
} catch (const std::system_error& error) {
  return refused("cannot delete " + quarantine_path(entry) + ": " + error.what());
}

}  // namespace imgdedup::store
