// SPDX-License-Identifier: Apache-2.0
// Figures as people read them.
#include "ctl/human_text.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <utility>

namespace imgdedup::ctl {
namespace {

std::string decimal_text(double value, int digits) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return text.data();
}

}  // namespace

std::string count_text(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t place = text.size(); place > 3;) {
    place -= 3;
    text.insert(place, 1, ',');
  }
  return text;
}

std::string count_text(std::uint64_t count, std::string_view noun) {
  return count_text(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::string bytes_text(std::uint64_t bytes) {
  if (bytes < 1024) return std::to_string(bytes) + " B";
  constexpr std::array<std::string_view, 6> units{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  // 1023.95 would be written as 1024.0 of the smaller unit.
  for (; value >= 1023.95 && unit + 1 < units.size(); ++unit) value /= 1024;
  return decimal_text(value, 1) + " " + std::string(units[unit]);
}

std::string seconds_text(double seconds) {
  if (seconds < 59.95) return decimal_text(std::max(seconds, 0.0), 1) + " s";
  constexpr auto units = std::to_array<std::pair<std::int64_t, std::string_view>>(
      {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}});
  const auto whole = static_cast<std::int64_t>(std::min(seconds + 0.5, 1e15));
  std::size_t first = 0;
  while (whole < units[first].first) ++first;
  const auto& [size, name] = units[first];
  const auto& [next_size, next_name] = units[first + 1];
  return std::to_string(whole / size) + " " + std::string(name) + " " +
         std::to_string(whole % size / next_size) + " " + std::string(next_name);
}

std::string age_text(protocol::Time then, protocol::Time now) {
  using namespace std::chrono_literals;
  const auto age = std::chrono::floor<std::chrono::seconds>(now - then);
  if (age < 1s) return "just now";
  if (age < 60s) return std::to_string(age.count()) + " s ago";
  if (age < 60min) return std::to_string(age / 1min) + " min ago";
  if (age < 48h) return std::to_string(age / 1h) + " h ago";
  return std::to_string(age / 24h) + " d ago";
}

std::string evidence_text(const matching::Evidence& evidence) {
  std::string text;
  const auto add = [&](const std::string& measure) {
    if (!text.empty()) text += ", ";
    text += measure;
  };
  if (evidence.distance_bits)
    add(std::to_string(*evidence.distance_bits) +
        (*evidence.distance_bits == 1 ? " bit" : " bits"));
  if (evidence.ssim) add("SSIM " + decimal_text(*evidence.ssim, 3));
  if (evidence.inliers)
    add(std::to_string(*evidence.inliers) + (*evidence.inliers == 1 ? " inlier" : " inliers"));
  if (evidence.similarity) add("similarity " + decimal_text(*evidence.similarity, 3));
  if (evidence.mirrored.value_or(false)) add("mirrored");
  if (const auto turn = std::lround(evidence.rotation_degrees.value_or(0)) % 360; turn != 0)
    add("turned " + std::to_string(turn) + "°");
  if (evidence.overlap) add("shows " + decimal_text(100 * *evidence.overlap, 0) + " % of it");
  return text;
}

}  // namespace imgdedup::ctl
