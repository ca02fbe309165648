// SPDX-License-Identifier: Apache-2.0
// Which paths the service's systemd unit opens to it, by its drop-ins and by what they ought to
// say.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"

namespace imgdedup::daemon {

/// The account that the unit runs the service as.
inline constexpr const char* service_user = "imgdedupd";
/// Where an administrator's drop-ins lie, and the name the documents give to ours.
inline constexpr const char* drop_in_directory = "/etc/systemd/system/imgdedupd.service.d";
inline constexpr const char* drop_in_path = "/etc/systemd/system/imgdedupd.service.d/folders.conf";

/// What a unit lets the service do. As made: what ours says without a drop-in.
struct UnitOpenings {
  std::vector<std::string> writable;  ///< ReadWritePaths=, BindPaths=
  std::vector<std::string> visible;   ///< the same, ReadOnlyPaths= and BindReadOnlyPaths=
  std::vector<std::string> groups{};  ///< SupplementaryGroups=
  std::string user{};                 ///< User=; empty: not said
  bool hides_homes = true;            ///< ProtectHome=yes or tmpfs
  bool has_read_only_homes = true;    ///< any ProtectHome= but no
  bool has_read_only_system = true;   ///< ProtectSystem=strict
  bool has_ambient_lease = false;     ///< AmbientCapabilities=CAP_LEASE
  bool has_bounding_lease = false;    ///< CapabilityBoundingSet=CAP_LEASE

  [[nodiscard]] bool shows(std::string_view path) const;
  [[nodiscard]] bool lets_write(std::string_view path) const;
  [[nodiscard]] bool lets_lease() const { return has_ambient_lease && has_bounding_lease; }
  /// Whether `path` is one of `paths` or below one.
  static bool covers(const std::vector<std::string>& paths, std::string_view path);
};

/// What the lines of unit files say, an empty assignment resetting what came before. Any thread.
UnitOpenings openings_in(std::string_view unit_text);
/// What unit files say one after the other; those that cannot be read are passed over.
UnitOpenings read_unit_files(const std::vector<std::string>& files);

/// Whether our unit hides the path (ProtectHome=) unless it is bound in.
bool is_hidden_by_unit(std::string_view path);

/// A drop-in that opens to the unit what `settings` name: the watched folders, the service's own
/// files where they lie elsewhere than the unit gives it, the socket's group. `settings_path` is
/// named in a comment. A path that no unit file can name (a control character, not UTF-8) is told
/// in a comment as well.
std::string drop_in_text(const config::Settings& settings, const std::string& settings_path);

}  // namespace imgdedup::daemon
