// SPDX-License-Identifier: Apache-2.0
// The main loop's side of the directory watcher.
#include "daemon/event/directory_watch.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <deque>
#include <unordered_map>

#include "daemon/event/loop.h"
#include "daemon/event/wakeup.h"
#include "daemon/event/watcher_thread.h"

namespace imgdedup::event {

class DirectoryWatcher::Implementation {
 public:
  Implementation(Loop& loop, ReportCallback on_report)
      : loop_(loop),
        on_report_(std::move(on_report)),
        news_came_(loop, [this] { deliver(); }),
        thread_([this] { news_came_.send(); }) {}

  void watch(WatchId id, posix::UniqueDescriptor directory) {
    assert(loop_.is_own_thread());
    const std::uint64_t generation = ++last_generation_;
    generations_[id] = generation;
    thread_.mailbox().post({.kind = WatchCommand::Kind::watch,
                            .name = {.id = id, .generation = generation},
                            .directory = std::move(directory)});
  }

  void unwatch(WatchId id) {
    assert(loop_.is_own_thread());
    if (generations_.erase(id) > 0)
      thread_.mailbox().post({.kind = WatchCommand::Kind::unwatch, .name = {.id = id}});
  }

  void audit(const std::vector<WatchId>& ids) {
    assert(loop_.is_own_thread());
    std::vector<WatchName> names;
    for (const WatchId id : ids) {
      const auto found = generations_.find(id);
      if (found != generations_.end())
        names.push_back({.id = id, .generation = found->second});
      else
        unknown_.push_back(id);
    }
    thread_.mailbox().post({.kind = WatchCommand::Kind::audit, .audited = std::move(names)});
    if (!unknown_.empty()) news_came_.send();
  }

  void ping(std::function<void()> pong) {
    assert(loop_.is_own_thread());
    pongs_.push_back(std::move(pong));
    thread_.mailbox().post({.kind = WatchCommand::Kind::ping});
  }

  [[nodiscard]] WatchCounters counters() const noexcept { return thread_.counters(); }

 private:
  /// Whether `name` is the last use of its id, and not ended by unwatch().
  [[nodiscard]] bool is_current(const WatchName& name) const {
    const auto found = generations_.find(name.id);
    return found != generations_.end() && found->second == name.generation;
  }

  [[nodiscard]] std::vector<WatchId> current_ids(const std::vector<WatchName>& names) const {
    std::vector<WatchId> ids;
    for (const WatchName& name : names)
      if (is_current(name)) ids.push_back(name.id);
    return ids;
  }

  void deliver() {
    const WatchNews news = thread_.mailbox().take_news();
    if (news.failure) std::rethrow_exception(news.failure);
    WatchReport report;
    report.dirty = current_ids(news.dirty);
    report.started = current_ids(news.started);
    report.lost = current_ids(news.lost);
    for (const auto& [name, error] : news.failed)
      if (is_current(name)) report.failed.emplace_back(name.id, error);
    report.overflow = news.overflow;
    report.dead = current_ids(news.dead);
    // Two audits may have said the same.
    std::ranges::sort(report.dead);
    report.dead.erase(std::ranges::unique(report.dead).begin(), report.dead.end());
    std::erase_if(report.dead, [&](WatchId id) {
      return std::ranges::count(report.lost, id) > 0 ||
             std::ranges::count(report.failed, id, &std::pair<WatchId, int>::first) > 0;
    });
    for (const WatchId id : report.dead) generations_.erase(id);
    for (const WatchId id : std::exchange(unknown_, {}))
      if (!generations_.contains(id)) report.dead.push_back(id);
    for (const WatchId id : report.lost) generations_.erase(id);
    for (const auto& failed : report.failed) generations_.erase(failed.first);

    std::deque<std::function<void()>> pongs;
    for (std::size_t i = 0; i < news.pongs; ++i) {
      pongs.push_back(std::move(pongs_.front()));
      pongs_.pop_front();
    }
    const bool has_news = report.overflow || !report.dirty.empty() || !report.started.empty() ||
                          !report.lost.empty() || !report.failed.empty() || !report.dead.empty();
    if (has_news) on_report_(std::move(report));
    for (const auto& pong : pongs) pong();
  }

  Loop& loop_;
  const ReportCallback on_report_;
  std::unordered_map<WatchId, std::uint64_t> generations_;
  std::uint64_t last_generation_ = 0;
  std::vector<WatchId> unknown_;  ///< audited, and not watched at all
  std::deque<std::function<void()>> pongs_;
  Wakeup news_came_;
  WatcherThread thread_;
};

DirectoryWatcher::DirectoryWatcher(Loop& loop, ReportCallback on_report)
    : implementation_(std::make_unique<Implementation>(loop, std::move(on_report))) {}

DirectoryWatcher::~DirectoryWatcher() = default;

void DirectoryWatcher::watch(WatchId id, posix::UniqueDescriptor directory) {
  implementation_->watch(id, std::move(directory));
}

void DirectoryWatcher::unwatch(WatchId id) { implementation_->unwatch(id); }

void DirectoryWatcher::audit(const std::vector<WatchId>& ids) { implementation_->audit(ids); }

void DirectoryWatcher::ping(std::function<void()> pong) { implementation_->ping(std::move(pong)); }

WatchCounters DirectoryWatcher::counters() const { return implementation_->counters(); }

}  // namespace imgdedup::event
