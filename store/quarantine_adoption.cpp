// SPDX-License-Identifier: Apache-2.0
// Takes what lies in quarantine into the journal, by the notes beside the files.
#include "store/quarantine_adoption.h"

#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "posix/file_copy.h"
#include "posix/file_move.h"
#include "posix/test_hooks.h"
#include "store/hidden_file.h"
#include "store/sidecar.h"
#include "store/sqlite_rows.h"

namespace imgdedup::store {
namespace {

constexpr std::size_t page = 500;

bool has_left(MoveState state) {
  return state == MoveState::undone || state == MoveState::failed || state == MoveState::restored ||
         state == MoveState::purged;
}

// Two catalogs count from one each: the number alone says nothing.
bool is_same_move(const QuarantineEntry& a, const QuarantineEntry& b) {
  return a.content == b.content && a.original_path == b.original_path;
}

// A folder may be reached by two paths, and by two device numbers.
bool is_same_file(const matching::FileStamp& a, const matching::FileStamp& b) {
  return a.inode == b.inode && a.size_bytes == b.size_bytes && a.mtime_ns == b.mtime_ns &&
         a.ctime_ns == b.ctime_ns;
}

/// "q1-0123.jpg", 57 -> "q57-0123.jpg"
std::string renumbered(const std::string& name, DecisionId id) {
  return "q" + std::to_string(id) + name.substr(name.find_first_not_of("0123456789", 1));
}

std::optional<matching::FileStamp> stamp_at(const QuarantineEntry& entry) {
  try {
    return QuarantineDirectory(entry.quarantine_directory, QuarantineDirectory::IfMissing::fail)
        .stamp_of(entry.name);
  } catch (const std::system_error&) {
    return std::nullopt;
  }
}

std::string count_of_files(std::size_t count) {
  return count == 1 ? "1 file" : std::to_string(count) + " files";
}

}  // namespace

struct QuarantineAdoption::Folder {
  std::string path;
  QuarantineDirectory directory;
  std::set<std::string> without_note{};         ///< names that no note has named so far
  std::vector<QuarantineEntry> without_file{};  ///< notes of files that are not there
  std::size_t further_copies = 0;

