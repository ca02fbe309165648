// SPDX-License-Identifier: Apache-2.0
// Moments in JSON: ISO 8601, UTC, to the millisecond.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace imgdedup::protocol {

/// A moment of the system clock.
using Time = std::chrono::sys_time<std::chrono::milliseconds>;

/// "2026-05-04T13:37:00.123Z". Years 0 to 9999.
std::string time_to_text(Time time);
/// Empty unless `text` has exactly the form that time_to_text() gives.
std::optional<Time> time_from_text(std::string_view text);

}  // namespace imgdedup::protocol
