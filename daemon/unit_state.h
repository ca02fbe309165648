// SPDX-License-Identifier: Apache-2.0
// Finds the service's unit with its drop-ins: as systemd has read them, or as they lie on disk.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/unit_openings.h"

namespace imgdedup::daemon {

/// Where systemd looks for units and their drop-ins, the most important last.
const std::vector<std::string>& unit_directories();

/// The unit's file and its drop-ins in the order in which they count, empty if there is no unit.
/// A file hides those of the same name in directories named before its own. Any thread.
std::vector<std::string> unit_files_on_disk(const std::vector<std::string>& directories);

/// What `systemctl show` says of the unit.
struct LoadedUnit {
  std::vector<std::string> files;    ///< as unit_files_on_disk(); empty: no unit
  bool has_changed_on_disk = false;  ///< systemctl daemon-reload is wanted
};
/// Of the text of `systemctl show -p FragmentPath -p DropInPaths -p NeedDaemonReload`; empty if it
/// cannot be told from that. Any thread.
std::optional<LoadedUnit> loaded_unit_in(std::string_view text);

struct UnitState {
  std::optional<UnitOpenings> openings;  ///< empty: no unit is installed
  std::string note;  ///< what was assumed, a line without an end; empty: nothing
};
/// Asks systemd where it runs. Blocks for that. Any thread.
UnitState look_at_unit();

}  // namespace imgdedup::daemon
