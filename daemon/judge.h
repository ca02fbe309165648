// SPDX-License-Identifier: Apache-2.0
// From a fingerprint to a decision: finds candidates, has workers compare, asks decide(), records.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/library.h"
#include "daemon/roots.h"
#include "matching/decision.h"
#include "matching/measurement.h"
#include "worker/worker_pool.h"

namespace imgdedup::daemon {

/// The same picture in another file hashes the same, or nearly so where one of the two was decoded
/// at a reduced scale.
inline constexpr int same_picture_bits = 4;

/// What Judge does with a file.
enum class TakenUp : std::uint8_t {
  now,
  later,  ///< it has to be handed over again, see Judge::may_take_up_later_ones
};

/// Judges files that arrive together as if one after the other: a file that resembles one whose
/// judgement is under way waits for its end.
///
/// A judgement whose comparisons have cost a worker some seconds becomes a *late* one, and so do
/// those that wait for it: its further comparisons stand aside for all other jobs, and it takes no
/// room from other files. It is decided by all its comparisons all the same. Loop thread only.
class Judge {
 public:
  struct Hooks {
    std::function<void(store::DecisionId)> decided;
    /// The original of this standing decision was judged once more, and is one still.
    std::function<void(const store::CatalogDecision&)> confirmed;
    /// A judgement has ended, one way or another.
    std::function<void()> ended;
    /// The file itself could not be read as it was measured: it stays pending.
    std::function<void()> must_be_read_again;
    /// What lies at this path is not what the catalog says.
    std::function<void(const std::string& path)> look_at_directory_of;
    std::function<void(const std::string& message)> warn;
  };

  Judge(Library& library, const Roots& roots, worker::WorkerPool& pool, matching::Policy policy,
        worker::JobLimits limits, Hooks hooks);

  /// Judges a pending file by what was measured of its bytes. `later`: it would wait for a late
  /// judgement, and too many do already.
  [[nodiscard]] TakenUp judge(const store::CatalogFile& file, matching::Measurement measurement);

  /// For files that no late judgement keeps waiting.
  [[nodiscard]] bool has_room() const;
  /// How many of those that were not taken up may be handed over again.
  [[nodiscard]] std::size_t may_take_up_later_ones() const;
  [[nodiscard]] std::size_t size() const { return active_.size() + parked_.size(); }
  [[nodiscard]] bool is_judging(store::FileId id) const;

  /// Files that resembled an original in a root that was not there, in this life of the service or
  /// an earlier one, are judged once more.
  void judge_those_without_offline_originals();

  void set_policy(const matching::Policy& policy, const worker::JobLimits& limits);
  [[nodiscard]] const matching::Policy& policy() const { return policy_; }

  /// What has to be measured of a file before it can be judged.
  [[nodiscard]] matching::Measures measures() const {
    return {.features = policy_.edited_enabled, .embedding = library_.embeddings() != nullptr};
  }
  /// What to measure when these two are compared: edits only where `near` would not be enough.
  [[nodiscard]] matching::Measures measures_between(const matching::Fingerprint& a,
                                                    const matching::Fingerprint& b) const;
  /// The originals that a picture of this fingerprint may be a copy of, best first, none of them
  /// compared yet; with equal digests alone where there are such. measurement: of this record;
  /// edited and similar copies only if it has features and an embedding.
  [[nodiscard]] std::vector<matching::Candidate> candidates_for(
      const matching::ImageRecord& record, const matching::Measurement& measurement);
  [[nodiscard]] matching::ImageRecord record_of(const store::CatalogFile& file,
                                                const matching::Fingerprint& fingerprint) const;

 private:
  struct Judgement;
  using JudgementPtr = std::shared_ptr<Judgement>;

  void begin(const JudgementPtr& judgement);
  void start(const JudgementPtr& judgement);
  void compare_on(const JudgementPtr& judgement);
  void become_late(const JudgementPtr& judgement);
  [[nodiscard]] std::size_t count_late() const;
  [[nodiscard]] bool resemble(const Judgement& a, const Judgement& b) const;
  /// The judgement under way whose end it has to wait for; nullptr if there is none. A late one if
  /// there is one.
  [[nodiscard]] const Judgement* blocker_of(const Judgement& judgement) const;
  [[nodiscard]] bool may_be_edited_copies(const Judgement& a, const Judgement& b) const;
  [[nodiscard]] bool may_be_similar(const Judgement& a, const Judgement& b) const;
  void make_keys(Judgement& judgement) const;
  void compare(const JudgementPtr& judgement, std::size_t candidate);
  void compared(const JudgementPtr& judgement, std::size_t candidate, const worker::Answer& answer);
  [[nodiscard]] bool has_other_content(const store::CatalogFile& file,
                                       const matching::Fingerprint& fingerprint);
  [[nodiscard]] bool is_left_alone(const store::CatalogFile& file,
                                   const matching::Fingerprint& fingerprint);
  void bytes_changed_unseen(const matching::ImageRecord& original);
  void conclude(const JudgementPtr& judgement);
  void record(Judgement& judgement, const matching::Verdict& verdict);
  void judge_later_ones(const std::vector<store::FileId>& files);
  void end(const JudgementPtr& judgement);
  [[nodiscard]] bool still_holds(const matching::Candidate& candidate);
  void ask_owner_again(Judgement& judgement) const;
  void add_originals(std::vector<matching::Candidate>& candidates, store::ContentId content,
                     const matching::ImageRecord& record,
                     std::optional<double> similarity = std::nullopt);
  void add_edited_contents(const matching::Fingerprint& fingerprint,
                           const matching::PictureFeatures& features,
                           std::set<store::ContentId>& seen,
                           std::vector<store::ContentId>& contents) const;
  void add_similar_contents(const matching::Measurement& measurement,
                            std::set<store::ContentId>& seen,
                            std::vector<store::ContentId>& contents) const;
  [[nodiscard]] std::optional<double> similarity_to(store::ContentId content,
                                                    const matching::Measurement& measurement) const;

  Library& library_;
  const Roots& roots_;
  worker::WorkerPool& pool_;
  matching::Policy policy_;
  worker::JobLimits limits_;
  Hooks hooks_;
  std::vector<JudgementPtr> active_;
  std::deque<JudgementPtr> parked_;
  bool is_resuming_ = false;
};

}  // namespace imgdedup::daemon
