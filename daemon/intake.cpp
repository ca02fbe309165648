// SPDX-License-Identifier: Apache-2.0
// From a file that waits to its fingerprint.
#include "daemon/intake.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <system_error>
#include <utility>

#include "daemon/file_access.h"
#include "daemon/measuring.h"
#include "posix/file_lease.h"
#include "posix/file_status.h"
#include "posix/test_hooks.h"

namespace imgdedup::daemon {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t settle_capacity = 2000;
constexpr std::size_t page_size = 500;
constexpr std::size_t least_page = 16;
constexpr std::size_t pages_per_turn = 8;
constexpr milliseconds long_quiet_time{2000};
// Two ticks of the slowest kernel clock: a file is not measured in the tick in which it changed.
constexpr milliseconds shortest_settle_time{20};
// Passed over: the root is away, or the directory has to be listed first.
constexpr milliseconds again_time{2000};

matching::FileState state_for(const matching::Refusal& refusal, const std::string& path) {
  using matching::FileState;
  using matching::RefusalReason;
  switch (refusal.reason) {
    case RefusalReason::not_an_image:
      return is_named_like_an_image(path) ? FileState::unreadable : FileState::not_an_image;
    case RefusalReason::unsupported:
      return FileState::unsupported;
    case RefusalReason::incomplete:
      return FileState::incomplete;
    default:
      return FileState::unreadable;
  }
}

}  // namespace

struct Intake::Measurement {
  store::FileId file_id = 0;
  std::int64_t sequence = 0;  ///< its place in the order of waiting files
  matching::FileStamp stamp;
  posix::UniqueDescriptor descriptor;
};

Intake::Intake(event::Loop& loop, const Roots& roots, Library& library, Judge& judge,
               worker::WorkerPool& pool, std::chrono::milliseconds settle_time,
               worker::JobLimits limits, Hooks hooks)
    : loop_(loop),
      roots_(roots),
      library_(library),
      judge_(judge),
      pool_(pool),
      limits_(limits),
      hooks_(std::move(hooks)),
      settle_(std::max(settle_time, shortest_settle_time), long_quiet_time, settle_capacity),
      due_timer_(loop, [this] { pump(); }),
      again_timer_(loop, [this] { look_again(); }),
      order_timer_(loop, [this] { hand_over(); }) {}

void Intake::wake() {
  if (std::exchange(is_woken_, true)) return;
  loop_.defer([this] {
    is_woken_ = false;
    pump();
  });
}

void Intake::look_again() {
  cursor_ = store::before_all_pending;
  wake();
}

void Intake::set_paused(bool paused) {
  is_paused_ = paused;
  if (paused) return;
  hand_over();
  wake();
}

// Rows of folders that are away are passed by: they would fill the window and keep others out.
void Intake::refill() {
  const auto now = steady_clock::now();
  for (std::size_t pages = 0; settle_.has_room(); ++pages) {
    if (pages == pages_per_turn) {
      wake();
      return;
    }
    const std::size_t limit = std::clamp(settle_capacity - settle_.size(), least_page, page_size);
    const auto page = library_.catalog().pending_files(cursor_, limit);
    for (const auto& [sequence, file] : page) {
      if (!settle_.has_room()) return;
      cursor_ = sequence;
      if (measuring_.contains(file.id) || measured_.holds(file.id) || judge_.is_judging(file.id) ||
          later_.contains(file.id) || !roots_.is_online(file.path))
        continue;
      settle_.add({sequence, file.id, file.path, file.stamp}, now, wall_clock_ns());
    }
    if (page.size() < limit) return;
  }
}

void Intake::pump() {
  if (is_paused_) return;
  take_up_later_ones();
  refill();
  const auto now = steady_clock::now();
  while (pool_.free_slots() > 0 && judge_.has_room() && measured_.has_room()) {
    const auto due = settle_.take_due(now, 1);
    if (due.empty()) break;
    look(due.front());
  }
  const auto next = settle_.next_due();
  if (!next) {
    due_timer_.stop();
  } else if (*next > now) {
    due_timer_.start(std::chrono::ceil<milliseconds>(*next - now));
  }
}

void Intake::look_again_later() {
  if (!again_timer_.active()) again_timer_.start(again_time);
}

void Intake::take_up_later_ones() {
  if (later_.empty()) return;
  const std::size_t count = std::min(judge_.may_take_up_later_ones(), later_.size());
  if (count == 0) return;
  later_.erase(later_.begin(), std::next(later_.begin(), static_cast<std::ptrdiff_t>(count)));
  cursor_ = store::before_all_pending;
}

