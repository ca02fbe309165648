// SPDX-License-Identifier: Apache-2.0
// `explain`: every measure between two files that a caller has open, and the step that decides.
#include <array>
#include <limits>
#include <memory>
#include <system_error>
#include <utility>

#include "daemon/control_context.h"
#include "daemon/file_access.h"
#include "daemon/measuring.h"
#include "matching/embedding_comparison.h"
#include "matching/explanation.h"
#include "posix/file_status.h"
#include "protocol/explanation_report.h"

namespace imgdedup::daemon {
namespace {

using protocol::ExplainedFileReport;

// Files that the catalog does not know come after all that it knows, in the order of the call.
constexpr std::int64_t first_unknown_id = std::numeric_limits<std::int64_t>::max() - 1;

struct Pair {
  Pair(QueriedFiles::Hold files_hold, const worker::JobTurn& jobs_turn)
      : hold(std::move(files_hold)), turn(jobs_turn) {}
  QueriedFiles::Hold hold;
  worker::JobTurn turn;
  std::array<posix::UniqueDescriptor, 2> descriptors;
  std::array<matching::ExplainedFile, 2> files;
  std::array<ExplainedFileReport, 2> reports;
  std::array<std::optional<matching::Embedding>, 2> embeddings;
  std::function<void(protocol::Json)> answer;
  std::size_t outstanding = 0;

