// SPDX-License-Identifier: Apache-2.0
// Settings written in the form of the settings file.
#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include "config/embedding_section.h"
#include "config/level_names.h"
#include "config/settings_file.h"
#include "matching/units.h"

namespace imgdedup::config {
namespace {

/// Paths that nothing in YAML could take for something else stay without quotes. Bytes above 127
/// stay as they are: an escape would name a character, and a path may be no characters at all.
std::string in_yaml(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  const bool is_simple =
      text.size() > 1 && text.front() == '/' && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '/' || c == '.' || c == '_' || c == '-';
      });
  if (is_simple) return std::string(text);
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      result += "\\x";
      result += digits[byte >> 4];
      result += digits[byte & 15];
    } else {
      result += c;
    }
  }
  return result + '"';
}

std::string in_yaml(const std::vector<std::string>& texts) {
  std::string result = "[";
  for (const std::string& text : texts) {
    if (result.size() > 1) result += ", ";
    result += in_yaml(text);
  }
  return result + "]";
}

std::string in_yaml(bool flag) { return flag ? "true" : "false"; }

std::string in_yaml(double number) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, number).ptr};
}

std::string in_yaml(std::chrono::milliseconds duration) {
  return matching::duration_to_text(duration);
}

std::string root_in_yaml(const WatchedRoot& root) {
  return "  - path: " + in_yaml(root.path) + "\n    recursive: " + in_yaml(root.recursive) +
         "\n    protect: " + in_yaml(root.protect) +
         "\n    poll_interval: " + in_yaml(root.poll_interval) +
         "\n    include: " + in_yaml(root.include) + "\n    exclude: " + in_yaml(root.exclude) +
         "\n    quarantine: " + in_yaml(root.quarantine) + "\n";
}

std::string detection_in_yaml(const Settings& settings) {
  const matching::Policy& policy = settings.policy;
  return "detect:\n  near: {enabled: " + in_yaml(policy.near_enabled) +
         ", hash: " + std::string(name_of(policy.hash_kind)) +
         ", radius_bits: " + std::to_string(policy.radius_bits) +
         "}\n  edited: {enabled: " + in_yaml(policy.edited_enabled) +
         "}\n  embedding: {model: " + in_yaml(settings.embedding.model) +
         ", min_similarity: " + in_yaml(settings.embedding.min_similarity) +
         network_keys_in_yaml(settings.embedding) + "}\n";
}

std::string policy_in_yaml(const matching::Policy& policy) {
  std::string result;
  for (const auto relation : {matching::Relation::exact, matching::Relation::pixels,
                              matching::Relation::near, matching::Relation::edited}) {
    result += result.empty() ? "actions: {" : ", ";
    result.append(name_of(relation)).append(": ").append(name_of(policy.action_for(relation)));
  }
  return result + "}\nkeep: " + std::string(name_of(policy.keep)) + "\n";
}

std::string limits_in_yaml(const Limits& limits) {
  return "limits: {file_bytes: " + matching::size_to_text(limits.max_file_bytes) +
         ", pixels: " + matching::count_to_text(limits.max_pixels) +
         ", worker_memory: " + matching::size_to_text(limits.worker_memory_bytes) +
         ", worker_time: " + in_yaml(limits.worker_time) + "}\n";
}

}  // namespace

std::string to_yaml(const Settings& settings) {
  std::string result = "watch:\n";
  for (const WatchedRoot& root : settings.watch) result += root_in_yaml(root);
  result += detection_in_yaml(settings) + policy_in_yaml(settings.policy);
  result += "settle_time: " + in_yaml(settings.settle_time) + "\n";
  result += "reconcile_interval: " + in_yaml(settings.reconcile_interval) + "\n";
  result += "catalog: " + in_yaml(settings.catalog) + "\n";
  result += "duplicates_log: " + in_yaml(settings.duplicates_log) + "\n";
  result += "socket: {path: " + in_yaml(settings.socket.path) +
            ", group: " + in_yaml(settings.socket.group) + "}\n";
  result += "workers: " + std::to_string(settings.workers) + "\n";
  result += "sandbox: " + std::string(name_of(settings.sandbox)) + "\n";
  result += limits_in_yaml(settings.limits);
  return result + "log: {level: " + std::string(name_of(settings.log_level)) + "}\n";
}

}  // namespace imgdedup::config
