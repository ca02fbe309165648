// SPDX-License-Identifier: Apache-2.0
// The group whose members may use the control socket.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace imgdedup::daemon {

/// The number of the group of this name; empty for "". Throws std::runtime_error naming the setting
/// when there is none.
std::optional<gid_t> group_id(const std::string& name);

/// What is wrong with the setting of this value, and what to do: there is no such group. Empty if
/// there is one, if none is asked for, or if that cannot be told now (a directory service that is
/// not up yet). Any thread.
std::string problem_with_group(const std::string& name);

}  // namespace imgdedup::daemon
