// SPDX-License-Identifier: Apache-2.0
// Looks after the catalog's file while the service runs.
#include "daemon/catalog_keeper.h"

#include <stdexcept>
#include <utility>

#include "daemon/event/background.h"
#include "posix/test_hooks.h"
#include "store/catalog_backup.h"
#include "store/catalog_check.h"
#include "store/catalog_files.h"
#include "store/store_error.h"
#include "store/verdicts.h"

namespace imgdedup::daemon {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr milliseconds export_delay{50};
constexpr milliseconds look_interval = seconds(10);
constexpr milliseconds retry_delay = seconds(60);
// Not in the first rush after a start.
constexpr milliseconds first_upkeep_delay = std::chrono::minutes(10);
constexpr std::int64_t backup_seconds = 24 * 3600;
constexpr std::int64_t check_seconds = 7 * 24 * 3600;
constexpr std::size_t kept_backups = 3;
constexpr std::uint64_t large_wal_bytes = std::uint64_t{64} << 20;

}  // namespace

struct CatalogKeeper::Task {
  std::function<void(const std::atomic<bool>& stop)> work;  ///< on a pool thread
  std::function<void()> done;                               ///< neither failed nor broken off
  std::string word;                                         ///< for Hooks::trouble
  bool is_export = false;                                   ///< short, and not to be broken off
  std::atomic<bool> stop = false;
};

CatalogKeeper::CatalogKeeper(event::Loop& loop, store::SqliteCatalog& catalog, Hooks hooks)
    : loop_(loop),
      catalog_(catalog),
      hooks_(std::move(hooks)),
      wake_timer_(loop, [this] { wake(); }),
      look_timer_(loop, [this] { look(); }),
      must_check_(catalog.start().was_unclean && catalog.start().set_aside.empty()) {
  catalog_.on_verdict_change([this] {
    is_export_due_ = true;
    wake_timer_.start(export_delay);
  });
}

CatalogKeeper::~CatalogKeeper() {
  catalog_.on_verdict_change([] {});
  if (task_) task_->stop = true;
}

void CatalogKeeper::start() {
  no_upkeep_before_ =
      steady_clock::now() + posix::test_duration("IMGDEDUPD_UPKEEP_AFTER_MS", first_upkeep_delay);
  is_export_due_ = is_export_due_ || !store::exists(store::verdicts_path(catalog_.path()));
  look_timer_.start_repeating(posix::test_duration("IMGDEDUPD_CATALOG_LOOK_MS", look_interval));
  wake_timer_.start(export_delay);
}

// A broken catalog ends the service, and so does one that is not where it was.
void CatalogKeeper::look() {
  catalog_.require_in_place();
  if (store::file_size(catalog_.path() + "-wal") <= large_wal_bytes) {
    hooks_.trouble("catalog-wal", "");
  } else if (task_ && !task_->is_export) {
    task_->stop = true;
  } else {
    hooks_.trouble("catalog-wal",
                   catalog_.path() + "-wal has grown to " + std::to_string(large_wal_bytes >> 20) +
                       " MiB, for another program reads the catalog without end; `fuser -v` on it "
                       "tells which: let it end");
  }
  wake();
}

void CatalogKeeper::wake() {
  if (task_) return;
  const auto now = steady_clock::now();
  // Each look wakes again.
  if (is_export_due_ && now >= export_rests_until_)
    export_verdicts();
  else if (now < rests_until_)
    return;
  else if (must_check_ || is_check_due())
    check();
  else if (is_backup_due())
    back_up();
}

bool CatalogKeeper::is_backup_due() {
  if (steady_clock::now() < no_upkeep_before_ || catalog_.rebuilding_since()) return false;
  const auto newest = store::newest_backup_time(catalog_.path());
  const std::int64_t now = store::wall_clock_seconds();
  // One from the future was named by a clock that was wrong.
  return !newest || *newest > now || now - *newest >= backup_seconds;
}

bool CatalogKeeper::is_check_due() {
  if (steady_clock::now() < no_upkeep_before_) return false;
  const std::int64_t age = store::wall_clock_seconds() - catalog_.last_full_check_seconds();
  return age < 0 || age >= check_seconds;
}

void CatalogKeeper::run_task(const std::shared_ptr<Task>& task) {
  task_ = task;
  event::run_in_background(
      loop_, [task] { task->work(task->stop); },
      [this, task](const std::exception_ptr& failure) {
        task_.reset();
        if (has_succeeded(*task, failure)) {
          hooks_.trouble(task->word, "");
          task->done();
        }
        wake_timer_.start(export_delay);
      });
}

bool CatalogKeeper::has_succeeded(const Task& task, const std::exception_ptr& failure) {
  auto& rests_until = task.is_export ? export_rests_until_ : rests_until_;
  try {
    if (failure) std::rethrow_exception(failure);
    if (!task.stop) return true;
  } catch (const std::runtime_error& error) {
    // Of the catalog, or of the copy alone: the full check tells.
    if (dynamic_cast<const store::CatalogDamaged*>(&error)) must_check_ = true;
    if (task.is_export) is_export_due_ = true;
    if (!task.stop) hooks_.trouble(task.word, error.what());
  }
  rests_until = steady_clock::now() + retry_delay;
  return false;
}

void CatalogKeeper::export_verdicts() {
  is_export_due_ = false;
  // What stands in the export must not be missing in the catalog after a loss of power.
  catalog_.make_durable();
  auto task = std::make_shared<Task>();
  task->word = "catalog-verdicts";
  task->is_export = true;
  const std::string path = catalog_.path();
  task->work = [path](const std::atomic<bool>& stop) { store::export_verdicts(path, stop); };
  task->done = [] {};
  run_task(task);
}

void CatalogKeeper::back_up() {
  auto task = std::make_shared<Task>();
  task->word = "catalog-backup";
  const std::string path = catalog_.path();
  const std::string target = store::backup_path(path, store::wall_clock_seconds());
  task->work = [path, target](const std::atomic<bool>& stop) {
    if (store::back_up_while_running(path, target, stop)) store::prune_backups(path, kept_backups);
  };
  task->done = [this, target] {
    hooks_.note("the catalog has been copied to " + target);
    is_export_due_ = true;
  };
  run_task(task);
}

void CatalogKeeper::check() {
  auto task = std::make_shared<Task>();
  task->word = "catalog-check";
  auto damage = std::make_shared<std::string>();
  const std::string path = catalog_.path();
  task->work = [path, damage](const std::atomic<bool>& stop) {
    *damage = store::find_damage_while_running(path, stop);
  };
  task->done = [this, damage] {
    if (!damage->empty())
      throw store::CatalogDamaged("the catalog " + catalog_.path() + " is damaged: " + *damage);
    catalog_.set_last_full_check(store::wall_clock_seconds());
    if (std::exchange(must_check_, false)) hooks_.found_sound();
  };
  run_task(task);
}

void CatalogKeeper::finish() noexcept {
  if (task_) task_->stop = true;
  if (!is_export_due_) return;
  try {
    const std::atomic<bool> stop = false;
    store::export_verdicts(catalog_.path(), stop);
  } catch (const std::exception&) {
    // The catalog itself has them.
  }
}

}  // namespace imgdedup::daemon
