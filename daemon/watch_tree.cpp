// SPDX-License-Identifier: Apache-2.0
// Which directories are watched.
#include "daemon/watch_tree.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "posix/file_status.h"
#include "posix/mount_info.h"
#include "posix/safe_open.h"

namespace imgdedup::daemon {
namespace {

constexpr std::size_t sampled_files = 50;

std::string advice_for(int error) {
  switch (error) {
    case ENOSPC:
      return "the limit of inotify watches is reached; raise fs.inotify.max_user_watches (sysctl) "
             "and rescan";
    case EMFILE:
      return "the limit of inotify instances is reached; raise fs.inotify.max_user_instances "
             "(sysctl) and restart";
    default:
      return std::strerror(error);
  }
}

}  // namespace

WatchTree::WatchTree(event::Loop& loop, Roots& roots, store::Catalog& catalog,
                     WatchTreeObserver& observer)
    : roots_(roots),
      catalog_(catalog),
      observer_(observer),
      watcher_(loop, [this](const event::WatchReport& report) { on_report(report); }) {}

bool WatchTree::check_root(std::size_t index) {
  Root& root = roots_.all()[index];
  const std::string& path = root.settings.path;
  const posix::Opened directory = posix::open_root(path);
  if (!directory) {
    take_offline(index, "cannot open " + path + ": " + std::strerror(directory.error));
    return false;
  }
  try {
    const DirectoryIdentity identity = identity_of(posix::status_of(directory.descriptor.get()));
    if (DirectoryNode* node = nodes_.find(root.node)) {
      if (node->identity == identity) return true;
      take_offline(index, "another directory lies at " + path + " than before");
    }
    const posix::FileSystem file_system = posix::file_system_of(directory.descriptor.get());
    const store::RootIdentity seen{file_system.id, identity.inode};
    if (!is_plausible_root(index, seen)) {
      take_offline(index, path +
                              " is not the folder that was there before, and holds none of its "
                              "files: is its file system mounted?");
      return false;
    }
    catalog_.set_root_identity(path, seen);
    root.mode = root.settings.poll_interval.count() > 0 || file_system.is_remote ? RootMode::polling
                                                                                 : RootMode::events;
    root.error.clear();
    root.directories = 1;
    root.polled_directories = 0;
    DirectoryNode& node = nodes_.add(index, 0, "");
    root.node = node.id;
    watch(node);
    observer_.root_is_online(root);
    return true;
  } catch (const std::system_error& error) {
    take_offline(index, "cannot read " + path + ": " + error.what());
    return false;
  }
}

// An empty mount point, or another disk, is not a root whose files were all deleted. On the file
// system that was there before, a new folder is believed as soon as it holds something.
bool WatchTree::is_plausible_root(std::size_t index, const store::RootIdentity& seen) {
  const Root& root = roots_.all()[index];
  const std::string& path = root.settings.path;
  const auto known = catalog_.root_identity(path);
  if (!known || *known == seen) return true;
  const auto files = catalog_.files_below(path, 0, sampled_files).rows;
  if (files.empty()) return true;
  const auto is_there = [&](const store::CatalogFile& file) {
    return static_cast<bool>(posix::open_file_beneath(path, relative_to(root, file.path)));
  };
  if (std::any_of(files.begin(), files.end(), is_there)) return true;
  return known->filesystem_id == seen.filesystem_id &&
         !scan_directory({path, "", root.filter, false, {}}).is_empty;
}

void WatchTree::take_offline(std::size_t index, const std::string& why) {
  Root& root = roots_.all()[index];
  const NodeId node = std::exchange(root.node, 0);
  const bool is_news = root.error != why;
  root.mode = RootMode::offline;
  root.error = why;
  if (node != 0) remove_directory(node);
  root.directories = 0;
  root.polled_directories = 0;
  if (is_news) observer_.root_is_offline(root);
}

DirectoryNode& WatchTree::add_directory(NodeId parent, const std::string& name, std::size_t root) {
  const DirectoryNode* above = nodes_.find(parent);
  DirectoryNode& node = nodes_.add(root, parent, join_relative(above->relative, name));
  ++roots_.all()[root].directories;
  watch(node);
  return node;
}

void WatchTree::remove_directory(NodeId id) {
  nodes_.remove(id, [this](const DirectoryNode& node) {
    Root& root = roots_.all()[node.root];
    if (root.directories > 0) --root.directories;
    if (node.is_polled && root.polled_directories > 0) --root.polled_directories;
    watcher_.unwatch(node.id);
    observer_.directory_goes(node);
  });
}

void WatchTree::watch_again(DirectoryNode& node) { watch(node); }

// Identity and watch are taken from one descriptor, so that they speak of the same directory.
void WatchTree::watch(DirectoryNode& node) {
  const Root& root = roots_.all()[node.root];
  node.is_watched = false;
  posix::Opened directory = posix::open_directory_beneath(root.settings.path, node.relative);
  if (!directory) {
    // Gone, replaced or forbidden: its listing finds out, which is where that is handled.
    poll_instead(node, 0);
    return;
  }
  try {
    node.identity = identity_of(posix::status_of(directory.descriptor.get()));
    const DirectoryNode* above = nodes_.find(node.parent);
    node.is_remote = above && above->identity.device == node.identity.device
                         ? above->is_remote
                         : posix::file_system_of(directory.descriptor.get()).is_remote;
  } catch (const std::system_error&) {
    poll_instead(node, 0);
    return;
  }
  if (root.mode == RootMode::polling || node.is_remote) {
    poll_instead(node, 0);
    return;
  }
  watcher_.watch(node.id, std::move(directory.descriptor));
}

void WatchTree::set_polled(DirectoryNode& node, bool is_polled) {
  if (node.is_polled == is_polled) return;
  node.is_polled = is_polled;
  Root& root = roots_.all()[node.root];
  if (is_polled)
    ++root.polled_directories;
  else
    --root.polled_directories;
}

// error: errno of a watch that could not be had; 0 where none was asked for.
void WatchTree::poll_instead(DirectoryNode& node, int error) {
  Root& root = roots_.all()[node.root];
  set_polled(node, true);
  node.is_watched = true;
  if (error != 0) {
    ++watch_failures_;
    root.error = "cannot watch " + absolute_path(root.settings.path, node.relative) + ": " +
                 advice_for(error) + "; until then it is listed once a minute";
  }
  observer_.directory_is_dirty(node);
}

void WatchTree::on_report(const event::WatchReport& report) {
  for (const event::WatchId id : report.started) {
    DirectoryNode* node = nodes_.find(id);
    if (!node) continue;
    set_polled(*node, false);
    node->is_watched = true;
    observer_.directory_is_dirty(*node);
  }
  for (const auto& [id, error] : report.failed)
    if (DirectoryNode* node = nodes_.find(id)) poll_instead(*node, error);
  for (const event::WatchId id : report.dirty)
    if (DirectoryNode* node = nodes_.find(id)) observer_.directory_is_dirty(*node);
  for (const event::WatchId id : report.lost) {
    DirectoryNode* node = nodes_.find(id);
    if (!node) continue;
    if (DirectoryNode* above = nodes_.find(node->parent)) observer_.directory_is_dirty(*above);
    if (node->parent == 0) check_root(node->root);
    if ((node = nodes_.find(id))) watch(*node);
  }
  repair(report.dead);
  if (report.overflow) observer_.events_were_lost();
}

void WatchTree::audit() {
  std::vector<event::WatchId> watched;
  for (const Root& root : roots_.all()) {
    if (root.mode != RootMode::events) continue;
    nodes_.for_each_below(root.node, [&](const DirectoryNode& node) {
      if (!node.is_polled) watched.push_back(node.id);
    });
  }
  if (!watched.empty()) watcher_.audit(watched);
}

void WatchTree::repair(const std::vector<event::WatchId>& dead) {
  std::size_t repaired = 0;
  for (const event::WatchId id : dead) {
    DirectoryNode* node = nodes_.find(id);
    if (!node) continue;
    const DirectoryIdentity before = node->identity;
    watch(*node);
    // Another directory, or none: it has just gone, which was about to be reported.
    if (!node->is_polled && node->identity == before) ++repaired;
  }
  watch_repairs_ += repaired;
  if (repaired > 0) observer_.watches_were_repaired(repaired);
}

}  // namespace imgdedup::daemon
