// SPDX-License-Identifier: Apache-2.0
// The figures of the service.
#include "daemon/status_builder.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iterator>

#include "daemon/degradation.h"
#include "daemon/log.h"
#include "daemon/version.h"
#include "posix/test_hooks.h"

namespace imgdedup::daemon {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds rate_window{10};
constexpr int age_per_count = 100;

std::uint64_t resident_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (!file) return 0;
  unsigned long long total = 0;
  unsigned long long resident = 0;
  const int fields = std::fscanf(file, "%llu %llu", &total, &resident);
  std::fclose(file);
  return fields == 2 ? resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) : 0;
}

protocol::RootMode mode_of(RootMode mode) {
  switch (mode) {
    case RootMode::events:
      return protocol::RootMode::events;
    case RootMode::polling:
      return protocol::RootMode::polling;
    case RootMode::offline:
      break;
  }
  return protocol::RootMode::offline;
}

}  // namespace

StatusBuilder::StatusBuilder(StatusSources sources) : sources_(sources) {}

void StatusBuilder::finished_one() {
  finished_.push_back(steady_clock::now());
  while (finished_.front() < finished_.back() - rate_window) finished_.pop_front();
}

void StatusBuilder::set_last_error(std::string error) {
  last_error_ = std::move(error);
  last_error_at_ = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

double StatusBuilder::files_per_second() {
  const auto now = steady_clock::now();
  while (!finished_.empty() && finished_.front() < now - rate_window) finished_.pop_front();
  if (finished_.size() < 2) return 0;
  const std::chrono::duration<double> span = now - finished_.front();
  return static_cast<double>(finished_.size()) / std::max(span.count(), 0.001);
}

const StatusBuilder::Counted& StatusBuilder::counted() {
  const auto begin = steady_clock::now();
  if (counted_ && begin < counted_until_) return *counted_;
  Counted& counts = counted_.emplace();
  store::Catalog& catalog = sources_.catalog;
  counts.files = catalog.count_files("");
  for (const Root& root : sources_.roots.all())
    counts.by_root.push_back(catalog.count_files(root.settings.path));
  counts.contents = catalog.count_contents();
  counts.decisions = catalog.count_decisions();
  counts.quarantine = catalog.count_quarantine();
  counts.poison = catalog.count_poison();
  const auto end = steady_clock::now();
  const steady_clock::duration age =
      end - begin < std::chrono::milliseconds(1) ? end - end : (end - begin) * age_per_count;
  counted_until_ = end + std::max<steady_clock::duration>(
                             age, posix::test_duration("IMGDEDUPD_COUNT_AGE_MS", {}));
  return counts;
}

std::vector<std::string> StatusBuilder::degradations() const {
  std::vector<std::string> reasons;
  for (const Root& root : sources_.roots.all()) {
    if (root.error.empty()) continue;
    reasons.push_back(degradation_line(root.is_online() ? "watching" : "offline", root.error));
  }
  std::ranges::move(troubles_with_workers(), std::back_inserter(reasons));
  for (const auto& [word, why] : troubles_) reasons.push_back(degradation_line(word, why));
  return reasons;
}

std::vector<std::string> StatusBuilder::troubles_with_workers() const {
  std::vector<std::string> troubles;
  if (const std::string error = sources_.pool.last_error(); !error.empty())
    troubles.push_back(degradation_line("workers", error));
  const auto layers = sources_.pool.sandbox_layers();
  if (layers && !layers->complete())
    troubles.push_back(degradation_line(
        "sandbox", "files are read with less protection, this system refuses: " +
                       missing_from(*layers) + " (the setting `sandbox` is best-effort)"));
  return troubles;
}

bool StatusBuilder::set_trouble(const std::string& word, const std::string& why) {
  if (why.empty()) return troubles_.erase(word) > 0;
  std::string& known = troubles_[word];
  if (known == why) return false;
  known = why;
  return true;
}

protocol::ServiceState StatusBuilder::state() const {
  using protocol::ServiceState;
  if (!sources_.index.is_loaded() || (sources_.features && !sources_.features->is_loaded()) ||
      (sources_.embeddings && !sources_.embeddings->is_loaded()))
    return ServiceState::starting;
  if (is_paused_) return ServiceState::paused;
  if (!degradations().empty()) return ServiceState::degraded;
  const bool is_busy = sources_.reconciler.counts().is_busy || sources_.intake.waiting() > 0 ||
                       sources_.intake.in_flight() > 0 || sources_.judge.size() > 0 ||
                       !sources_.mover.is_idle() || !sources_.remeasurer.is_done();
  return is_busy ? ServiceState::scanning : ServiceState::idle;
}

protocol::StatusReport StatusBuilder::report() {
  using matching::FileState;
  protocol::StatusReport report;
  const Counted& counts = counted();
  report.version = version;
  report.state = state();
  report.pid = ::getpid();
  report.uptime_seconds = std::chrono::duration<double>(steady_clock::now() - begin_).count();
  report.images = counts.files.of(FileState::judged);
  report.contents = counts.contents;
  report.bytes = counts.files.judged_bytes;
  report.pending = counts.files.of(FileState::pending) + sources_.remeasurer.left();
  report.incomplete = counts.files.of(FileState::incomplete);
  report.unreadable =
      counts.files.of(FileState::unreadable) + counts.files.of(FileState::unsupported);
  report.poison = counts.poison;
  report.images_per_second = files_per_second();
  report.memory_bytes = resident_bytes();
  for (std::size_t i = 0; i < sources_.roots.all().size(); ++i) {
    const Root& root = sources_.roots.all()[i];
    protocol::RootReport& entry = report.roots.emplace_back();
    entry.path = root.settings.path;
    entry.mode = mode_of(root.mode);
    entry.images = i < counts.by_root.size() ? counts.by_root[i].of(FileState::judged) : 0;
    entry.directories = root.directories;
    entry.polled_directories = root.polled_directories;
    if (root.last_reconcile)
      entry.last_reconcile = std::chrono::floor<std::chrono::milliseconds>(*root.last_reconcile);
    entry.lost_events = root.lost_events;
    if (!root.error.empty()) entry.error = root.error;
  }
  report.duplicates = counts.decisions.in_force_by_relation;
  report.quarantined = {counts.quarantine.files, counts.quarantine.bytes,
                        counts.quarantine.orphans};
  report.index.hashes = sources_.index.size();
  report.index.build_seconds = sources_.index.build_time().count();
  if (sources_.features) {
    report.index.features = sources_.features->size();
    report.index.feature_bytes = sources_.features->memory_bytes();
    report.index.build_seconds += sources_.features->build_time().count();
  }
  if (sources_.embeddings) {
    report.index.embeddings = sources_.embeddings->size();
    report.index.embedding_bytes = sources_.embeddings->memory_bytes();
    report.index.build_seconds += sources_.embeddings->build_time().count();
  }
  report.sandbox.required = sources_.sandbox == config::SandboxRule::required;
  if (const auto layers = sources_.pool.sandbox_layers()) {
    const auto missing = missing_layers(*layers);
    report.sandbox.missing.emplace(missing.begin(), missing.end());
  }
  report.last_error = last_error_;
  report.last_error_at = last_error_at_;
  const event::WatchCounters watch_counters = sources_.reconciler.watches().counters();
  report.watches = watch_counters.watches;
  report.watch_failures = sources_.reconciler.watches().watch_failures();
  report.watch_repairs = sources_.reconciler.watches().watch_repairs();
  report.overflows = watch_counters.overflows;
  const ReconcilerCounts reconciled = sources_.reconciler.counts();
  report.reconciles = reconciled.passes;
  if (reconciled.last_pass) report.last_reconcile_ms = reconciled.last_pass->count();
  report.queue_dirs = reconciled.waiting_directories;
  report.queue_files = sources_.intake.waiting();
  report.inflight = sources_.intake.in_flight() + sources_.judge.size();
  report.moves_done = sources_.mover.counts().done;
  report.moves_undone = sources_.mover.counts().undone;
  report.moves_failed = sources_.mover.counts().failed;
  report.log_lines_dropped = log_lines_dropped();
  report.degraded = degradations();
  return report;
}

}  // namespace imgdedup::daemon