void Intake::pass_over(store::FileId id) {
  settle_.remove(id);
  look_again_later();
}

// It keeps no place in the window that others wait for, and is looked at again after them.
void Intake::put_last(const store::CatalogFile& file, const WaitingFile& waiting) {
  if (const auto sequence = library_.put_last(file)) hooks_.put_last(waiting.sequence, *sequence);
}

void Intake::look(const WaitingFile& waiting) {
  const auto row = library_.catalog().file(waiting.file_id);
  if (!row || row->state != matching::FileState::pending) {
    settle_.remove(waiting.file_id);
    return;
  }
  OpenedFile file = open_file(roots_, row->path);
  if (file.error == EACCES || file.error == EPERM) {
    settle_.remove(row->id);
    refuse(*row, {matching::RefusalReason::unreadable,
                  "cannot open it: " + std::generic_category().message(file.error) +
                      "; give the service's user read access, then rescan"});
    return;
  }
  // Gone, replaced, or something that may pass: too many open files, a server that does not answer.
  if (file.error != 0 || !matching::same_inode(file.stamp, row->stamp)) {
    if (file.is_offline) {
      settle_.remove(row->id);
    } else {
      pass_over(row->id);
      hooks_.look_at_directory_of(row->path);
    }
    return;
  }
  const auto now = steady_clock::now();
  if (file.stamp != waiting.stamp || file.stamp != row->stamp) {
    library_.file_changed(*row, file.stamp, file.hard_links);
    if (settle_.changed(row->id, file.stamp, now) == RestlessFile::leaves) put_last(*row, waiting);
    return;
  }
  switch (posix::ReadLease(file.descriptor.get()).outcome()) {
    case posix::LeaseOutcome::held:
      // Once it is measured, a further write must leave another stamp.
      if (has_whole_seconds(file.stamp) && !settle_.quiet_for_long(row->id, now, wall_clock_ns()))
        return;
      break;
    case posix::LeaseOutcome::writer_open:
      if (settle_.still_written(row->id, now) == RestlessFile::leaves) put_last(*row, waiting);
      return;
    case posix::LeaseOutcome::not_permitted:
    case posix::LeaseOutcome::unsupported:
      if (!settle_.quiet_for_long(row->id, now, wall_clock_ns())) return;
      break;
  }
  settle_.remove(row->id);
  measure(*row, waiting.sequence, std::move(file.descriptor));
}

void Intake::measure(const store::CatalogFile& file, std::int64_t sequence,
                     posix::UniqueDescriptor descriptor) {
  auto measurement = std::make_shared<Measurement>();
  measurement->file_id = file.id;
  measurement->sequence = sequence;
  measurement->stamp = file.stamp;
  measurement->descriptor = std::move(descriptor);
  measuring_.insert(file.id);
  measured_.begin(sequence);
  // Only a content of the same size can be known already; then its digest alone may be enough. Not
  // so if its own content is one that has to be measured again.
  const auto content =
      file.content_id ? library_.catalog().content(*file.content_id) : std::nullopt;
  const bool may_be_known = content ? is_usable(*content)
                                    : sizes_measured_.contains(file.stamp.size_bytes) ||
                                          library_.catalog().has_content_of_size(
                                              static_cast<std::uint64_t>(file.stamp.size_bytes));
  sizes_measured_.insert(file.stamp.size_bytes);
  ask(measurement, may_be_known ? worker::JobKind::digest : worker::JobKind::fingerprint);
}

void Intake::ask(const std::shared_ptr<Measurement>& measurement, worker::JobKind kind) {
  const auto callback = [this, measurement](const worker::Answer& answer) {
    posix::test_point("after_hash");
    // What follows from one answer is read and written at one go.
    library_.in_transaction([&] {
      answered(measurement, answer);
      hand_over();
    });
    wake();
  };
  try {
    posix::UniqueDescriptor file = duplicate(measurement->descriptor);
    if (kind == worker::JobKind::fingerprint) {
      measure_file(pool_, limits_, judge_.measures(), std::move(file), callback);
      return;
    }
    std::vector<posix::UniqueDescriptor> files;
    files.push_back(std::move(file));
    pool_.submit({0, kind, limits_}, std::move(files), callback);
  } catch (const std::system_error&) {
    end_measurement(*measurement);
    look_again_later();
  }
}