  void finish(const protocol::ExplanationReport& report) { answer(report); }
};
using PairPtr = std::shared_ptr<Pair>;

bool is_below_one_of(const std::vector<std::string>& directories, std::string_view path) {
  for (const std::string& directory : directories)
    if (path.starts_with(directory) && path.substr(directory.size()).starts_with('/')) return true;
  return false;
}

void set_decision(matching::CatalogSituation& situation, const store::CatalogDecision& decision) {
  situation.decision_id = decision.id;
  situation.original_file_id = decision.original_file_id;
  situation.original_path = decision.original_path;
  situation.decision_state = decision.state;
}

/// The row of an open file, by its inode: of several names the one that was asked about, if it is
/// the one that was judged.
std::optional<store::CatalogFile> row_of(store::Catalog& catalog, const matching::FileStamp& stamp,
                                         const std::string& path) {
  std::optional<store::CatalogFile> found;
  for (store::CatalogFile& row : catalog.files_with_inode(stamp.device, stamp.inode)) {
    const bool is_judged_name = row.state != matching::FileState::alias;
    if (row.path == path && is_judged_name) return row;
    if (!found || (is_judged_name && found->state == matching::FileState::alias))
      found = std::move(row);
  }
  return found;
}

/// A file that lies in quarantine is known by the journal.
std::optional<store::QuarantineEntry> entry_of(store::Catalog& catalog,
                                               const matching::FileStamp& stamp) {
  constexpr std::size_t page_size = 500;
  store::DecisionId after = 0;
  for (;;) {
    const auto page = catalog.quarantine_entries(store::MoveState::quarantined, after, page_size);
    for (const store::QuarantineEntry& entry : page)
      if (matching::same_inode(entry.stamp, stamp)) return entry;
    if (page.size() < page_size) return std::nullopt;
    after = page.back().id;
  }
}

/// What the catalog knows of a file by its inode; the record without its fingerprint.
void look_up(ControlContext& context, matching::ExplainedFile& file, ExplainedFileReport& report,
             const posix::FileStatus& status) {
  store::Catalog& catalog = context.library.catalog();
  const matching::FileStamp stamp = stamp_of(status);
  if (const auto row = row_of(catalog, stamp, report.path)) {
    file.record = context.judge.record_of(*row, {});
    file.situation.is_catalogued = true;
    file.situation.state = row->state;
    file.situation.restored = row->restored;
    if (const auto decision = catalog.standing_decision_on(row->id))
      set_decision(file.situation, *decision);
    report.id = row->id;
    report.state = row->state;
    report.restored = row->restored;
  } else if (is_below_one_of(context.roots.quarantine_directories(), report.path)) {
    const auto entry = entry_of(catalog, stamp);
    const auto decision = entry ? catalog.decision(entry->id) : std::nullopt;
    if (decision) {
      file.situation.is_catalogued = true;
      set_decision(file.situation, *decision);
      file.record.file_id = decision->file_id;
      file.record.path = entry->original_path;
      const Root* root = context.roots.holding(entry->original_path);
      file.record.is_protected = root && root->settings.protect;
    }
  }
  file.record.stamp = stamp;
  file.record.hard_links = status.hard_links;
  report.is_protected = file.record.is_protected;
  report.hard_links = status.hard_links;
}

void refuse(ExplainedFileReport& report, const matching::Refusal& refusal) {
  report.reason = refusal.reason;
  report.message = refusal.message;
}

matching::Refusal refusal_of(const worker::Answer& answer) {
  const auto* refusal = std::get_if<matching::Refusal>(&answer);
  return refusal ? *refusal
                 : matching::Refusal{matching::RefusalReason::unreadable, "no answer came back"};
}

protocol::ExplanationReport report_about(ControlContext& context, const Pair& pair,
                                         const std::optional<matching::Comparison>& comparison) {
  const auto& [a, b] = pair.files;
  const matching::ContentDigest& a_content = a.record.fingerprint.content_digest;
  const matching::ContentDigest& b_content = b.record.fingerprint.content_digest;
  const matching::Explanation explanation = explain(
      a, b, comparison, context.library.catalog().are_distinct(a_content, b_content),
      context.judge.policy(), matching::similarity_of(pair.embeddings[0], pair.embeddings[1]));
  protocol::ExplanationReport report;
  report.files = pair.reports;
  report.same_bytes = a_content == b_content;
  if (comparison) report.same_pixels = comparison->same_pixels;
  report.measures = explanation.measures;
  report.steps = explanation.steps;
  report.companion = explanation.companion;
  report.decision = explanation.decision_in_force;
  report.conclusion = explanation.conclusion;
  if (explanation.verdict) {
    report.relation = explanation.verdict->relation;
    if (!leaves_original(explanation.verdict->action_limit))
      report.duplicate = explanation.duplicate;
    report.action = explanation.verdict->action;
    report.action_limit = explanation.verdict->action_limit;
  }
  return report;
}

void conclude(ControlContext& context, const PairPtr& pair, const worker::Answer& answer) {
  const auto* comparison = std::get_if<matching::Comparison>(&answer);
  pair->finish(
      report_about(context, *pair, comparison ? std::optional(*comparison) : std::nullopt));
}

/// One of the two is no image that can be judged: there is nothing between them to measure.
void conclude_without(const PairPtr& pair) {
  protocol::ExplanationReport report;
  report.files = pair->reports;
  const bool a_is_refused = report.files[0].message.has_value();
  const bool b_is_refused = report.files[1].message.has_value();
  report.conclusion = a_is_refused && b_is_refused
                          ? "Neither A nor B can be judged as an image"
                          : std::string(a_is_refused ? "A" : "B") +
                                " cannot be judged as an image, so there is nothing to compare";
  pair->finish(report);
}

void measured(ControlContext& context, const PairPtr& pair) {
  if (--pair->outstanding > 0) return;
  if (pair->reports[0].message || pair->reports[1].message) {
    conclude_without(pair);
    return;
  }
  for (std::size_t i = 0; i < 2; ++i) {
    matching::ExplainedFile& file = pair->files[i];
    file.record.fingerprint = *pair->reports[i].fingerprint;
    const auto row =
        pair->reports[i].id ? context.library.catalog().file(*pair->reports[i].id) : std::nullopt;
    const auto content =
        row && row->content_id ? context.library.catalog().content(*row->content_id) : std::nullopt;
    file.situation.has_changed =
        content && content->fingerprint.content_digest != file.record.fingerprint.content_digest;
  }
  std::vector<posix::UniqueDescriptor> files;
  for (posix::UniqueDescriptor& descriptor : pair->descriptors)
    files.push_back(std::move(descriptor));
  context.pool.submit(
      {0, worker::JobKind::compare, context.limits,
       matching::Measures{.features = context.judge.policy().edited_enabled}},
      std::move(files),
      [&context, pair](const worker::Answer& answer) { conclude(context, pair, answer); },
      pair->turn);
}

/// Why the file cannot be measured; empty when a worker was asked to.
std::optional<matching::Refusal> start_measuring(ControlContext& context, const PairPtr& pair,
                                                 std::size_t place) {
  try {
    // A client's file may lie where nobody answers.
    const posix::FileStatus status = posix::cached_status_of(pair->descriptors[place].get());
    look_up(context, pair->files[place], pair->reports[place], status);
    if (!status.is_regular)
      return matching::Refusal{matching::RefusalReason::not_an_image, "it is not a regular file"};
    const matching::Measures measures{.embedding = context.judge.measures().embedding};
    measure_file(
        context.pool, context.limits, measures, duplicate(pair->descriptors[place]),
        [&context, pair, place](const worker::Answer& answer) {
          if (const auto* found = std::get_if<matching::Measurement>(&answer)) {
            pair->reports[place].fingerprint = found->fingerprint;
            pair->embeddings[place] = found->embedding;
          } else {
            refuse(pair->reports[place], refusal_of(answer));
          }
          measured(context, pair);
        },
        pair->turn);
    ++pair->outstanding;
    return std::nullopt;
  } catch (const std::system_error& error) {
    return matching::Refusal{matching::RefusalReason::unreadable, error.what()};
  }
}

}  // namespace

void explain_files(ControlContext& context, const Asker& asker, std::array<std::string, 2> paths,
                   std::array<posix::UniqueDescriptor, 2> files,
                   std::function<void(protocol::Json)> answer) {
  auto hold = context.queried_files.take(asker, paths.size());
  if (!hold)
    throw CommandFailure(protocol::ErrorCode::busy,
                         "too many files are being asked about; ask again in a moment");
  auto pair = std::make_shared<Pair>(std::move(*hold), asker.turn());
  pair->descriptors = std::move(files);
  pair->answer = std::move(answer);
  pair->outstanding = 1;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    pair->reports[i].path = paths[i];
    pair->files[i].record.path = std::move(paths[i]);
    pair->files[i].record.file_id = first_unknown_id + static_cast<std::int64_t>(i);
    if (const auto refusal = start_measuring(context, pair, i)) refuse(pair->reports[i], *refusal);
  }
  measured(context, pair);
}

}  // namespace imgdedup::daemon
