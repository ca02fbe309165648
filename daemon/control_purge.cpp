// SPDX-License-Identifier: Apache-2.0
// `quarantine.purge`: deletes for good, after the bytes were held against a copy that stays.
#include <sys/stat.h>
#include <unistd.h>

#include <deque>
#include <memory>

#include "daemon/control_context.h"
#include "daemon/event/background.h"
#include "daemon/file_access.h"
#include "daemon/log.h"
#include "daemon/move_batch.h"
#include "posix/file_copy.h"
#include "posix/file_status.h"
#include "protocol/reports.h"
#include "protocol/utf8.h"
#include "store/quarantine.h"
#include "store/quarantine_directory.h"

namespace imgdedup::daemon {
namespace {

using protocol::Json;
using store::MoveProblem;
using store::MoveState;
using store::QuarantineEntry;

/// The rows say that these hold the content; one that does is enough.
constexpr std::size_t most_copies = 8;

MoveProblem refused(std::string why) { return {MoveProblem::Kind::refused, std::move(why)}; }

/// A file in quarantine, and those that the catalog says are copies of it, all open.
struct Comparison {
  posix::UniqueDescriptor file;
  matching::FileStamp stamp;
  std::vector<OpenedFile> copies;
  bool has_copy = false;

  /// On a thread of the pool.
  void run() {
    for (const OpenedFile& copy : copies) {
      // One that the power could still take does not count.
      has_copy = !matching::same_inode(copy.stamp, stamp) &&
                 posix::same_file_bytes(file.get(), copy.descriptor.get()) &&
                 stamp_of(posix::status_of(copy.descriptor.get())) == copy.stamp &&
                 ::fsync(copy.descriptor.get()) == 0;
      if (has_copy) return;
    }
  }
};

/// A call on its way through its entries.
struct PurgeCall : std::enable_shared_from_this<PurgeCall> {
  PurgeCall(event::Loop& its_loop, ControlContext& its_context, MoveBatch its_batch,
            std::function<void(Json)> its_answer)
      : loop(its_loop),
        context(its_context),
        batch(std::move(its_batch)),
        answer(std::move(its_answer)) {}

  /// On a later turn of the loop each, so that others have theirs.
  void go_on() {
    loop.defer([call = shared_from_this()] { call->take_next(); });
  }

  void take_next() {
    const auto taken = batch.take();
    if (!taken) return answer(batch.answer());
    const store::DecisionId id = *taken;
    const auto entry = context.library.catalog().quarantine_entry(id);
    if (!entry || entry->state != MoveState::quarantined) {
      batch.add({id, entry ? entry->original_path : "", false,
                 "there is no such entry in quarantine; `quarantine list` shows them"});
      return go_on();
    }
    if (is_forced)
      end(*entry, store::purge_from_quarantine(context.library.catalog(), *entry));
    else
      compare(*entry);
  }

  void compare(const QuarantineEntry& entry) try {
    const auto comparison = std::make_shared<Comparison>();
    const store::QuarantineDirectory quarantine(entry.quarantine_directory,
                                                store::QuarantineDirectory::IfMissing::fail);
    comparison->file = quarantine.open_file(entry.name);
    if (!comparison->file)
      throw std::system_error(errno, std::generic_category(),
                              "cannot open " + store::quarantine_path(entry));
    comparison->stamp = stamp_of(posix::status_of(comparison->file.get()));
    store::Catalog& catalog = context.library.catalog();
    if (const auto content = catalog.content_with_digest(entry.content))
      for (const auto& file : catalog.files_with_content(*content)) {
        if (comparison->copies.size() == most_copies) break;
        OpenedFile copy = open_file(context.roots, file.path);
        if (copy.error == 0 && copy.stamp == file.stamp)
          comparison->copies.push_back(std::move(copy));
      }
    event::run_in_background(
        loop, [comparison] { comparison->run(); },
        [call = shared_from_this(), comparison, entry](const std::exception_ptr& failure) {
          call->compared(entry, *comparison, failure);
        });
  } catch (const std::system_error& error) {
    end(entry, refused(error.what()));
  }

  void compared(const QuarantineEntry& entry, const Comparison& comparison,
                const std::exception_ptr& failure) {
    try {
      if (failure) std::rethrow_exception(failure);
    } catch (const std::system_error& error) {
      return end(entry,
                 refused("it could not be compared with its copy: " + std::string(error.what())));
    }
    store::Catalog& catalog = context.library.catalog();
    const auto now = catalog.quarantine_entry(entry.id);
    if (!now || now->state != MoveState::quarantined)
      return end(entry, refused("it is no longer in quarantine"));
    if (comparison.has_copy)
      return end(*now, store::purge_from_quarantine(catalog, *now, comparison.stamp));
    end(*now, refused(store::has_changed_in_quarantine(*now)
                          ? "somebody has written into it since it was moved, and what it holds "
                            "now is nowhere else; restore it, or purge it with --force"
                          : "it is the last copy of its content; restore it, or purge it with "
                            "--force"));
  }

  void end(const QuarantineEntry& entry, const std::optional<MoveProblem>& problem) {
    protocol::MoveReport report{entry.id, entry.original_path, !problem, std::nullopt};
    if (problem) report.message = problem->message;
    batch.add(report);
    if (!problem)
      log_quarantine_event(
          "purged", entry,
          "purged " + protocol::readable_text(entry.original_path) + " from quarantine");
    go_on();
  }

  event::Loop& loop;
  ControlContext& context;
  MoveBatch batch;
  std::function<void(Json)> answer;
  bool is_forced = false;
};

MoveBatch batch_to_purge(ControlContext& context, const Json& params) {
  if (const auto ids = params.find("ids"); ids != params.end() && ids->is_array())
    return MoveBatch::of_ids(*ids, after_of(params));
  const std::int64_t moved_before_ns =
      wall_clock_ns() - params.at("older_than").get<std::int64_t>() * 1'000'000;
  const auto limit = params.at("limit").get<std::size_t>();
  const auto entries =
      context.library.catalog().quarantine_entries(MoveState::quarantined, after_of(params), limit);
  std::deque<store::DecisionId> ids;
  for (const QuarantineEntry& entry : entries)
    if (entry.moved_at_ns <= moved_before_ns) ids.push_back(entry.id);
  return MoveBatch::of_listing(std::move(ids),
                               entries.size() < limit ? Json() : Json(entries.back().id));
}

}  // namespace

void purge_quarantined(event::Loop& loop, ControlContext& context, const Json& params,
                       std::function<void(Json)> answer) {
  const auto call = std::make_shared<PurgeCall>(loop, context, batch_to_purge(context, params),
                                                std::move(answer));
  const auto force = params.find("force");
  call->is_forced = force != params.end() && force->is_boolean() && force->get<bool>();
  call->go_on();
}

}  // namespace imgdedup::daemon
