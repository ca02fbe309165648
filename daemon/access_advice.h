// SPDX-License-Identifier: Apache-2.0
// What the service's user may do in each watched folder, in words, with the commands that let it.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "config/settings.h"
#include "daemon/folder_access.h"
#include "daemon/unit_openings.h"

namespace imgdedup::daemon {

/// From where a folder was looked at.
enum class Viewpoint : std::uint8_t {
  outside,  ///< by somebody at a shell: all of the system is there
  service,  ///< by the service itself, through its unit
};

struct AccessReport {
  std::vector<std::string> warnings;   ///< one line each: what is wrong, what follows, the command
  std::vector<std::string> troubles;   ///< those of them without which the service is degraded
  std::vector<std::string> summaries;  ///< one line a folder: what can be done there
};

/// `user`: the name that the commands let in. Whether files are to be moved, and so the right to
/// rename matters, is taken from `settings`. `unit`: what holds beside the rights of the user when
/// `access` was looked at from outside; nullptr: nothing.
AccessReport describe_access(const config::Settings& settings, const config::WatchedRoot& root,
                             const FolderAccess& access, const std::string& user, Viewpoint from,
                             const UnitOpenings* unit = nullptr);

/// Warnings about folders that the unit does not open.
std::vector<std::string> describe_openings(const config::Settings& settings,
                                           const UnitOpenings& openings);

/// Why this process may not read the settings `path`, with the command that lets `user` and its
/// group `group`; empty if it may.
std::string describe_settings_access(const std::string& path, const std::string& user,
                                     const std::string& group);

/// For --check-config: looks at every folder and writes the summaries and warnings. Root looks with
/// the rights of the service's user, in a process of its own; anyone else with their own.
/// with_unit: the settings are those of the unit, so what it opens and allows counts too.
void report_access(const config::Settings& settings, const std::string& settings_path,
                   bool with_unit, std::ostream& out);

/// For the service itself, of all folders. Blocks for seconds on a slow folder.
/// Any thread.
AccessReport access_of_service(const config::Settings& settings);

}  // namespace imgdedup::daemon
