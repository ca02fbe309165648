// SPDX-License-Identifier: Apache-2.0
// Makes the journal and the disk agree after whatever ended the last run.
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <system_error>

#include "posix/file_move.h"
#include "posix/file_status.h"
#include "posix/safe_open.h"
#include "posix/test_hooks.h"
#include "store/quarantine.h"
#include "store/quarantine_adoption.h"
#include "store/quarantine_copies.h"
#include "store/quarantine_directory.h"
#include "store/quarantine_place.h"
#include "store/sidecar.h"
#include "store/sqlite_rows.h"

namespace imgdedup::store {
namespace {

constexpr std::size_t page = 500;

// Device numbers may differ after a restart of the machine, and inodes where it was copied.
bool is_same_file(const matching::FileStamp& a, const matching::FileStamp& b) {
  return a.size_bytes == b.size_bytes && a.mtime_ns == b.mtime_ns;
}

std::optional<QuarantineDirectory> open_quarantine(const std::string& path) {
  try {
    return std::optional<QuarantineDirectory>(std::in_place, path,
                                              QuarantineDirectory::IfMissing::fail);
  } catch (const std::system_error&) {
    return std::nullopt;
  }
}

std::string why_kept(const QuarantineEntry& entry, int error) {
  const std::string restore = "`imgdedupctl quarantine restore " + std::to_string(entry.id) + "`";
  std::string why = std::strerror(error);
  std::string advice = "mend that, then " + restore;
  if (error == EEXIST) {
    why = "another file has its name by now";
    advice = "move that one away, then " + restore;
  } else if (error == ELOOP) {
    why = "a link lies where its folder was, and links are not followed";
    advice = "put the folder in its place, then " + restore;
  } else if (error == ENOENT) {
    why = "its folder is gone";
    advice = restore + " makes it again";
  }
  return "cannot put " + entry.original_path + " back, whose move was broken off: " + why +
         ". It lies in quarantine; " + advice;
}

struct FoundFile {
  matching::FileStamp stamp;
  std::uint64_t hard_links = 1;
};

std::optional<FoundFile> find_at_original_path(const QuarantineEntry& entry,
                                               const WatchedPlace& place) {
  const posix::Opened parent = open_original_folder(place, entry.original_path);
  if (!parent) return std::nullopt;
  const posix::Opened file =
      posix::open_file_beneath(parent.descriptor.get(), split_path(entry.original_path).second);
  if (!file) return std::nullopt;
  const auto status = posix::status_of(file.descriptor.get());
  const FoundFile found{
      {status.device, status.inode, status.size_bytes, status.mtime_ns, status.ctime_ns},
      status.hard_links};
  if (!is_same_file(found.stamp, entry.stamp)) return std::nullopt;
  return found;
}

class Recovery {
 public:
  Recovery(Catalog& catalog, const PlaceOf& place_of) : catalog_(catalog), place_of_(place_of) {}

  void finish_intents() {
    report_.waiting = 0;
    for_each_entry(MoveState::intent, [&](const QuarantineEntry& entry) { finish_intent(entry); });
    for (const MoveState state : {MoveState::copying, MoveState::copied, MoveState::restoring})
      for_each_entry(state, [&](const QuarantineEntry& entry) { finish_copy(entry); });
  }

  void finish(DecisionId id) {
    const auto entry = catalog_.quarantine_entry(id);
    if (!entry || !is_unfinished(entry->state)) return;
    if (entry->state == MoveState::intent)
      finish_intent(*entry);
    else
      finish_copy(*entry);
  }

  void check_quarantined() {
    for_each_entry(MoveState::quarantined, [&](const QuarantineEntry& entry) {
      const auto quarantine = open_quarantine(entry.quarantine_directory);
      // A folder that cannot be opened may be one that is not mounted now.
      if (!quarantine || quarantine->stamp_of(entry.name)) return;
      if (!is_in_place(entry.quarantine_directory)) return;
      if (const auto found = find_at_original_path(entry, place_of_(entry.original_path))) {
        welcome_back(entry, *found);
        (void)quarantine->remove(sidecar_name(entry.id));
      } else {
        end(entry.id, MoveState::lost, matching::DecisionState::superseded);
        report_.lost.push_back(entry.id);
      }
    });
  }

  void adopt(const std::vector<std::string>& directories) {
    QuarantineAdoption adoption(catalog_, place_of_, report_);
    for (const std::string& directory : directories) adoption.adopt(directory);
    adoption.renumber();
    if (adoption.has_found_unfinished()) finish_intents();
  }

  RecoveryReport take_report() { return std::move(report_); }

 private:
  bool is_in_place(const std::string& directory) {
    const auto known = in_place_.find(directory);
    if (known != in_place_.end()) return known->second;
    const bool is_there = is_quarantine_in_place(catalog_, directory);
    if (!is_there)
      report_.problems.push_back(directory +
                                 ": not the folder that was there before: is its file system "
                                 "mounted?");
    return in_place_[directory] = is_there;
  }

