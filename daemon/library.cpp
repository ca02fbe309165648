// SPDX-License-Identifier: Apache-2.0
// The catalog and the indexes in step.
#include "daemon/library.h"

#include <algorithm>

namespace imgdedup::daemon {

using matching::DecisionState;
using matching::FileState;
using store::CatalogFile;
using store::FileRole;

void Library::in_transaction(const std::function<void()>& change) {
  if (in_transaction_) {
    change();
    return;
  }
  struct Scope {
    bool& flag;
    explicit Scope(bool& active) : flag(active) { flag = true; }
    ~Scope() { flag = false; }
  } scope(in_transaction_);
  auto transaction = catalog_.begin(store::Durability::process);
  change();
  transaction->commit();
}

std::optional<store::CatalogContent> Library::content_of(const CatalogFile& file) {
  return file.content_id ? catalog_.content(*file.content_id) : std::nullopt;
}

// A commit that fails ends the service, so the indexes may run ahead of it.
void Library::refresh_index(const std::optional<store::CatalogContent>& content) {
  if (!content) return;
  index_.refresh(*content);
  if (features_) features_->refresh(content->id, index_.holds(content->id));
  if (embeddings_) embeddings_->refresh(content->id, index_.holds(content->id));
}

void Library::found_file(std::string_view path, const matching::FileStamp& stamp,
                         std::uint64_t hard_links) {
  in_transaction([&] { catalog_.add_file(path, stamp, hard_links, FileState::pending); });
}

void Library::found_alias(std::string_view path, const matching::FileStamp& stamp,
                          std::uint64_t hard_links) {
  in_transaction([&] { catalog_.add_file(path, stamp, hard_links, FileState::alias); });
}

CatalogFile Library::stand_under(const CatalogFile& file, const CatalogFile& alias) {
  CatalogFile renamed = file;
  in_transaction([&] { catalog_.exchange_paths(file.id, alias.id); });
  renamed.path = alias.path;
  return renamed;
}

void Library::wait_again(const CatalogFile& file, store::QueuePlace place) {
  const auto content = content_of(file);
  catalog_.mark_pending(file.id, file.stamp, file.hard_links, place);
  if (place == store::QueuePlace::first) on_judged_again_();
  refresh_index(content);
}

std::optional<CatalogFile> Library::alias_of(const CatalogFile& file) {
  return catalog_.one_with_inode(file.stamp.device, file.stamp.inode, store::InodeRow::alias,
                                 file.id);
}

void Library::file_changed(const CatalogFile& file, const matching::FileStamp& stamp,
                           std::uint64_t hard_links) {
  in_transaction([&] {
    // The names that were left with the old inode need a row that stands for it.
    if (file.state != FileState::alias && !matching::same_inode(file.stamp, stamp)) {
      if (const auto other = alias_of(file)) wait_again(*other, store::QueuePlace::first);
    }
    CatalogFile seen = file;
    seen.stamp = stamp;
    seen.hard_links = hard_links;
    wait_again(seen, store::QueuePlace::last);
  });
}

std::optional<CatalogFile> Library::file_moved(const CatalogFile& file, std::string_view path,
                                               const matching::FileStamp& stamp,
                                               std::uint64_t hard_links) {
  std::optional<CatalogFile> displaced;
  in_transaction([&] {
    const auto other = catalog_.file_at(path);
    if (!other || other->id == file.id) {
      catalog_.move_file(file.id, path);
    } else if (other->state == FileState::alias) {
      file_gone(*other);
      catalog_.move_file(file.id, path);
    } else {
      catalog_.exchange_paths(file.id, other->id);
      displaced = catalog_.file(other->id);
    }
    catalog_.set_stamp(file.id, stamp, hard_links);
  });
  return displaced;
}

void Library::file_gone(const CatalogFile& file) {
  in_transaction([&] {
    if (file.state != FileState::alias) {
      if (const auto other = alias_of(file)) {
        catalog_.remove_file(other->id);
        catalog_.move_file(file.id, other->path);
        return;
      }
      retire(file, DecisionState::superseded);
    }
    const auto content = content_of(file);
    catalog_.remove_file(file.id);
    refresh_index(content);
  });
}

void Library::end_decision_on(const CatalogFile& file) {
  if (const auto decision = catalog_.standing_decision_on(file.id))
    catalog_.set_decision_state(decision->id, DecisionState::superseded);
}

// Ends the decision on the file, and those against it: the files they were about wait to be judged
// anew, in the order of their ids. Each goes before all others, so the last is put there first.
void Library::retire(const CatalogFile& file, DecisionState why) {
  if (const auto decision = catalog_.standing_decision_on(file.id))
    catalog_.set_decision_state(decision->id, why);
  // Each is put before the one put before it, so from the youngest to the oldest.
  auto decisions = catalog_.standing_decisions_against(file.id);
  std::sort(decisions.begin(), decisions.end(),
            [](const auto& a, const auto& b) { return a.file_id > b.file_id; });
  for (const auto& decision : decisions) {
    catalog_.set_decision_state(decision.id, DecisionState::superseded);
    if (const auto duplicate = catalog_.file(decision.file_id))
      wait_again(*duplicate, store::QueuePlace::first);
  }
}

std::optional<store::ContentId> Library::contradicted_by(
    const matching::Measurement& measurement) const {
  const auto id = catalog_.content_with_digest(measurement.fingerprint.content_digest);
  const auto known = id ? catalog_.content(*id) : std::nullopt;
  if (known && known->is_current() && known->fingerprint != measurement.fingerprint) return id;
  return std::nullopt;
}

bool Library::contradicts(const matching::Measurement& measurement) const {
  return contradicted_by(measurement).has_value();
}

Library::Learnt Library::learn(const matching::Measurement& measurement) {
  Learnt learnt;
  in_transaction([&] {
    const auto known = contradicted_by(measurement);
    learnt.has_corrected = known.has_value();
    if (known) {
      for (const CatalogFile& file : catalog_.files_with_content(*known)) {
        retire(file, DecisionState::superseded);
        wait_again(file, store::QueuePlace::first);
      }
      // By the old measurement, while it can still be found by that.
      refresh_index(catalog_.content(*known));
      catalog_.forget_measurement(*known);
    }
    learnt.content = catalog_.add_content(measurement);
  });
  return learnt;
}

CatalogFile Library::content_changed(const CatalogFile& file) {
  store::FileId id = 0;
  in_transaction([&] {
    retire(file, DecisionState::superseded);
    catalog_.set_restored(file.id, false);
    id = catalog_.renew_file(file.id);
  });
  return *catalog_.file(id);
}

void Library::refused(const CatalogFile& file, FileState state, const matching::Refusal& refusal) {
  in_transaction([&] {
    const auto content = content_of(file);
    retire(file, DecisionState::superseded);
    catalog_.set_refused(file.id, state, refusal);
    refresh_index(content);
  });
}

void Library::unchanged(const CatalogFile& file) {
  in_transaction([&] {
    catalog_.set_judged(file.id, *file.content_id, file.role);
    refresh_index(content_of(file));
  });
}

void Library::judged_original(const CatalogFile& file, store::ContentId content) {
  in_transaction([&] {
    const auto old_content = content_of(file);
    end_decision_on(file);
    catalog_.set_judged(file.id, content, FileRole::original);
    if (old_content && old_content->id != content) refresh_index(old_content);
    refresh_index(catalog_.content(content));
  });
}

store::DecisionId Library::judged_duplicate(const CatalogFile& file, store::ContentId content,
                                            const matching::DuplicateVerdict& verdict,
                                            std::int64_t now_ns) {
  store::DecisionId id = 0;
  in_transaction([&] {
    const auto old_content = content_of(file);
    // One that is not shown to be a copy: others are held against it still.
    const bool stays_original = leaves_original(verdict.action_limit);
    if (stays_original)
      end_decision_on(file);
    else
      retire(file, DecisionState::superseded);
    std::optional<store::DecisionId> superseded;
    if (const auto last = catalog_.last_decision_on(file.id);
        last && last->state == DecisionState::superseded)
      superseded = last->id;
    catalog_.set_judged(file.id, content,
                        stays_original ? FileRole::original : FileRole::duplicate);
    id = catalog_.add_decision({file.id, verdict, now_ns, superseded});
    if (old_content && old_content->id != content) refresh_index(old_content);
    refresh_index(catalog_.content(content));
  });
  return id;
}

void Library::judge_again(const std::vector<store::FileId>& files) {
  in_transaction([&] {
    for (auto id = files.rbegin(); id != files.rend(); ++id) {
      const auto file = catalog_.file(*id);
      if (!file) continue;
      retire(*file, DecisionState::superseded);
      wait_again(*file, store::QueuePlace::first);
    }
  });
}

void Library::judge_again_alone(const std::vector<store::FileId>& files) {
  in_transaction([&] {
    for (auto id = files.rbegin(); id != files.rend(); ++id) {
      const auto file = catalog_.file(*id);
      if (!file) continue;
      end_decision_on(*file);
      if (file->state == FileState::judged) wait_again(*file, store::QueuePlace::first);
    }
  });
}

void Library::measure_again(const std::vector<store::FileId>& files) {
  in_transaction([&] {
    for (const store::FileId id : files)
      if (const auto file = catalog_.file(id); file && file->state == FileState::judged)
        wait_again(*file, store::QueuePlace::last);
  });
}

std::optional<std::int64_t> Library::put_last(const CatalogFile& file) {
  std::optional<std::int64_t> sequence;
  in_transaction([&] { sequence = catalog_.put_last(file.id); });
  return sequence;
}

void Library::try_again(const std::vector<CatalogFile>& files) {
  in_transaction([&] {
    for (const CatalogFile& file : files)
      catalog_.mark_pending(file.id, file.stamp, file.hard_links);
  });
}

}  // namespace imgdedup::daemon
