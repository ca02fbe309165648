// SPDX-License-Identifier: Apache-2.0
// Typed reading of one mapping, and the words for what it finds instead.
#include "config/section.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <unordered_map>
#include <utility>

#include "config/printable.h"
#include "matching/units.h"

namespace imgdedup::config {
namespace {

constexpr std::size_t most_edits = 2;

/// Levenshtein distance; only called for short texts.
std::size_t edits_between(std::string_view left, std::string_view right) {
  std::vector<std::size_t> row(right.size() + 1);
  for (std::size_t k = 0; k <= right.size(); ++k) row[k] = k;
  for (std::size_t i = 0; i < left.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t k = 0; k < right.size(); ++k) {
      const std::size_t replaced = diagonal + (left[i] == right[k] ? 0 : 1);
      diagonal = row[k + 1];
      row[k + 1] = std::min({replaced, row[k] + 1, diagonal + 1});
    }
  }
  return row.back();
}

std::string_view nearest_of(std::string_view word, std::initializer_list<std::string_view> words) {
  std::string_view nearest;
  std::size_t fewest = most_edits + 1;
  for (const std::string_view candidate : words) {
    if (word.size() > candidate.size() + most_edits) continue;
    const std::size_t edits = edits_between(word, candidate);
    if (edits >= fewest || edits >= candidate.size()) continue;
    fewest = edits;
    nearest = candidate;
  }
  return nearest;
}

template <typename Words>
std::string listed(const Words& words) {
  std::string text;
  for (const std::string_view word : words) {
    if (!text.empty()) text += ", ";
    text += word;
  }
  return text;
}

std::string described(const YamlNode& node) {
  switch (node.kind) {
    case YamlKind::sequence:
      return "a list";
    case YamlKind::map:
      return "a mapping";
    case YamlKind::scalar:
      return quoted(node.text);
    case YamlKind::null:
    case YamlKind::refused:
      break;
  }
  return "empty";
}

template <typename Number>
std::optional<Number> whole_text_as(std::string_view text) {
  Number number{};
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || rest != text.data() + text.size()) return std::nullopt;
  return number;
}

/// Nothing outside the range; nan is outside any.
template <typename Value>
std::optional<Value> within(std::optional<Value> value, Value smallest, Value largest) {
  return value && *value >= smallest && *value <= largest ? value : std::nullopt;
}

std::string number_text(double number) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, number).ptr};
}

const YamlNode empty_map{YamlKind::map, 0, false, {}, {}, {}};

}  // namespace

Section::Section(const YamlNode& node, int line, std::string name,
                 std::initializer_list<std::string_view> keys, ProblemList& problems)
    : node_(node), name_(std::move(name)), problems_(problems) {
  if (node_.kind == YamlKind::map)
    check_keys(keys);
  else
    refuse(line, name_, node_, "a mapping with the keys " + listed(keys));
}

void Section::check_keys(std::initializer_list<std::string_view> keys) const {
  std::unordered_map<std::string_view, int> seen;
  for (const YamlEntry& entry : node_.entries) {
    const auto [first, is_new] = seen.emplace(entry.key, entry.line);
    if (!is_new) {
      problems_.add(
          entry.line, full_name(entry.key),
          "is set on line " + std::to_string(first->second) + " already, each key is allowed once");
    } else if (std::find(keys.begin(), keys.end(), entry.key) == keys.end()) {
      const std::string_view nearest = nearest_of(entry.key, keys);
      std::string message = "is not a known key";
      if (!nearest.empty()) message += " (did you mean " + std::string(nearest) + "?)";
      problems_.add(entry.line, full_name(entry.key), message + ", allowed are " + listed(keys));
    }
  }
}

const YamlEntry* Section::find(std::string_view key) const {
  const auto found = std::find_if(node_.entries.begin(), node_.entries.end(),
                                  [&](const YamlEntry& entry) { return entry.key == key; });
  return found == node_.entries.end() ? nullptr : &*found;
}

std::string Section::full_name(std::string_view key) const {
  return name_.empty() ? printable(key) : name_ + "." + printable(key);
}

int Section::line_of(std::string_view key) const {
  const YamlEntry* entry = find(key);
  return entry == nullptr ? 0 : entry->line;
}

Section Section::below(std::string_view key, std::initializer_list<std::string_view> keys) const {
  const YamlEntry* entry = find(key);
  if (entry == nullptr) return {empty_map, 0, full_name(key), keys, problems_};
  return {entry->value, entry->line, full_name(key), keys, problems_};
}

