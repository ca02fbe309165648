// SPDX-License-Identifier: Apache-2.0
// The real store, quarantine, library, policy and log over real folders, without processes.
#include "faults/random_store.h"

#include <unistd.h>

#include <fstream>
#include <iterator>
#include <map>

#include "daemon/directory_comparison.h"
#include "daemon/file_access.h"
#include "daemon/missing_files.h"
#include "posix/safe_open.h"

namespace imgdedup::testing {
namespace {

namespace fs = std::filesystem;
using matching::DecisionState;

std::string bytes_of(int descriptor) {
  std::string bytes(1 << 12, '\0');
  const ssize_t size = ::pread(descriptor, bytes.data(), bytes.size(), 0);
  bytes.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return bytes;
}

}  // namespace

std::optional<std::string> bytes_at(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

RandomStore::RandomStore(const StoreSettings& settings)
    : policy_(settings.policy),
      catalog_(settings.catalog),
      roots_(settings.roots),
      index_(catalog_, matching::HashKind::phash),
      library_(catalog_, index_),
      publisher_(loop_, catalog_, settings.log,
                 {[](const store::CatalogDecision&) {}, [](const std::string&) {}}) {
  for (daemon::Root& root : roots_.all()) root.mode = daemon::RootMode::polling;
  roots_.remember_quarantine_directories(catalog_.quarantine_directories());
  recovered_ = store::recover_quarantine(catalog_, roots_.quarantine_directories());
  catalog_.reserve_decision_ids(recovered_.highest_id);
  while (index_.load_page()) {
  }
  publisher_.start();
}

matching::Fingerprint RandomStore::fingerprint(const std::string& bytes) {
  matching::Fingerprint result;
  const std::uint64_t hash = std::hash<std::string>()(bytes);
  for (std::size_t i = 0; i < 8; ++i)
    result.content_digest.bytes[i] = static_cast<std::uint8_t>(hash >> 8 * i);
  result.size_bytes = bytes.size();
  result.width_pixels = result.height_pixels = 100;
  result.hashes = {{hash}, {hash * 3}, {hash * 5}, {hash * 7}};
  result.reduced_picture_digest = hash;
  result.detail = 50;
  return result;
}

matching::ImageRecord RandomStore::record(const store::CatalogFile& file,
                                          const matching::Fingerprint& print) const {
  const daemon::Root* root = roots_.holding(file.path);
  matching::ImageRecord record;
  record.file_id = file.id;
  record.path = file.path;
  record.stamp = file.stamp;
  record.hard_links = file.hard_links;
  record.is_protected = root && root->settings.protect;
  record.fingerprint = print;
  return record;
}

void RandomStore::compare() {
  daemon::MissingFiles missing(library_, roots_);
  for (const daemon::Root& root : roots_.all()) {
    const std::string& top = root.settings.path;
    std::set<std::string> listed;
    std::vector<std::string> to_list{""};
    while (!to_list.empty()) {
      const std::string relative = to_list.back();
      to_list.pop_back();
      listed.insert(daemon::absolute_path(top, relative));
      auto scan = daemon::scan_directory(
          {top, relative, root.filter, true, roots_.quarantine_directories()});
      for (const auto& child : scan.directories)
        to_list.push_back(daemon::join_relative(relative, child.name));
      daemon::DirectoryComparison comparison(
          library_, daemon::absolute_path(top, relative), std::move(scan.files),
          [&](const store::CatalogFile& file) { missing.add(file); },
          [&](const std::string& path, const matching::FileStamp& stamp) {
            return daemon::names_inode(roots_, path, stamp);
          });
      while (comparison.step()) {
      }
    }
    for (const std::string& directory : catalog_.directories_below(top))
      if (!listed.contains(directory)) missing.add_directory(directory);
  }
  for (int turns = 0; !missing.empty() && turns < 1000; ++turns)
    missing.settle_slice({[](const std::string&) {}, [](store::FileId) { return false; }});
}

// What intake and judge do with one waiting file.
void RandomStore::judge(const store::CatalogFile& waiting) {
  const daemon::OpenedFile opened = daemon::open_file(roots_, waiting.path);
  if (opened.error != 0 || opened.stamp != waiting.stamp) {
    // It has changed since it was listed.
    if (opened.error != 0)
      library_.file_gone(waiting);
    else
      library_.file_changed(waiting, opened.stamp, opened.hard_links);
    return;
  }
  const auto print = fingerprint(bytes_of(opened.descriptor.get()));
  library_.in_transaction([&] {
    store::CatalogFile file = waiting;
    const auto old = file.content_id ? catalog_.content(*file.content_id) : std::nullopt;
    const bool is_same = old && old->fingerprint.content_digest == print.content_digest;
    const auto standing = catalog_.standing_decision_on(file.id);
    if (is_same && standing &&
        (standing->action != matching::Action::quarantine || file.hard_links <= 1)) {
      library_.unchanged(file);
      return;
    }
    const auto content = catalog_.add_content(print);
    if (file.content_id && *file.content_id != content) file = library_.content_changed(file);
    std::vector<matching::Candidate> candidates;
    if (!file.restored)
      for (const auto& original : catalog_.originals_with_content(content))
        if (original.id != file.id && !matching::same_inode(original.stamp, file.stamp))
          candidates.push_back({record(original, print), std::nullopt, false});
    const auto verdict = decide(record(file, print), candidates, policy_);
    if (verdict.duplicate) {
      (void)library_.judged_duplicate(file, content, *verdict.duplicate, daemon::wall_clock_ns());
      return;
    }
    library_.judged_original(file, content);
    library_.judge_again(verdict.displaced_file_ids);
  });
}

void RandomStore::judge_all() {
  for (int turns = 0; turns < 100'000; ++turns) {
    const auto waiting = catalog_.pending_files(store::before_all_pending, 1);
    if (waiting.empty()) return;
    judge(waiting[0].file);
  }
  throw std::runtime_error("the judging does not end");
}

bool RandomStore::keeper_stands(const store::CatalogDecision& decision) const {
  auto& catalog = const_cast<store::SqliteCatalog&>(catalog_);
  const auto original = catalog.file(decision.original_file_id);
  if (!original || original->state != matching::FileState::judged ||
      original->role != store::FileRole::original)
    return false;
  const daemon::OpenedFile keeper = daemon::open_file(roots_, original->path);
  return keeper.error == 0 && keeper.stamp == original->stamp &&
         fingerprint(bytes_of(keeper.descriptor.get())).content_digest == decision.original_content;
}

// What the mover does with one decision, with the same questions in the same order.
bool RandomStore::move(const store::CatalogDecision& decision, const Meanwhile& meanwhile) {
  const auto file = catalog_.file(decision.file_id);
  const auto original = catalog_.file(decision.original_file_id);
  const daemon::Root* root = file ? roots_.holding(file->path) : nullptr;
  if (!file || !original || !root || root->settings.protect ||
      file->state != matching::FileState::judged ||
      matching::same_inode(file->stamp, original->stamp))
    return false;
  const daemon::Root* keeper_root = roots_.holding(original->path);
  store::QuarantineMove move(
      catalog_, {decision.id, file->id, root->settings.path, file->path, root->settings.quarantine,
                 file->stamp, decision.content, original->path, decision.relation,
                 keeper_root ? keeper_root->settings.path : "",
                 root->settings.has_own_quarantine() ? store::AcrossMounts::copy
                                                     : store::AcrossMounts::refuse,
                 original->stamp});
  if (move.prepare()) return false;
  meanwhile();
  const auto is_as_judged = [&](const posix::UniqueDescriptor& opened) {
    return fingerprint(bytes_of(opened.get())).content_digest == decision.content;
  };
  if (!keeper_stands(decision) || !is_as_judged(move.duplicate_descriptor())) return false;
  meanwhile();
  if (move.take(daemon::wall_clock_ns())) return false;
  meanwhile();
  if (move.needs_copy()) {
    move.transfer()->run();
    meanwhile();
    if (!move.transfer()->failure() &&
        (!is_as_judged(move.transfer()->open_copy()) || !keeper_stands(decision)))
      return false;
  }
  if (move.needs_second_digest() && !is_as_judged(move.duplicate_descriptor())) return false;
  return !move.finish();
}

std::size_t RandomStore::settle(const Meanwhile& meanwhile) {
  std::size_t moved = 0;
  // What changes meanwhile is looked at in the next round, in which nothing does.
  for (int round = 0; round < 3; ++round) {
    compare();
    judge_all();
    const std::size_t moved_before = moved;
    std::set<store::DecisionId> tried;
    for (bool has_more = true; has_more;) {
      has_more = false;
      for (const auto& decision : catalog_.decisions_to_carry_out(0, 1000)) {
        if (!tried.insert(decision.id).second) continue;
        has_more = true;
        const auto now = catalog_.decision(decision.id);
        if (!now || now->state != DecisionState::standing) continue;
        if (move(*now, round == 0 ? meanwhile : Meanwhile([] {}))) ++moved;
      }
    }
    if (tried.empty() || (round > 0 && moved == moved_before)) break;
  }
  publisher_.flush();
  return moved;
}

std::vector<store::QuarantineEntry> RandomStore::quarantined() {
  return catalog_.quarantine_entries(store::MoveState::quarantined, 0, 100'000);
}

bool RandomStore::restore(const store::QuarantineEntry& entry) {
  const daemon::Root* root = roots_.holding(entry.original_path);
  if (store::restore_from_quarantine(catalog_, entry, root ? root->settings.path : ""))
    return false;
  const daemon::OpenedFile file = daemon::open_file(roots_, entry.original_path);
  if (file.error != 0) return true;
  library_.in_transaction([&] {
    if (const auto old = catalog_.file_at(entry.original_path)) library_.file_gone(*old);
    if (!catalog_.files_with_inode(file.stamp.device, file.stamp.inode).empty()) return;
    library_.found_file(entry.original_path, file.stamp, file.hard_links);
    if (const auto row = catalog_.file_at(entry.original_path))
      catalog_.set_restored(row->id, true);
  });
  return true;
}

bool RandomStore::purge(const store::QuarantineEntry& entry) {
  const auto content = catalog_.content_with_digest(entry.content);
  bool has_copy = false;
  if (content)
    for (const auto& file : catalog_.files_with_content(*content)) {
      const daemon::OpenedFile copy = daemon::open_file(roots_, file.path);
      has_copy = has_copy || (copy.error == 0 && copy.stamp == file.stamp);
    }
  return has_copy && !store::purge_from_quarantine(catalog_, entry);
}

}  // namespace imgdedup::testing
