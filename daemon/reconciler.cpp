// SPDX-License-Identifier: Apache-2.0
// Lists dirty directories and applies what they hold.
#include "daemon/reconciler.h"

#include <algorithm>
#include <utility>

#include "daemon/event/background.h"

namespace imgdedup::daemon {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t max_scans_in_flight = 2;
// A directory in which something happens all the time is listed at most this often, and for at
// most a tenth of the time.
constexpr milliseconds shortest_rest{100};
constexpr int rest_per_scan = 10;
// An event of the other end of a rename may come with the next report.
constexpr milliseconds missing_rest{250};
constexpr milliseconds longest_missing_rest{3000};

}  // namespace

struct Reconciler::Scan {
  NodeId node = 0;
  std::vector<PassId> owed;
  ScanRequest request;
  ScanResult result;
  std::unique_ptr<DirectoryComparison> comparison;
};

void Reconciler::directory_is_dirty(DirectoryNode& node) {
  if (node.is_polled) set_up_polling();
  if (node.is_dirty) return;
  node.is_dirty = true;
  ready_.push_back(node.id);
  wake();
}

void Reconciler::directory_goes(const DirectoryNode& node) { pay(node.owes); }

void Reconciler::look_at_directory_of(std::string_view path) {
  const Root* root = roots_.holding(path);
  if (!root || root->node == 0) return;
  const std::string relative = relative_to(*root, path);
  const auto slash = relative.rfind('/');
  DirectoryNode* node = tree_.nodes().find_path(
      root->node, slash == std::string::npos ? "" : std::string_view(relative).substr(0, slash));
  if (node) directory_is_dirty(*node);
}

void Reconciler::look_below(std::string_view directory) {
  const Root* held = roots_.holding(directory);
  if (!held) return;
  const auto index = static_cast<std::size_t>(held - roots_.all().data());
  if (!tree_.check_root(index)) return;
  const DirectoryNode* node = tree_.nodes().find_path(held->node, relative_to(*held, directory));
  if (node)
    tree_.nodes().for_each_below(node->id,
                                 [this](DirectoryNode& below) { directory_is_dirty(below); });
}

void Reconciler::wake() {
  if (std::exchange(is_woken_, true)) return;
  loop_.defer([this] {
    is_woken_ = false;
    pump();
  });
}

void Reconciler::pump() {
  const auto now = steady_clock::now();
  while (!delayed_.empty() && delayed_.begin()->first <= now) {
    ready_.push_back(delayed_.begin()->second);
    delayed_.erase(delayed_.begin());
  }
  while (scans_in_flight_ < max_scans_in_flight && !ready_.empty()) {
    DirectoryNode* node = tree_.nodes().find(ready_.front());
    ready_.pop_front();
    // One that is not watched yet, or is being listed, comes again by itself.
    if (!node || !node->is_dirty || !node->is_watched || node->is_scanning) {
      if (node && node->is_dirty && !node->is_scanning) node->is_dirty = false;
      continue;
    }
    if (node->not_before > now && node->owes.empty()) {
      delayed_.emplace(node->not_before, node->id);
      continue;
    }
    start_scan(*node);
  }
  if (!delayed_.empty())
    delay_timer_.start(
        std::max(milliseconds(1), std::chrono::ceil<milliseconds>(delayed_.begin()->first - now)));
  check_missing();
}

void Reconciler::start_scan(DirectoryNode& node) {
  node.is_dirty = false;
  node.is_scanning = true;
  ++scans_in_flight_;
  const Root& root = roots_.all()[node.root];
  auto scan = std::make_shared<Scan>();
  scan->node = node.id;
  scan->owed = std::exchange(node.owes, {});
  scan->request = {root.settings.path, node.relative, root.filter, root.settings.recursive,
                   roots_.quarantine_directories()};
  event::run_in_background(
      loop_, [scan] { scan->result = scan_directory(scan->request); },
      [this, scan](const std::exception_ptr& failure) {
        if (failure) std::rethrow_exception(failure);
        scanned(scan);
      });
}

