// SPDX-License-Identifier: Apache-2.0
// When the reconciler looks by itself: time, lost events, mounts, roots that are away.
#include <fcntl.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "daemon/reconciler.h"
#include "posix/test_hooks.h"

namespace imgdedup::daemon {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Of directories without events, and of roots on file systems that change unseen.
milliseconds poll_interval() { return posix::test_duration("IMGDEDUPD_POLL_MS", seconds(60)); }
milliseconds audit_interval() {
  return posix::test_duration("IMGDEDUPD_AUDIT_MS", std::chrono::minutes(10));
}
constexpr milliseconds offline_interval = seconds(5);
constexpr milliseconds mount_rest{200};
// Passes after lost events back off, so that a flood costs passes, not the machine.
constexpr milliseconds first_overflow_delay{100};
constexpr milliseconds longest_overflow_delay = seconds(30);
constexpr auto overflow_calm = seconds(60);

}  // namespace

Reconciler::Reconciler(event::Loop& loop, Roots& roots, Library& library,
                       std::chrono::milliseconds interval, Hooks hooks)
    : loop_(loop),
      roots_(roots),
      library_(library),
      hooks_(std::move(hooks)),
      tree_(loop, roots, library.catalog(), *this),
      missing_(library, roots),
      delay_timer_(loop, [this] { pump(); }),
      missing_timer_(loop, [this] { wake(); }),
      interval_timer_(loop,
                      [this] {
                        if (passes_.empty()) start_pass();
                      }),
      overflow_timer_(loop,
                      [this] {
                        overflow_pass_waits_ = false;
                        start_pass();
                      }),
      offline_timer_(loop, [this] { look_for_offline_roots(); }),
      polled_timer_(loop, [this] { list_polled_directories(); }),
      mount_timer_(loop, [this] { start_pass(); }),
      audit_timer_(loop, [this] { tree_.audit(); }),
      mount_table_(::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC)) {
  interval_timer_.start_repeating(interval);
  audit_timer_.start_repeating(audit_interval());
  if (mount_table_) {
    mounts_of_roots_ = mounts_of_roots();
    mount_watch_ = std::make_unique<event::DescriptorWatch>(
        loop, mount_table_.get(), [this](event::Readiness) { mounts_changed(); });
    mount_watch_->wait_for({.priority = true});
  }
}

void Reconciler::events_were_lost() {
  for (Root& root : roots_.all())
    if (root.mode == RootMode::events) ++root.lost_events;
  const auto now = std::chrono::steady_clock::now();
  if (now - last_overflow_ > overflow_calm) {
    overflow_delay_ = milliseconds{0};
    // Once a burst, however often it overflows.
    hooks_.note(
        "more happens in the watched folders than the kernel holds ready "
        "(fs.inotify.max_queued_events); nothing is lost: every folder is listed anew");
  }
  last_overflow_ = now;
  if (overflow_pass_waits_) return;
  overflow_pass_waits_ = true;
  overflow_timer_.start(overflow_delay_);
  overflow_delay_ = std::clamp(overflow_delay_ * 2, first_overflow_delay, longest_overflow_delay);
}

void Reconciler::watches_were_repaired(std::size_t count) {
  hooks_.note(std::to_string(count) +
              " folders were no longer watched, and are again: they are listed now");
}

void Reconciler::root_is_offline(const Root& root) {
  hooks_.root_went_away(root);
  if (!offline_timer_.active()) offline_timer_.start_repeating(offline_interval);
}

void Reconciler::root_is_online(const Root& root) { hooks_.root_came_back(root); }

// Mounts elsewhere come and go with every container.
void Reconciler::mounts_changed() {
  std::string mounts = mounts_of_roots();
  if (mounts == mounts_of_roots_) return;
  mounts_of_roots_ = std::move(mounts);
  mount_timer_.start(mount_rest);
}

// The lines of /proc/self/mountinfo whose mount point lies above, at or below a root. Reading the
// table to its end arms its poll again.
std::string Reconciler::mounts_of_roots() const {
  std::string table;
  std::array<char, 4096> buffer{};
  ::lseek(mount_table_.get(), 0, SEEK_SET);
  for (ssize_t got = 0; (got = ::read(mount_table_.get(), buffer.data(), buffer.size())) > 0;)
    table.append(buffer.data(), static_cast<std::size_t>(got));
  std::string lines;
  std::istringstream in(table);
  for (std::string line; std::getline(in, line);) {
    std::istringstream fields(line);
    std::string skipped;
    std::string mount_point;
    fields >> skipped >> skipped >> skipped >> skipped >> mount_point;
    const bool concerns_us =
        std::any_of(roots_.all().begin(), roots_.all().end(), [&](const Root& root) {
          // Odd characters are escaped in the table: such a mount point counts as ours.
          return mount_point.find('\\') != std::string::npos ||
                 root.settings.path.starts_with(mount_point) ||
                 mount_point.starts_with(root.settings.path);
        });
    if (concerns_us) lines += line + "\n";
  }
  return lines;
}

void Reconciler::set_up_polling() {
  if (roots_.any_offline()) {
    if (!offline_timer_.active()) offline_timer_.start_repeating(offline_interval);
  } else {
    offline_timer_.stop();
  }
  root_timers_.resize(roots_.all().size());
  for (std::size_t index = 0; index < root_timers_.size(); ++index) {
    const Root& root = roots_.all()[index];
    if (root.mode != RootMode::polling) {
      root_timers_[index].reset();
      continue;
    }
    if (root_timers_[index]) continue;
    root_timers_[index] = std::make_unique<event::Timer>(
        loop_, [this, index] { look_below(roots_.all()[index].settings.path); });
    const milliseconds interval =
        root.settings.poll_interval.count() > 0 ? root.settings.poll_interval : poll_interval();
    root_timers_[index]->start_repeating(interval);
  }
  if (!polled_timer_.active()) polled_timer_.start(poll_interval());
}

void Reconciler::look_for_offline_roots() {
  bool any_came = false;
  for (std::size_t index = 0; index < roots_.all().size(); ++index) {
    if (!roots_.all()[index].is_online() && tree_.check_root(index)) any_came = true;
  }
  if (any_came) start_pass();
  set_up_polling();
}

// Directories that the watch limit left without a watch, in roots that otherwise have events.
void Reconciler::list_polled_directories() {
  bool any = false;
  for (const Root& root : roots_.all()) {
    if (root.mode != RootMode::events || root.polled_directories == 0) continue;
    any = true;
    tree_.nodes().for_each_below(root.node, [this](DirectoryNode& node) {
      if (node.is_polled) directory_is_dirty(node);
    });
  }
  if (any) polled_timer_.start(poll_interval());
}

}  // namespace imgdedup::daemon
