// SPDX-License-Identifier: Apache-2.0
// One mapping of the settings file: its known keys, read into values that have their defaults.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/problem.h"
#include "config/yaml_tree.h"

namespace imgdedup::config {

/// From `smallest` to `largest`, zero besides.
struct DurationRange {
  std::chrono::milliseconds smallest, largest;
  std::string_view example;
  std::string_view zero_means;  ///< not empty: zero is allowed, and means this
};

/// Each read_...() leaves its target as it is when the key is not there, and also when the value is
/// wrong: that is a problem then, with the key's line and what is allowed.
class Section {
 public:
  /// node: anything; no map is a problem. name: "" or "detect.near". Reports the keys that are not
  /// among `keys` and those that come twice. Keeps references to `node` and `problems`.
  Section(const YamlNode& node, int line, std::string name,
          std::initializer_list<std::string_view> keys, ProblemList& problems);

  /// The key's entry; null if it is not there.
  [[nodiscard]] const YamlEntry* find(std::string_view key) const;
  /// The key's full name: "detect.near.hash".
  [[nodiscard]] std::string full_name(std::string_view key) const;
  /// The key's line; 0 if it is not there.
  [[nodiscard]] int line_of(std::string_view key) const;
  /// The mapping below `key`; an empty one if it is not there.
  [[nodiscard]] Section below(std::string_view key,
                              std::initializer_list<std::string_view> keys) const;

  void read_flag(std::string_view key, bool& target) const;
  void read_whole_number(std::string_view key, int smallest, int largest, int& target) const;
  void read_number(std::string_view key, double smallest, double largest, double& target) const;
  void read_duration(std::string_view key, const DurationRange& range,
                     std::chrono::milliseconds& target) const;
  void read_size(std::string_view key, std::uint64_t smallest, std::uint64_t largest,
                 std::uint64_t& target) const;
  void read_count(std::string_view key, std::uint64_t smallest, std::uint64_t largest,
                  std::uint64_t& target) const;
  /// accepts: whether the text is allowed; it may change it (to its normal form).
  void read_text(std::string_view key, const std::function<bool(std::string&)>& accepts,
                 std::string_view allowed, std::string& target) const;
  void read_texts(std::string_view key, const std::function<bool(std::string&)>& accepts,
                  std::string_view allowed, std::vector<std::string>& target) const;
  /// One of `values`, by what name_of() calls them.
  template <typename Enum>
  void read_word(std::string_view key, std::initializer_list<Enum> values, Enum& target) const {
    std::vector<std::string_view> words;
    for (const Enum value : values) words.push_back(name_of(value));
    if (const auto index = word_index(key, words)) target = values.begin()[*index];
  }

  /// Reports that the value of `entry` is not `allowed`.
  void refuse(int line, const std::string& key, const YamlNode& value,
              std::string_view allowed) const;

 private:
  [[nodiscard]] std::optional<std::size_t> word_index(
      std::string_view key, const std::vector<std::string_view>& words) const;
  /// parse: from the text to an optional Value.
  template <typename Value, typename Parse>
  void read_scalar(std::string_view key, std::string_view allowed, const Parse& parse,
                   Value& target) const;
  void check_keys(std::initializer_list<std::string_view> keys) const;

  const YamlNode& node_;
  std::string name_;
  ProblemList& problems_;
};

}  // namespace imgdedup::config
