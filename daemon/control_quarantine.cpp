// SPDX-License-Identifier: Apache-2.0
// The commands about quarantine, and the owner's word that two files are no duplicates.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <memory>

#include "daemon/control_context.h"
#include "daemon/file_access.h"
#include "daemon/log.h"
#include "daemon/move_batch.h"
#include "daemon/reports_from_store.h"
#include "protocol/utf8.h"
#include "store/quarantine.h"

namespace imgdedup::daemon {
namespace {

using protocol::ErrorCode;
using protocol::Json;
using store::MoveState;
using store::QuarantineEntry;

bool is_set(const Json& params, const char* name) {
  const auto value = params.find(name);
  return value != params.end() && value->is_boolean() && value->get<bool>();
}

protocol::MoveReport report_of(const QuarantineEntry& entry,
                               const std::optional<store::MoveProblem>& problem) {
  protocol::MoveReport report{entry.id, entry.original_path, !problem, std::nullopt};
  if (problem) report.message = problem->message;
  return report;
}

/// The file is back: it has a row again, which is not judged until it changes.
void welcome_back(ControlContext& context, const std::string& path) {
  const OpenedFile file = open_file(context.roots, path);
  if (file.error != 0) return;
  Library& library = context.library;
  library.in_transaction([&] {
    if (const auto old = library.catalog().file_at(path)) library.file_gone(*old);
    const auto names = library.catalog().files_with_inode(file.stamp.device, file.stamp.inode);
    if (!names.empty()) return;
    library.found_file(path, file.stamp, file.hard_links);
    if (const auto row = library.catalog().file_at(path))
      library.catalog().set_restored(row->id, true);
  });
  context.intake.wake();
}

/// The row of the content that a path of the catalog has.
matching::ContentDigest content_at(ControlContext& context, const std::string& path) {
  const auto file = context.library.catalog().file_at(path);
  if (!file)
    throw CommandFailure(ErrorCode::not_found,
                         protocol::readable_text(path) + " is not in the catalog");
  std::optional<store::ContentId> content_id = file->content_id;
  if (file->state == matching::FileState::alias)
    for (const auto& other :
         context.library.catalog().files_with_inode(file->stamp.device, file->stamp.inode))
      if (other.content_id) content_id = other.content_id;
  const auto content = content_id ? context.library.catalog().content(*content_id) : std::nullopt;
  if (!content)
    throw CommandFailure(ErrorCode::refused, protocol::readable_text(path) +
                                                 " has no known content (yet): it is " +
                                                 std::string(name_of(file->state)));
  return content->fingerprint.content_digest;
}

/// Ends standing decisions between two contents, also on files that wait to be read again, and has
/// their files judged anew.
void dismiss_between(ControlContext& context, const matching::ContentDigest& a,
                     const matching::ContentDigest& b) {
  store::Catalog& catalog = context.library.catalog();
  std::vector<store::FileId> files;
  const auto dismiss = [&](const store::CatalogDecision& decision) {
    const bool is_between = (decision.content == a && decision.original_content == b) ||
                            (decision.content == b && decision.original_content == a);
    if (!is_between) return;
    catalog.set_decision_state(decision.id, matching::DecisionState::dismissed);
    files.push_back(decision.file_id);
  };
  for (const auto& digest : {a, b}) {
    const auto content = catalog.content_with_digest(digest);
    if (!content) continue;
    // Where both of a pair wait, they are held against this word when they have been read.
    for (const auto& file : catalog.files_with_content(*content)) {
      if (const auto decision = catalog.standing_decision_on(file.id)) dismiss(*decision);
      for (const auto& decision : catalog.standing_decisions_against(file.id)) dismiss(decision);
    }
  }
  context.library.judge_again(files);
}

}  // namespace

Json list_quarantine(ControlContext& context, const Json& params) {
  store::Catalog& catalog = context.library.catalog();
  const auto limit = params.at("limit").get<std::size_t>();
  const bool orphans_only = is_set(params, "orphans");
  Json items = Json::array();
  PageRoom room;
  std::int64_t last = after_of(params);
  const auto entries = catalog.quarantine_entries(MoveState::quarantined, last, limit);
  for (const QuarantineEntry& entry : entries) {
    // What was written into it since is nowhere else.
    const bool is_changed = store::has_changed_in_quarantine(entry);
    const bool is_last_copy = is_changed || !catalog.has_judged_file(entry.content);
    if (is_last_copy || !orphans_only) {
      Json item = daemon::report_of(entry, is_last_copy, is_changed);
      if (!room.takes(item)) return protocol::make_page(std::move(items), last);
      items.push_back(std::move(item));
    }
    last = entry.id;
  }
  return protocol::make_page(std::move(items),
                             entries.size() < limit ? Json() : Json(entries.back().id));
}

namespace {

/// A call of `quarantine.restore` on its way through its entries.
struct RestoreCall : std::enable_shared_from_this<RestoreCall> {
  RestoreCall(ControlContext& its_context, MoveBatch its_batch,
              std::function<void(Json)> its_answer)
      : context(its_context), batch(std::move(its_batch)), answer(std::move(its_answer)) {}