  explicit Folder(const std::string& folder_path)
      : path(folder_path), directory(folder_path, QuarantineDirectory::IfMissing::fail) {}
};

// One file that cannot be looked at does not keep the others out.
template <typename Step>
void QuarantineAdoption::guarded(const std::string& path, Step step) {
  try {
    step();
  } catch (const std::system_error& error) {
    report_.problems.push_back(path + ": " + error.what());
  }
}

void QuarantineAdoption::adopt(const std::string& directory) try {
  Folder folder(directory);
  std::vector<DecisionId> notes;
  for (const std::string& name : folder.directory.names()) {
    const auto id = id_from_quarantine_name(name);
    if (!id) continue;
    report_.highest_id = std::max(report_.highest_id, *id);
    if (name == sidecar_name(*id))
      notes.push_back(*id);
    else if (name == sidecar_name(*id) + ".new")
      (void)folder.directory.remove(name);
    else if (name.ends_with(part_name("")))
      folder.directory.remove_unless_locked(name);
    else
      folder.without_note.insert(name);
  }
  for (const DecisionId id : notes)
    guarded(join_path(directory, sidecar_name(id)), [&] { look_at_note(folder, id); });
  if (!folder.without_file.empty()) remove_notes_left(folder);
  report_what_is_left(folder);
} catch (const std::system_error& error) {
  // What lies there is taken in at a later start; most often there is no such folder (yet).
  if (error.code().value() != ENOENT && error.code().value() != ENOTDIR)
    report_.problems.emplace_back(error.what());
}

void QuarantineAdoption::look_at_note(Folder& folder, DecisionId id) {
  const auto known = catalog_.quarantine_entry(id);
  // Where the journal says; the name has half of the content's digest. To read each note of very
  // many files takes seconds, at every start.
  if (known && known->state == MoveState::quarantined &&
      known->quarantine_directory == folder.path && folder.without_note.erase(known->name) > 0)
    return;
  const auto note = folder.directory.read_sidecar(id);
  if (!note) return;
  const auto stamp = folder.directory.stamp_of(note->name);
  const bool is_known = known && is_same_move(*known, *note);
  if (!stamp) {
    // Of a file that is back in its place, or gone for good.
    if (is_known && has_left(known->state))
      (void)folder.directory.remove(sidecar_name(id));
    else if (!is_known)
      folder.without_file.push_back(*note);
    return;
  }
  folder.without_note.erase(note->name);
  if (is_known)
    found_known(folder, *known, *note, *stamp);
  else if (!known && catalog_.adopt_quarantine_entry(*note))
    adopted(folder, *note, id);
  else
    conflicts_.emplace_back(folder.path, id);
}

void QuarantineAdoption::found_known(Folder& folder, const QuarantineEntry& known,
                                     const QuarantineEntry& note,
                                     const matching::FileStamp& stamp) {
  const bool is_in_place =
      known.quarantine_directory == note.quarantine_directory && known.name == note.name;
  const bool lies_in_quarantine =
      known.state == MoveState::quarantined || is_unfinished(known.state);
  if (is_in_place && lies_in_quarantine) return;
  if (!is_in_place) {
    if (const auto there = stamp_at(known)) {
      if (!is_same_file(*there, stamp)) ++folder.further_copies;
      return;
    }
  }
  {
    auto transaction = catalog_.begin(Durability::power);
    if (!is_in_place) catalog_.set_move_place(known.id, note.quarantine_directory, note.name);
    if (!lies_in_quarantine) {
      catalog_.set_move_state(known.id, MoveState::quarantined);
      catalog_.set_decision_state(known.id, matching::DecisionState::quarantined);
    }
    transaction->commit();
  }
  if (!lies_in_quarantine) {
    adopted(folder, note, note.id);
    return;
  }
  report_.found_elsewhere.push_back(known.id);
  has_found_unfinished_ = has_found_unfinished_ || is_unfinished(known.state);
}

void QuarantineAdoption::adopted(const Folder& folder, const QuarantineEntry& entry,
                                 DecisionId hidden_id) {
  report_.adopted.push_back(entry.id);
  guarded(entry.original_path, [&] { show_what_is_hidden(folder, entry, hidden_id); });
}

// A kill in the middle of renumber() leaves two notes of one file.
void QuarantineAdoption::remove_notes_left(const Folder& folder) {
  const auto mark_of = [](const QuarantineEntry& note) {
    return std::pair(note.moved_at_ns, to_hex(note.content) + note.original_path);
  };
  std::set<std::pair<std::int64_t, std::string>> with_file;
  for (const std::string& name : folder.directory.names()) {
    const auto id = id_from_quarantine_name(name);
    const auto note = id && name == sidecar_name(*id) ? folder.directory.read_sidecar(*id)
                                                      : std::optional<QuarantineEntry>();
    if (note && folder.directory.stamp_of(note->name)) with_file.insert(mark_of(*note));
  }
  for (const QuarantineEntry& note : folder.without_file)
    if (with_file.contains(mark_of(note)) && !folder.directory.stamp_of(note.name))
      (void)folder.directory.remove(sidecar_name(note.id));
}

void QuarantineAdoption::report_what_is_left(const Folder& folder) {
  std::vector<std::string> unknown;
  for (const std::string& name : folder.without_note) {
    const auto known = catalog_.quarantine_entry(*id_from_quarantine_name(name));
    if (!known || known->name != name) unknown.push_back(name);
  }
  if (!unknown.empty())
    report_.problems.push_back(
        folder.path + ": " + count_of_files(unknown.size()) +
        " without a readable note, so nobody knows where from; look at it, and move it out: " +
        unknown.front());
  if (folder.further_copies > 0)
    report_.problems.push_back(folder.path + ": " + count_of_files(folder.further_copies) +
                               " left alone, for quarantine has the same elsewhere");
}

bool QuarantineAdoption::is_listed(const QuarantineEntry& note) {
  const auto origin_of = [](const QuarantineEntry& entry) {
    return Origin(to_hex(entry.content), entry.original_path);
  };
  if (!listed_) {
    listed_.emplace();
    DecisionId after = 0;
    for (;;) {
      const auto entries = catalog_.quarantine_entries(MoveState::quarantined, after, page);
      for (const QuarantineEntry& entry : entries) listed_->emplace(origin_of(entry), entry);
      if (entries.size() < page) break;
      after = entries.back().id;
    }
  }
  const auto found = listed_->find(origin_of(note));
  return found != listed_->end() && stamp_at(found->second);
}

void QuarantineAdoption::renumber() {
  if (conflicts_.empty()) return;
  catalog_.reserve_decision_ids(report_.highest_id);
  for (const auto& [directory, id] : std::exchange(conflicts_, {}))
    guarded(join_path(directory, sidecar_name(id)),
            [&, &in = directory, number = id] { renumber(in, number); });
}

void QuarantineAdoption::renumber(const std::string& directory, DecisionId id) {
  Folder folder(directory);
  const auto note = folder.directory.read_sidecar(id);
  if (!note || !folder.directory.stamp_of(note->name)) return;
  if (is_listed(*note)) {
    folder.further_copies = 1;
    report_what_is_left(folder);
    return;
  }
  // Another service with a catalog of its own may be in the middle of moving it.
  const posix::Opened root = posix::open_root(place_of_(note->original_path).root_path);
  if (root && ::flock(root.descriptor.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    ++report_.waiting;
    return;
  }
  QuarantineEntry entry = *note;
  entry.id = catalog_.reserve_decision_id();
  entry.name = renumbered(note->name, entry.id);
  const auto attributes = folder.directory.read_attributes(id);
  folder.directory.write_sidecar(entry, attributes ? &*attributes : nullptr);
  folder.directory.sync();
  posix::test_point("renumber_noted");
  const int descriptor = folder.directory.descriptor();
  if (const int error = posix::rename_no_replace(descriptor, note->name, descriptor, entry.name)) {
    (void)folder.directory.remove(sidecar_name(entry.id));
    throw std::system_error(error, std::generic_category(),
                            "cannot take it into the catalog, for decision " + std::to_string(id) +
                                " is about another file, and cannot rename it");
  }
  posix::test_point("renumber_renamed");
  folder.directory.sync();
  (void)folder.directory.remove(sidecar_name(id));
  if (!catalog_.adopt_quarantine_entry(entry)) return;
  posix::test_point("renumber_adopted");
  if (listed_) listed_->insert_or_assign(Origin(to_hex(entry.content), entry.original_path), entry);
  adopted(folder, entry, id);
}

// The catalog that knew of its removal, or of its coming back, is lost.
void QuarantineAdoption::show_what_is_hidden(const Folder& folder, const QuarantineEntry& entry,
                                             DecisionId hidden_id) {
  const posix::Opened place =
      open_original_folder(place_of_(entry.original_path), entry.original_path);
  if (!place) return;
  const HiddenFile hidden(place.descriptor.get(),
                          std::string(split_path(entry.original_path).second), hidden_id);
  const auto stamp = hidden.stamp();
  if (!stamp) return;
  if (is_source_of(entry, stamp)) {
    (void)hidden.show();
    return;
  }
  // What is there of it on its way back goes: whole it lies in quarantine.
  const posix::Opened part =
      posix::open_file_beneath(place.descriptor.get(), hidden_name(hidden_id));
  const posix::UniqueDescriptor whole = folder.directory.open_file(entry.name);
  if (part && whole && ::flock(part.descriptor.get(), LOCK_EX | LOCK_NB) == 0 &&
      posix::begins_with_file_bytes(whole.get(), part.descriptor.get()) && hidden.remove() == 0)
    return;
  report_.problems.push_back(
      join_path(split_path(entry.original_path).first, hidden_name(hidden_id)) +
      ": neither the file that was moved to quarantine nor a part of it; look at it, and rename "
      "it");
}

}  // namespace imgdedup::store
