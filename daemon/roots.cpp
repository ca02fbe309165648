// SPDX-License-Identifier: Apache-2.0
// The watched roots as they are now.
#include "daemon/roots.h"

#include <algorithm>

namespace imgdedup::daemon {
namespace {

bool lies_in(std::string_view path, std::string_view directory) {
  if (directory == "/") return true;
  return path.starts_with(directory) &&
         (path.size() == directory.size() || path[directory.size()] == '/');
}

}  // namespace

Roots::Roots(const std::vector<config::WatchedRoot>& settings) {
  for (const config::WatchedRoot& root_settings : settings) {
    Root& root = roots_.emplace_back();
    root.settings = root_settings;
    root.filter = std::make_shared<PathFilter>(root_settings.include, root_settings.exclude);
    root.error = "not looked at yet";
  }
}

const Root* Roots::holding(std::string_view path) const {
  for (const Root& root : roots_)
    if (lies_in(path, root.settings.path)) return &root;
  return nullptr;
}

bool Roots::is_online(std::string_view path) const {
  const Root* root = holding(path);
  return root && root->is_online();
}

bool Roots::any_offline() const {
  return std::any_of(roots_.begin(), roots_.end(),
                     [](const Root& root) { return !root.is_online(); });
}

std::vector<std::string> Roots::quarantine_directories() const {
  std::vector<std::string> directories = earlier_quarantine_directories_;
  for (const Root& root : roots_) directories.push_back(root.settings.quarantine);
  return directories;
}

void Roots::remember_quarantine_directories(const std::vector<std::string>& directories) {
  for (const std::string& directory : directories) {
    const bool is_of_settings = std::any_of(roots_.begin(), roots_.end(), [&](const Root& root) {
      return root.settings.quarantine == directory;
    });
    if (!is_of_settings) earlier_quarantine_directories_.push_back(directory);
  }
}

std::string relative_to(const Root& root, std::string_view path) {
  const std::string& top = root.settings.path;
  if (path.size() <= top.size()) return "";
  return std::string(path.substr(top == "/" ? 1 : top.size() + 1));
}

}  // namespace imgdedup::daemon