void Reconciler::scanned(const std::shared_ptr<Scan>& scan) {
  DirectoryNode* node = tree_.nodes().find(scan->node);
  if (!node) {
    end_scan(scan);
    return;
  }
  if (scan->result.error != 0) {
    scan_failed(*node, *scan);
    end_scan(scan);
    return;
  }
  if (scan->result.identity != node->identity) {
    // Another directory has taken the path: watch it first, then list it.
    node->is_scanning = false;
    node->owes.insert(node->owes.end(), scan->owed.begin(), scan->owed.end());
    scan->owed.clear();
    node->was_listed = false;
    if (node->parent == 0)
      tree_.check_root(node->root);
    else
      tree_.watch_again(*node);
    end_scan(scan);
    return;
  }
  node->was_listed = true;
  apply_directories(*node, *scan);
  const Root& root = roots_.all()[node->root];
  for (const std::string& name : scan->result.hidden)
    if (hooks_.found_hidden)
      hooks_.found_hidden(absolute_path(root.settings.path, join_relative(node->relative, name)));
  scan->comparison = std::make_unique<DirectoryComparison>(
      library_, absolute_path(root.settings.path, node->relative), std::move(scan->result.files),
      [this](const store::CatalogFile& file) { missing_.add(file); },
      [this](const std::string& path, const matching::FileStamp& stamp) {
        return names_inode(roots_, path, stamp);
      });
  apply_files(scan);
}

void Reconciler::scan_failed(DirectoryNode& node, Scan& scan) {
  Root& root = roots_.all()[node.root];
  const std::error_code error(scan.result.error, std::generic_category());
  if (node.parent == 0) {
    tree_.take_offline(node.root, "cannot read " + root.settings.path + ": " + error.message());
    return;
  }
  if (error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory ||
      error == std::errc::too_many_symbolic_link_levels) {
    if (DirectoryNode* above = tree_.nodes().find(node.parent)) directory_is_dirty(*above);
    return;
  }
  // Its rows stay: what cannot be read has not been deleted.
  root.error = "cannot read " + absolute_path(root.settings.path, node.relative) + ": " +
               error.message() + "; give the service's user access to it";
}

void Reconciler::apply_directories(DirectoryNode& node, const Scan& scan) {
  const std::size_t root_index = node.root;
  const std::string& root_path = roots_.all()[root_index].settings.path;
  const std::string relative = node.relative;
  std::map<std::string_view, const DirectoryIdentity*> found;
  for (const ScannedDirectory& directory : scan.result.directories)
    found.emplace(directory.name, &directory.identity);

  std::vector<std::pair<std::string, NodeId>> gone;
  for (const auto& [name, child_id] : node.children) {
    const DirectoryNode* child = tree_.nodes().find(child_id);
    const auto place = found.find(name);
    if (place == found.end() || !child || *place->second != child->identity)
      gone.emplace_back(name, child_id);
  }
  for (const auto& [name, child_id] : gone) {
    tree_.remove_directory(child_id);
    missing_.add_directory(absolute_path(root_path, join_relative(relative, name)));
  }
  for (const ScannedDirectory& directory : scan.result.directories) {
    const auto known = node.children.find(directory.name);
    DirectoryNode* child = known == node.children.end()
                               ? &tree_.add_directory(node.id, directory.name, root_index)
                               : tree_.nodes().find(known->second);
    // One that an earlier listing found and that has not been listed itself is part of the pass.
    if (!child || child->was_listed) continue;
    for (const PassId pass : scan.owed) owe(*child, pass);
  }
}

void Reconciler::apply_files(const std::shared_ptr<Scan>& scan) {
  if (tree_.nodes().find(scan->node) && scan->comparison->step()) {
    loop_.defer([this, scan] { apply_files(scan); });
    return;
  }
  hooks_.files_may_wait();
  end_scan(scan);
}