bool Intake::is_usable(const store::CatalogContent& content) const {
  const matching::Measures wanted = judge_.measures();
  return content.is_current() && (!wanted.features || content.has_features) &&
         (!wanted.embedding || content.has_embedding);
}

/// What the catalog knows of these bytes, if it is all that is needed.
std::optional<matching::Measurement> Intake::known_measurement(
    const matching::ContentDigest& digest) {
  store::Catalog& catalog = library_.catalog();
  const auto id = catalog.content_with_digest(digest);
  const auto content = id ? catalog.content(*id) : std::nullopt;
  if (!content || !is_usable(*content)) return std::nullopt;
  matching::Measurement measurement{content->fingerprint, std::nullopt, std::nullopt};
  if (judge_.measures().features) measurement.features = catalog.features(*id);
  if (judge_.measures().embedding) measurement.embedding = catalog.embedding(*id);
  return measurement;
}

void Intake::end_measurement(const Measurement& measurement) {
  measuring_.erase(measurement.file_id);
  measured_.end(measurement.sequence);
  sizes_measured_.erase(sizes_measured_.find(measurement.stamp.size_bytes));
}

void Intake::answered(const std::shared_ptr<Measurement>& measurement,
                      const worker::Answer& answer) {
  const auto row = library_.catalog().file(measurement->file_id);
  const bool is_waiting = row && row->state == matching::FileState::pending;
  std::optional<matching::Measurement> measured;
  if (const auto* answered_measurement = std::get_if<matching::Measurement>(&answer))
    measured = *answered_measurement;
  if (const auto* digest = std::get_if<worker::DigestAnswer>(&answer); digest && is_waiting) {
    measured = known_measurement(digest->content_digest);
    if (!measured) {
      ask(measurement, worker::JobKind::fingerprint);
      return;
    }
  }

  end_measurement(*measurement);
  if (!is_waiting) return;
  posix::FileStatus status;
  try {
    status = posix::status_of(measurement->descriptor.get());
  } catch (const std::system_error&) {
    look_again_later();
    return;
  }
  if (row->stamp != measurement->stamp || stamp_of(status) != row->stamp) {
    // Written, renamed or replaced while it was measured.
    if (same_inode(row->stamp, stamp_of(status)))
      library_.file_changed(*row, stamp_of(status), status.hard_links);
    look_again();
    return;
  }
  if (const auto* refusal = std::get_if<matching::Refusal>(&answer)) {
    refuse(*row, *refusal);
    return;
  }
  if (measured->fingerprint.size_bytes != static_cast<std::uint64_t>(row->stamp.size_bytes)) {
    refuse(*row, {matching::RefusalReason::crashed,
                  "a worker answered nonsense: another size than the file's"});
    return;
  }
  const auto old_content =
      row->content_id ? library_.catalog().content(*row->content_id) : std::nullopt;
  const bool is_same_content = old_content && old_content->fingerprint.content_digest ==
                                                  measured->fingerprint.content_digest;
  const auto decision =
      is_same_content ? library_.catalog().standing_decision_on(row->id) : std::nullopt;
  // A file that has got further names is not to be moved any more: that is another decision.
  const bool may_stand =
      decision && (decision->action != matching::Action::quarantine || row->hard_links <= 1) &&
      !library_.contradicts(*measured) &&
      !library_.catalog().are_distinct(decision->content, decision->original_content);
  if (may_stand) {
    library_.learn(*measured);
    library_.unchanged(*row);
    hooks_.confirmed(*decision);
    hooks_.finished_one();
    return;
  }
  measured_.add(measurement->sequence, {row->id, row->stamp, std::move(*measured)},
                steady_clock::now());
}

void Intake::hand_over() {
  if (is_paused_) return;
  const auto now = steady_clock::now();
  while (const auto measured = measured_.take_next(now)) {
    const auto row = library_.catalog().file(measured->file_id);
    if (row && row->state == matching::FileState::pending && row->stamp == measured->stamp) {
      if (judge_.judge(*row, measured->measurement) == TakenUp::later) later_.insert(row->id);
    } else if (row) {
      look_again();
    }
  }
  if (const auto next = measured_.next_time())
    order_timer_.start(std::max(milliseconds(1), std::chrono::ceil<milliseconds>(*next - now)));
}

void Intake::refuse(const store::CatalogFile& file, matching::Refusal refusal) {
  const matching::FileState state = state_for(refusal, file.path);
  library_.refused(file, state, refusal);
  hooks_.refused(file.path, refusal);
  hooks_.finished_one();
}

}  // namespace imgdedup::daemon