  void go_on() {
    while (const auto taken = batch.take()) {
      const store::DecisionId id = *taken;
      const auto entry = context.library.catalog().quarantine_entry(id);
      const Root* root = entry ? context.roots.holding(entry->original_path) : nullptr;
      if (root && !root->is_online()) {
        batch.add(report_of(*entry, store::MoveProblem{store::MoveProblem::Kind::refused,
                                                       "its folder is not there: " + root->error}));
        continue;
      }
      context.restorer.restore(id, root ? root->settings.path : "",
                               [call = shared_from_this(), id](const Restorer::Outcome& outcome) {
                                 call->ended(id, outcome);
                                 call->go_on();
                               });
      return;
    }
    answer(batch.answer());
  }

  void ended(store::DecisionId id, const Restorer::Outcome& outcome) {
    const auto entry = context.library.catalog().quarantine_entry(id);
    protocol::MoveReport report{id, entry ? entry->original_path : "", !outcome.problem,
                                std::nullopt};
    if (outcome.problem) report.message = outcome.problem->message;
    if (!outcome.problem) {
      if (context.roots.holding(entry->original_path)) welcome_back(context, entry->original_path);
      log_quarantine_event("restored", *entry,
                           "restored " + protocol::readable_text(entry->original_path));
    }
    for (const std::string& lost : outcome.not_kept)
      report.message =
          report.message.value_or("restored, but not all could be given back to it") + "; " + lost;
    if (report.message && report.done)
      log_quarantine_event("restored", *entry, report.message.value());
    batch.add(report);
  }

  ControlContext& context;
  MoveBatch batch;
  std::function<void(Json)> answer;
};

MoveBatch batch_to_restore(ControlContext& context, const Json& params) {
  if (const auto ids = params.find("ids"); ids != params.end() && ids->is_array())
    return MoveBatch::of_ids(*ids, after_of(params));
  const auto limit = params.at("limit").get<std::size_t>();
  const auto entries =
      context.library.catalog().quarantine_entries(MoveState::quarantined, after_of(params), limit);
  std::deque<store::DecisionId> ids;
  for (const QuarantineEntry& entry : entries) ids.push_back(entry.id);
  return MoveBatch::of_listing(std::move(ids),
                               entries.size() < limit ? Json() : Json(entries.back().id));
}

}  // namespace

void restore_quarantined(ControlContext& context, const Json& params,
                         std::function<void(Json)> answer) {
  std::make_shared<RestoreCall>(context, batch_to_restore(context, params), std::move(answer))
      ->go_on();
}

Json declare_distinct(ControlContext& context, const Json& params) {
  const auto first = content_at(context, params.at("first").get<std::string>());
  const auto second = content_at(context, params.at("second").get<std::string>());
  if (first == second)
    throw CommandFailure(ErrorCode::refused,
                         "the two files have the same bytes: they are one content");
  store::Catalog& catalog = context.library.catalog();
  const bool distinct = !is_set(params, "undo");
  const bool changed = catalog.are_distinct(first, second) != distinct;
  if (changed) {
    context.library.in_transaction([&] {
      catalog.set_distinct(first, second, distinct);
      if (distinct) {
        dismiss_between(context, first, second);
        return;
      }
      std::vector<store::FileId> originals;
      for (const auto& digest : {first, second})
        if (const auto content = catalog.content_with_digest(digest))
          for (const auto& file : catalog.originals_with_content(*content))
            originals.push_back(file.id);
      std::sort(originals.begin(), originals.end());
      // The younger is held against the older, whose own duplicates stay as they are.
      if (originals.size() > 1) context.library.judge_again({originals.back()});
    });
    context.intake.look_again();
  }
  return protocol::DistinctReport{first, second, distinct, changed};
}

}  // namespace imgdedup::daemon