void Reconciler::end_scan(const std::shared_ptr<Scan>& scan) {
  if (DirectoryNode* node = tree_.nodes().find(scan->node)) {
    node->is_scanning = false;
    node->not_before =
        steady_clock::now() +
        std::max<steady_clock::duration>(shortest_rest, scan->result.duration * rest_per_scan);
    if (node->is_dirty) ready_.push_back(node->id);
  }
  --scans_in_flight_;
  pay(scan->owed);
  wake();
}

void Reconciler::check_missing() {
  if (missing_.empty()) {
    call_waiting_passes();
    return;
  }
  const auto now = steady_clock::now();
  const auto rested = now - missing_.last_added();
  if (rested < missing_rest && now - missing_.first_added() < longest_missing_rest) {
    missing_timer_.start(std::chrono::ceil<milliseconds>(missing_rest - rested));
    return;
  }
  const bool has_progress = missing_.settle_slice(
      {[this](const std::string& path) { look_at_directory_of(path); }, hooks_.is_being_moved});
  hooks_.files_may_wait();
  if (has_progress)
    wake();
  else
    missing_timer_.start(missing_rest);
}

void Reconciler::owe(DirectoryNode& node, PassId pass) {
  node.owes.push_back(pass);
  ++passes_.at(pass).outstanding;
  // One that is being listed is listed once more; one that rests after its last listing rests no
  // longer.
  if (node.is_dirty)
    ready_.push_back(node.id);
  else
    directory_is_dirty(node);
}

void Reconciler::pay(const std::vector<PassId>& passes) {
  for (const PassId id : passes)
    if (--passes_.at(id).outstanding == 0) finish_pass(id);
}

void Reconciler::start_pass(std::function<void()> done) {
  const PassId id = ++last_pass_;
  Pass& pass = passes_[id];
  pass.begin = steady_clock::now();
  pass.done = std::move(done);
  pass.outstanding = 1;  // held until all roots have been asked
  for (std::size_t index = 0; index < roots_.all().size(); ++index) {
    if (!tree_.check_root(index)) continue;
    Root& root = roots_.all()[index];
    // What was wrong with parts of it is found out anew, and unwatched directories get their
    // chance.
    root.error.clear();
    const bool has_events = root.mode == RootMode::events;
    tree_.nodes().for_each_below(roots_.all()[index].node, [&](DirectoryNode& node) {
      owe(node, id);
      if (has_events && node.is_polled) tree_.watch_again(node);
    });
  }
  set_up_polling();
  pay({id});
}

void Reconciler::finish_pass(PassId id) {
  Pass pass = std::move(passes_.at(id));
  passes_.erase(id);
  ++passes_done_;
  last_pass_time_ = std::chrono::duration_cast<milliseconds>(steady_clock::now() - pass.begin);
  for (Root& root : roots_.all())
    if (root.is_online()) root.last_reconcile = std::chrono::system_clock::now();
  // Directories that went while nobody looked have no node that could be found missing; those that
  // no root holds are watched no longer.
  for (std::string& directory : library_.catalog().directories_below("")) {
    const Root* root = roots_.holding(directory);
    const bool is_away = root && !root->is_online();
    if (!is_away && (!root || !tree_.nodes().find_path(root->node, relative_to(*root, directory))))
      missing_.add_directory(std::move(directory));
  }
  tree_.audit();
  if (pass.done) passes_to_end_.push_back(std::move(pass.done));
  wake();
}

void Reconciler::call_waiting_passes() {
  for (auto& done : std::exchange(passes_to_end_, {})) done();
}

ReconcilerCounts Reconciler::counts() const {
  return {passes_done_, last_pass_time_, ready_.size() + delayed_.size() + scans_in_flight_,
          scans_in_flight_ > 0 || !ready_.empty() || !passes_.empty() || !missing_.empty()};
}

}  // namespace imgdedup::daemon
