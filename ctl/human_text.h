// SPDX-License-Identifier: Apache-2.0
// Figures as people read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "matching/relation.h"
#include "protocol/time_text.h"

namespace imgdedup::ctl {

/// "1,950".
std::string count_text(std::uint64_t count);
/// "1 file", "1,950 files".
std::string count_text(std::uint64_t count, std::string_view noun);
/// "999 B", "1.0 KiB", "667.6 MiB": units of 1024, one digit after the point.
std::string bytes_text(std::uint64_t bytes);
/// "0.8 s", "2 min 5 s", "3 h 0 min", "12 d 4 h": the two largest units.
std::string seconds_text(double seconds);
/// "just now" (also for what lies ahead), "5 min ago", "3 h ago", "12 d ago".
std::string age_text(protocol::Time then, protocol::Time now);
/// "30 bits, SSIM 0.972, 14 inliers, mirrored, turned 90°, shows 75 % of it": only what was
/// measured.
std::string evidence_text(const matching::Evidence& evidence);

}  // namespace imgdedup::ctl