void Section::refuse(int line, const std::string& key, const YamlNode& value,
                     std::string_view allowed) const {
  if (value.kind == YamlKind::refused) return;
  problems_.add(line, key, "is " + described(value) + ", must be " + std::string(allowed));
}

template <typename Value, typename Parse>
void Section::read_scalar(std::string_view key, std::string_view allowed, const Parse& parse,
                          Value& target) const {
  const YamlEntry* entry = find(key);
  if (entry == nullptr) return;
  std::optional<Value> value;
  if (entry->value.kind == YamlKind::scalar) value = parse(entry->value.text);
  if (value)
    target = std::move(*value);
  else
    refuse(entry->line, full_name(key), entry->value, allowed);
}

void Section::read_flag(std::string_view key, bool& target) const {
  read_scalar(
      key, "true or false",
      [](std::string_view text) {
        return text == "true" || text == "false" ? std::optional(text == "true") : std::nullopt;
      },
      target);
}

void Section::read_whole_number(std::string_view key, int smallest, int largest,
                                int& target) const {
  read_scalar(
      key, "a whole number from " + std::to_string(smallest) + " to " + std::to_string(largest),
      [&](std::string_view text) { return within(whole_text_as<int>(text), smallest, largest); },
      target);
}

void Section::read_number(std::string_view key, double smallest, double largest,
                          double& target) const {
  read_scalar(
      key, "a number from " + number_text(smallest) + " to " + number_text(largest),
      [&](std::string_view text) { return within(whole_text_as<double>(text), smallest, largest); },
      target);
}

void Section::read_duration(std::string_view key, const DurationRange& range,
                            std::chrono::milliseconds& target) const {
  std::string allowed = "a whole number and a unit (ms, s, m, h, d), from " +
                        matching::duration_to_text(range.smallest) + " to " +
                        matching::duration_to_text(range.largest) + ", such as " +
                        std::string(range.example);
  if (!range.zero_means.empty()) allowed += "; or 0s: " + std::string(range.zero_means);
  read_scalar(
      key, allowed,
      [&](std::string_view text) {
        const auto duration = matching::parse_duration(text);
        const bool is_zero = duration && duration->count() == 0 && !range.zero_means.empty();
        return is_zero ? duration : within(duration, range.smallest, range.largest);
      },
      target);
}

void Section::read_size(std::string_view key, std::uint64_t smallest, std::uint64_t largest,
                        std::uint64_t& target) const {
  read_scalar(
      key,
      "a whole number and a unit (B, KiB, MiB, GiB, TiB), from " +
          matching::size_to_text(smallest) + " to " + matching::size_to_text(largest) +
          ", such as 1GiB",
      [&](std::string_view text) { return within(matching::parse_size(text), smallest, largest); },
      target);
}

void Section::read_count(std::string_view key, std::uint64_t smallest, std::uint64_t largest,
                         std::uint64_t& target) const {
  read_scalar(
      key,
      "a whole number, with K, M or G for thousands, from " + matching::count_to_text(smallest) +
          " to " + matching::count_to_text(largest) + ", such as 500M",
      [&](std::string_view text) { return within(matching::parse_count(text), smallest, largest); },
      target);
}

void Section::read_text(std::string_view key, const std::function<bool(std::string&)>& accepts,
                        std::string_view allowed, std::string& target) const {
  read_scalar(
      key, allowed,
      [&](std::string text) {
        return accepts(text) ? std::optional(std::move(text)) : std::nullopt;
      },
      target);
}

void Section::read_texts(std::string_view key, const std::function<bool(std::string&)>& accepts,
                         std::string_view allowed, std::vector<std::string>& target) const {
  const YamlEntry* entry = find(key);
  if (entry == nullptr) return;
  if (entry->value.kind != YamlKind::sequence) {
    refuse(entry->line, full_name(key), entry->value, "a list of " + std::string(allowed));
    return;
  }
  target.clear();
  for (const YamlNode& item : entry->value.items) {
    std::string text = item.text;
    if (item.kind == YamlKind::scalar && accepts(text))
      target.push_back(std::move(text));
    else
      refuse(item.line, full_name(key), item, "a list of " + std::string(allowed));
  }
}

std::optional<std::size_t> Section::word_index(std::string_view key,
                                               const std::vector<std::string_view>& words) const {
  std::size_t index = words.size();
  read_scalar(
      key, "one of " + listed(words),
      [&](std::string_view text) {
        const auto found = std::find(words.begin(), words.end(), text);
        return found == words.end()
                   ? std::nullopt
                   : std::optional(static_cast<std::size_t>(found - words.begin()));
      },
      index);
  return index == words.size() ? std::nullopt : std::optional(index);
}

}  // namespace imgdedup::config