  // One entry that cannot be looked at keeps its state; the others do not wait for it.
  template <typename Step>
  void guarded(const std::string& path, Step step) {
    try {
      step();
    } catch (const std::system_error& error) {
      report_.problems.push_back(path + ": " + error.what());
    }
  }

  template <typename Visit>
  void for_each_entry(MoveState state, Visit visit) {
    DecisionId after = 0;
    for (;;) {
      const auto entries = catalog_.quarantine_entries(state, after, page);
      for (const QuarantineEntry& entry : entries)
        guarded(quarantine_path(entry), [&] { visit(entry); });
      if (entries.size() < page) return;
      after = entries.back().id;
    }
  }

  void end(DecisionId id, MoveState move, matching::DecisionState decision) {
    auto transaction = catalog_.begin(Durability::power);
    catalog_.set_move_state(id, move);
    catalog_.set_decision_state(id, decision);
    transaction->commit();
  }

  // A restore is not judged again until the file changes, also when a crash ended it.
  void welcome_back(const QuarantineEntry& entry, const FoundFile& found) {
    auto transaction = catalog_.begin(Durability::power);
    catalog_.set_move_state(entry.id, MoveState::restored);
    catalog_.set_decision_state(entry.id, matching::DecisionState::restored);
    if (!catalog_.file_at(entry.original_path) &&
        catalog_.files_with_inode(found.stamp.device, found.stamp.inode).empty()) {
      const FileId id = catalog_.add_file(entry.original_path, found.stamp, found.hard_links,
                                          matching::FileState::pending);
      catalog_.set_restored(id, true);
    }
    transaction->commit();
  }

  void finish_copy(const QuarantineEntry& entry) {
    switch (end_copy(catalog_, entry, place_of_(entry.original_path))) {
      case CopyEnd::undone:
        report_.undone.push_back(entry.id);
        return;
      case CopyEnd::quarantined:
        return;
      case CopyEnd::restored:
        if (const auto found = find_at_original_path(entry, place_of_(entry.original_path))) {
          welcome_back(entry, *found);
        } else {
          end(entry.id, MoveState::restored, matching::DecisionState::restored);
        }
        report_.restored.push_back(entry.id);
        return;
      case CopyEnd::lost:
        end(entry.id, MoveState::lost, matching::DecisionState::superseded);
        report_.lost.push_back(entry.id);
        return;
      case CopyEnd::waits:
        ++report_.waiting;
        return;
    }
  }

  // What was taken may not have been verified any more, so it goes back to where it was and is
  // judged again.
  void finish_intent(const QuarantineEntry& entry) {
    const auto quarantine = open_quarantine(entry.quarantine_directory);
    const bool is_taken = quarantine && quarantine->stamp_of(entry.name);
    if (!is_taken) {
      // Both may be on a file system that is not mounted now.
      if (!quarantine && !find_at_original_path(entry, place_of_(entry.original_path))) return;
      if (quarantine) (void)quarantine->remove(sidecar_name(entry.id));
      catalog_.set_move_state(entry.id, MoveState::undone);
      return;
    }
    const auto [directory, name] = split_path(entry.original_path);
    const posix::Opened parent =
        open_original_folder(place_of_(entry.original_path), entry.original_path);
    const int error = parent ? posix::rename_no_replace(quarantine->descriptor(), entry.name,
                                                        parent.descriptor.get(), std::string(name))
                             : parent.error;
    if (error == 0) {
      posix::test_point("recovery_step");
      quarantine->sync();
      if (::fsync(parent.descriptor.get()) != 0)
        throw std::system_error(errno, std::generic_category(),
                                "cannot sync " + std::string(directory));
      catalog_.set_move_state(entry.id, MoveState::undone);
      (void)quarantine->remove(sidecar_name(entry.id));
      report_.undone.push_back(entry.id);
      return;
    }
    try {
      if (!quarantine->read_sidecar(entry.id)) quarantine->write_sidecar(entry);
    } catch (const std::system_error&) {
      // A file system that is read-only now; the journal knows the file.
    }
    end(entry.id, MoveState::quarantined, matching::DecisionState::quarantined);
    report_.kept.push_back(entry.id);
    report_.problems.push_back(why_kept(entry, error));
  }

  Catalog& catalog_;
  const PlaceOf& place_of_;
  RecoveryReport report_;
  std::map<std::string, bool> in_place_;
};

}  // namespace

void end_broken_off_move(Catalog& catalog, DecisionId id, const PlaceOf& place_of) {
  Recovery(catalog, place_of).finish(id);
}

RecoveryReport recover_quarantine(Catalog& catalog,
                                  const std::vector<std::string>& quarantine_directories,
                                  const PlaceOf& place_of) {
  Recovery recovery(catalog, place_of);
  recovery.finish_intents();
  recovery.adopt(quarantine_directories);
  recovery.check_quarantined();
  return recovery.take_report();
}

}  // namespace imgdedup::store
