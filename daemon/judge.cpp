// SPDX-License-Identifier: Apache-2.0
// From a fingerprint to a decision.
#include "daemon/judge.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "daemon/file_access.h"
#include "daemon/judgement.h"
#include "protocol/utf8.h"

namespace imgdedup::daemon {
namespace {

// Each holds what was measured, and two descriptors for every candidate that is being compared.
constexpr std::size_t max_judgements = 16;
constexpr std::size_t max_late_judgements = 128;
constexpr std::size_t max_comparisons = 4;
// Among hundreds of pictures that look alike each would be compared with dozens. One that arrives
// after them is not to wait for that.
constexpr std::chrono::milliseconds longest_compare_time{2'000};
// Beside those of the clients, which are their user ids.
constexpr std::uint64_t late_asker = std::uint64_t{1} << 32;

}  // namespace

Judge::Judge(Library& library, const Roots& roots, worker::WorkerPool& pool,
             matching::Policy policy, worker::JobLimits limits, Hooks hooks)
    : library_(library),
      roots_(roots),
      pool_(pool),
      policy_(policy),
      limits_(limits),
      hooks_(std::move(hooks)) {}

void Judge::set_policy(const matching::Policy& policy, const worker::JobLimits& limits) {
  policy_ = policy;
  limits_ = limits;
}

void Judge::judge_those_without_offline_originals() {
  constexpr std::size_t page_size = 500;
  store::Catalog& catalog = library_.catalog();
  library_.in_transaction([&] {
    std::vector<store::FileId> originals;
    store::FileId after = 0;
    for (;;) {
      const auto page = catalog.files_judged_without_offline(after, page_size);
      for (const store::CatalogFile& file : page) {
        // What waits may have been held against the originals already, without those.
        if (file.state == matching::FileState::pending) continue;
        catalog.set_judged_without_offline(file.id, false);
        if (file.state == matching::FileState::judged && file.role == store::FileRole::original)
          originals.push_back(file.id);
      }
      if (page.size() < page_size) break;
      after = page.back().id;
    }
    library_.judge_again(originals);
  });
}

bool Judge::has_room() const { return size() - count_late() < max_judgements; }

std::size_t Judge::count_late() const {
  const auto is_late = [](const JudgementPtr& judgement) { return judgement->is_late; };
  return static_cast<std::size_t>(std::count_if(active_.begin(), active_.end(), is_late) +
                                  std::count_if(parked_.begin(), parked_.end(), is_late));
}

std::size_t Judge::may_take_up_later_ones() const {
  const std::size_t late = count_late();
  return late < max_late_judgements / 2 ? max_late_judgements - late : 0;
}

bool Judge::is_judging(store::FileId id) const {
  const auto is_it = [id](const JudgementPtr& judgement) { return judgement->file.id == id; };
  return std::any_of(active_.begin(), active_.end(), is_it) ||
         std::any_of(parked_.begin(), parked_.end(), is_it);
}

TakenUp Judge::judge(const store::CatalogFile& file, matching::Measurement measurement) {
  auto judgement = std::make_shared<Judgement>();
  judgement->file = file;
  judgement->record = record_of(file, measurement.fingerprint);
  judgement->measurement = std::move(measurement);
  if (count_late() >= max_late_judgements) {
    make_keys(*judgement);
    const Judgement* const blocker = blocker_of(*judgement);
    if (blocker && blocker->is_late) return TakenUp::later;
  }
  begin(judgement);
  return TakenUp::now;
}

bool Judge::resemble(const Judgement& a, const Judgement& b) const {
  const matching::Fingerprint& mine = a.record.fingerprint;
  const matching::Fingerprint& theirs = b.record.fingerprint;
  return mine.content_digest == theirs.content_digest ||
         mine.reduced_picture_digest == theirs.reduced_picture_digest ||
         hamming_distance(mine.hashes.of(policy_.hash_kind), theirs.hashes.of(policy_.hash_kind)) <=
             std::max(policy_.radius_bits, same_picture_bits) ||
         may_be_similar(a, b) || may_be_edited_copies(a, b);
}

const Judge::Judgement* Judge::blocker_of(const Judgement& judgement) const {
  for (const bool late : {true, false})
    for (const JudgementPtr& other : active_)
      if (other->is_late == late && resemble(judgement, *other)) return other.get();
  return nullptr;
}

void Judge::begin(const JudgementPtr& judgement) {
  if (!active_.empty() && judgement->keys.empty()) make_keys(*judgement);
  if (const Judgement* const blocker = blocker_of(*judgement)) {
    judgement->is_late = judgement->is_late || blocker->is_late;
    parked_.push_back(judgement);
    return;
  }
  start(judgement);
}

void Judge::start(const JudgementPtr& judgement) {
  active_.push_back(judgement);
  if (!is_left_alone(judgement->file, judgement->record.fingerprint))
    judgement->candidates = candidates_for(judgement->record, judgement->measurement);
  judgement->is_dropped.assign(judgement->candidates.size(), false);
  compare_on(judgement);
}

void Judge::compare_on(const JudgementPtr& judgement) {
  const auto& digest = judgement->record.fingerprint.content_digest;
  while (!judgement->is_stale && judgement->outstanding < max_comparisons &&
         judgement->next_candidate < judgement->candidates.size()) {
    const std::size_t next = judgement->next_candidate++;
    const matching::Candidate& candidate = judgement->candidates[next];
    if (candidate.original.fingerprint.content_digest != digest && !candidate.declared_distinct)
      compare(judgement, next);
  }
  if (judgement->outstanding == 0) conclude(judgement);
}

void Judge::become_late(const JudgementPtr& judgement) {
  judgement->is_late = true;
  for (const JudgementPtr& other : parked_)
    other->is_late = other->is_late || resemble(*other, *judgement);
}

// Its owner took it out of quarantine, and it has not changed since.
bool Judge::is_left_alone(const store::CatalogFile& file,
                          const matching::Fingerprint& fingerprint) {
  return file.restored && !has_other_content(file, fingerprint);
}

bool Judge::has_other_content(const store::CatalogFile& file,
                              const matching::Fingerprint& fingerprint) {
  const auto content =
      file.content_id ? library_.catalog().content(*file.content_id) : std::nullopt;
  return content && content->fingerprint.content_digest != fingerprint.content_digest;
}

// Other bytes under the same stamp: written through a mapping, or decayed.
void Judge::bytes_changed_unseen(const matching::ImageRecord& original) {
  const auto row = library_.catalog().file(original.file_id);
  if (row && row->state == matching::FileState::judged && row->stamp == original.stamp)
    library_.file_changed(*row, row->stamp, row->hard_links);
  hooks_.look_at_directory_of(original.path);
}

void Judge::compare(const JudgementPtr& judgement, std::size_t candidate) {
  const matching::ImageRecord& original = judgement->candidates[candidate].original;
  OpenedFile file = open_file(roots_, judgement->file.path);
  if (file.error != 0 || file.stamp != judgement->file.stamp) {
    judgement->is_stale = true;
    return;
  }
  OpenedFile other = open_file(roots_, original.path);
  const bool is_gone = other.error == ENOENT || other.error == ENOTDIR || other.error == ELOOP ||
                       other.is_offline || (other.error == 0 && other.stamp != original.stamp);
  if (is_gone) {
    judgement->is_dropped[candidate] = true;
    hooks_.look_at_directory_of(original.path);
    return;
  }
  // What keeps the original from being opened may pass; without it nothing can be said.
  if (other.error != 0) {
    judgement->is_stale = true;
    return;
  }
  std::vector<posix::UniqueDescriptor> files;
  files.push_back(std::move(file.descriptor));
  files.push_back(std::move(other.descriptor));
  ++judgement->outstanding;
  pool_.submit(
      {0, worker::JobKind::compare, limits_,
       measures_between(judgement->record.fingerprint, original.fingerprint)},
      std::move(files),
      [this, judgement, candidate](const worker::Answer& answer) {
        judgement->compare_time += pool_.time_of_answered_job();
        if (!judgement->is_late && judgement->compare_time > longest_compare_time)
          become_late(judgement);
        compared(judgement, candidate, answer);
        --judgement->outstanding;
        compare_on(judgement);
      },
      judgement->is_late ? worker::JobTurn(worker::JobPriority::aside, late_asker, 0)
                         : worker::JobTurn(worker::JobPriority::urgent));
}

void Judge::compared(const JudgementPtr& judgement, std::size_t index,
                     const worker::Answer& answer) {
  matching::Candidate& candidate = judgement->candidates[index];
  const auto* comparison = std::get_if<matching::Comparison>(&answer);
  if (!comparison) {
    judgement->is_dropped[index] = true;
    const auto* refusal = std::get_if<matching::Refusal>(&answer);
    hooks_.warn("cannot compare " + judgement->file.path + " with " + candidate.original.path +
                ": " + (refusal ? refusal->message : "no comparison came back"));
    return;
  }
  if (comparison->left_digest != judgement->record.fingerprint.content_digest) {
    judgement->is_stale = true;
  } else if (comparison->right_digest != candidate.original.fingerprint.content_digest) {
    judgement->is_dropped[index] = true;
    bytes_changed_unseen(candidate.original);
  } else {
    candidate.comparison = *comparison;
  }
}

// While comparisons ran, the catalog went on.
bool Judge::still_holds(const matching::Candidate& candidate) {
  const auto row = library_.catalog().file(candidate.original.file_id);
  if (!row || row->state != matching::FileState::judged || row->role != store::FileRole::original ||
      !row->content_id)
    return false;
  const auto content = library_.catalog().content(*row->content_id);
  return content &&
         content->fingerprint.content_digest == candidate.original.fingerprint.content_digest;
}

// So did the owner, who may have spoken since; what was distinct then has not been compared.
void Judge::ask_owner_again(Judgement& judgement) const {
  for (matching::Candidate& candidate : judgement.candidates) {
    const bool are_distinct = library_.catalog().are_distinct(
        judgement.record.fingerprint.content_digest, candidate.original.fingerprint.content_digest);
    if (candidate.declared_distinct && !are_distinct) judgement.is_stale = true;
    candidate.declared_distinct = are_distinct;
  }
}

void Judge::conclude(const JudgementPtr& judgement) {
  const auto row = library_.catalog().file(judgement->file.id);
  if (!row || row->state != matching::FileState::pending) {
    end(judgement);
    return;
  }
  ask_owner_again(*judgement);
  if (judgement->is_stale || row->stamp != judgement->file.stamp) {
    end(judgement);
    hooks_.must_be_read_again();
    return;
  }
  judgement->file = *row;
  if (has_other_content(*row, judgement->record.fingerprint)) {
    judgement->file = library_.content_changed(*row);
    judgement->record.file_id = judgement->file.id;
  }
  std::vector<matching::Candidate> candidates;
  for (std::size_t i = 0; i < judgement->candidates.size(); ++i)
    if (!judgement->is_dropped[i] && still_holds(judgement->candidates[i]))
      candidates.push_back(std::move(judgement->candidates[i]));
  record(*judgement, decide(judgement->record, candidates, policy_));
  end(judgement);
}

void Judge::record(Judgement& judgement, const matching::Verdict& verdict) {
  std::optional<store::DecisionId> decision;
  library_.in_transaction([&] {
    const store::CatalogFile& file = judgement.file;
    const auto [content, has_corrected] = library_.learn(judgement.measurement);
    if (has_corrected)
      hooks_.warn("what was measured of the content of " + protocol::readable_text(file.path) +
                  " before is not what is measured now; the files that have it are judged anew");
    if (verdict.duplicate)
      decision = library_.judged_duplicate(file, content, *verdict.duplicate, wall_clock_ns());
    else
      library_.judged_original(file, content);
    library_.judge_again(verdict.displaced_file_ids);
    judge_later_ones(verdict.later_file_ids);
  });
  if (decision) hooks_.decided(*decision);
  // Moves that were put off while the original had to be looked at again.
  for (const auto& against : library_.catalog().standing_decisions_against(judgement.file.id))
    hooks_.confirmed(against);
}

// Those that were judged while this file was not known yet: it took longer to read, or arrived
// before them and had to be measured again after them.
void Judge::judge_later_ones(const std::vector<store::FileId>& files) {
  std::vector<store::FileId> undecided;
  for (const store::FileId id : files)
    if (!library_.catalog().standing_decision_on(id)) undecided.push_back(id);
  library_.judge_again_alone(undecided);
}

void Judge::end(const JudgementPtr& judgement) {
  std::erase(active_, judgement);
  // One of those that waited may wait for another one now; each is asked once.
  if (!std::exchange(is_resuming_, true)) {
    for (std::size_t count = parked_.size(); count > 0; --count) {
      const JudgementPtr next = std::move(parked_.front());
      parked_.pop_front();
      begin(next);
    }
    is_resuming_ = false;
  }
  hooks_.ended();
}

}  // namespace imgdedup::daemon
