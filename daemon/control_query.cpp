// SPDX-License-Identifier: Apache-2.0
// `query`: what files that a caller has open would be judged to be.
#include <limits>
#include <memory>
#include <system_error>

#include "daemon/control_context.h"
#include "daemon/file_access.h"
#include "daemon/measuring.h"
#include "posix/file_status.h"
#include "protocol/reports.h"

namespace imgdedup::daemon {
namespace {

using protocol::Judgement;

/// One call: its files are asked about side by side, its answer goes out when all are known.
struct Query {
  Query(QueriedFiles::Hold files_hold, const worker::JobTurn& jobs_turn)
      : hold(std::move(files_hold)), turn(jobs_turn) {}
  QueriedFiles::Hold hold;
  worker::JobTurn turn;
  std::vector<protocol::QueryReport> reports;
  std::function<void(protocol::Json)> answer;
  std::size_t outstanding = 0;

  void end_one() {
    if (--outstanding > 0) return;
    protocol::Json items = protocol::Json::array();
    for (const auto& report : reports) items.push_back(report);
    answer(protocol::Json{{"items", std::move(items)}});
  }
};
using QueryPtr = std::shared_ptr<Query>;

/// Comparisons of one file at the same time: each holds two descriptors.
constexpr std::size_t max_comparisons = 4;

/// One file of a call, and what it is held against.
struct QueriedFile {
  std::size_t place = 0;
  posix::UniqueDescriptor descriptor;
  matching::ImageRecord record;
  std::vector<matching::Candidate> candidates;
  std::size_t next_candidate = 0;
  std::size_t outstanding = 0;  ///< comparisons
};
using FilePtr = std::shared_ptr<QueriedFile>;

Judgement judgement_of(matching::RefusalReason reason) {
  using matching::RefusalReason;
  switch (reason) {
    case RefusalReason::not_an_image:
      return Judgement::not_an_image;
    case RefusalReason::unsupported:
      return Judgement::unsupported;
    case RefusalReason::incomplete:
      return Judgement::incomplete;
    default:
      return Judgement::unreadable;
  }
}

void refuse(protocol::QueryReport& report, const matching::Refusal& refusal) {
  report.judged = judgement_of(refusal.reason);
  report.reason = refusal.reason;
  report.message = refusal.message;
}

void conclude(ControlContext& context, const QueryPtr& query, const FilePtr& file) {
  // A file that is asked about never displaces an original.
  matching::Policy policy = context.judge.policy();
  policy.keep = matching::KeepRule::first;
  const matching::Verdict verdict = decide(file->record, file->candidates, policy);
  protocol::QueryReport& report = query->reports[file->place];
  report.content = file->record.fingerprint.content_digest;
  if (verdict.duplicate) {
    // What only a network takes for alike would stay an original.
    report.judged = verdict.duplicate->action_limit == matching::ActionLimit::similarity
                        ? Judgement::original
                        : Judgement::duplicate;
    report.relation = verdict.duplicate->relation;
    report.evidence = verdict.duplicate->evidence;
    for (const matching::Candidate& candidate : file->candidates)
      if (candidate.original.file_id == verdict.duplicate->original_file_id)
        report.original = candidate.original.path;
  }
  query->end_one();
}

void compare_on(ControlContext& context, const QueryPtr& query, const FilePtr& file);

void compare(ControlContext& context, const QueryPtr& query, const FilePtr& file,
             std::size_t index) {
  const matching::Candidate& candidate = file->candidates[index];
  OpenedFile original = open_file(context.roots, candidate.original.path);
  if (original.error != 0) return;
  std::vector<posix::UniqueDescriptor> files;
  try {
    files.push_back(duplicate(file->descriptor));
  } catch (const std::system_error&) {
    return;  // no descriptor is left: this one candidate is not compared
  }
  files.push_back(std::move(original.descriptor));
  ++file->outstanding;
  context.pool.submit(
      {0, worker::JobKind::compare, context.limits,
       context.judge.measures_between(file->record.fingerprint, candidate.original.fingerprint)},
      std::move(files),
      [&context, query, file, index](const worker::Answer& answer) {
        const auto* comparison = std::get_if<matching::Comparison>(&answer);
        matching::Candidate& compared = file->candidates[index];
        if (comparison && comparison->left_digest == file->record.fingerprint.content_digest &&
            comparison->right_digest == compared.original.fingerprint.content_digest)
          compared.comparison = *comparison;
        --file->outstanding;
        compare_on(context, query, file);
      },
      query->turn);
}

void compare_on(ControlContext& context, const QueryPtr& query, const FilePtr& file) {
  const auto& digest = file->record.fingerprint.content_digest;
  while (file->next_candidate < file->candidates.size() && file->outstanding < max_comparisons) {
    const std::size_t index = file->next_candidate++;
    if (file->candidates[index].original.fingerprint.content_digest != digest)
      compare(context, query, file, index);
  }
  if (file->outstanding == 0) conclude(context, query, file);
}

void measured(ControlContext& context, const QueryPtr& query, const FilePtr& file,
              const worker::Answer& answer) {
  const auto* measurement = std::get_if<matching::Measurement>(&answer);
  if (!measurement) {
    const auto* refusal = std::get_if<matching::Refusal>(&answer);
    refuse(query->reports[file->place],
           refusal ? *refusal
                   : matching::Refusal{matching::RefusalReason::unreadable, "no answer came back"});
    query->end_one();
    return;
  }
  file->record.fingerprint = measurement->fingerprint;
  file->candidates = context.judge.candidates_for(file->record, *measurement);
  compare_on(context, query, file);
}

}  // namespace

void query_files(ControlContext& context, const Asker& asker, std::vector<std::string> paths,
                 std::vector<posix::UniqueDescriptor> files,
                 std::function<void(protocol::Json)> answer) {
  auto hold = context.queried_files.take(asker, paths.size());
  if (!hold)
    throw CommandFailure(protocol::ErrorCode::busy,
                         "too many files are being asked about; ask again in a moment");
  auto query = std::make_shared<Query>(std::move(*hold), asker.turn());
  query->answer = std::move(answer);
  query->outstanding = paths.size() + 1;
  for (const std::string& path : paths) query->reports.emplace_back().path = path;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    auto file = std::make_shared<QueriedFile>();
    file->place = i;
    file->descriptor = std::move(files[i]);
    file->record.file_id = std::numeric_limits<std::int64_t>::max();
    file->record.path = paths[i];
    try {
      // A client's file may lie where nobody answers.
      const posix::FileStatus status = posix::cached_status_of(file->descriptor.get());
      if (!status.is_regular) {
        refuse(query->reports[i],
               {matching::RefusalReason::not_an_image, "it is not a regular file"});
        query->end_one();
        continue;
      }
      // Known by its inode, so that a file of the catalog is not called a copy of itself.
      file->record.stamp = stamp_of(status);
      measure_file(
          context.pool, context.limits, context.judge.measures(), duplicate(file->descriptor),
          [&context, query, file](const worker::Answer& answer_of_worker) {
            measured(context, query, file, answer_of_worker);
          },
          query->turn);
    } catch (const std::system_error& error) {
      refuse(query->reports[i], {matching::RefusalReason::unreadable, error.what()});
      query->end_one();
    }
  }
  query->end_one();
}

}  // namespace imgdedup::daemon
