// SPDX-License-Identifier: Apache-2.0
// Pictures that belong together without one being a copy of the other.
#include "matching/companion.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <vector>

namespace imgdedup::matching {
namespace {

constexpr std::array<std::string_view, 3> names{"raw+jpeg", "sidecar", "burst"};

constexpr std::array<std::string_view, 3> descriptions{
    "a camera's RAW and the picture of the same shot",
    "a file and the thumbnail a camera put beside it", "two shots of one series"};

constexpr auto raw_extensions = std::to_array<std::string_view>(
    {"3fr", "arw", "bay", "cap", "cr2", "cr3", "crw", "dcr", "dng", "erf", "fff", "gpr",
     "iiq", "k25", "kdc", "mef", "mos", "mrw", "nef", "nrw", "orf", "ori", "pef", "ptx",
     "pxn", "r3d", "raf", "raw", "rw2", "rwl", "sr2", "srf", "srw", "x3f"});

constexpr std::int64_t max_ns_between_shots = 2'000'000'000;
constexpr std::uint64_t max_counter_steps = 100;
// Names such as "copy-1" and "copy-2" are given to copies; cameras count with more digits.
constexpr std::size_t min_counter_digits = 3;
constexpr std::size_t max_counter_digits = 18;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// ASCII only: endings and the words of cameras are.
std::string in_lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

struct Name {
  std::string_view folder;
  std::string stem, extension;  ///< in lower case, without the point
};

Name name_in(std::string_view path) {
  Name name;
  const std::size_t slash = path.rfind('/');
  const std::string_view last = slash == std::string_view::npos ? path : path.substr(slash + 1);
  if (slash != std::string_view::npos) name.folder = path.substr(0, slash);
  const std::size_t point = last.rfind('.');
  name.stem = in_lower_case(last.substr(0, point));
  if (point != std::string_view::npos) name.extension = in_lower_case(last.substr(point + 1));
  return name;
}

bool is_raw(const Name& name) {
  return std::find(raw_extensions.begin(), raw_extensions.end(), name.extension) !=
         raw_extensions.end();
}

/// A name as its words with '0' for each number, and the numbers.
struct Pattern {
  std::string words;
  std::vector<std::string> numbers;
};

Pattern pattern_of(std::string_view stem) {
  Pattern pattern;
  for (std::size_t i = 0; i < stem.size();) {
    if (!is_digit(stem[i])) {
      pattern.words += stem[i++];
      continue;
    }
    std::size_t end = i;
    while (end < stem.size() && is_digit(stem[end])) ++end;
    pattern.words += '0';
    pattern.numbers.emplace_back(stem.substr(i, end - i));
    i = end;
  }
  return pattern;
}

/// The first picture of a series is marked in some cameras' names.
std::string without_cover(std::string stem) {
  for (const std::string_view mark : {"_cover", ".cover"})
    if (stem.ends_with(mark)) stem.resize(stem.size() - mark.size());
  return stem;
}

std::uint64_t difference(const std::string& a, const std::string& b) {
  const std::uint64_t left = std::stoull(a), right = std::stoull(b);
  return left < right ? right - left : left - right;
}

/// How many steps of a counter lie between two names of one series; empty if they are of none.
std::optional<std::uint64_t> steps_between(const std::string& a_stem, const std::string& b_stem) {
  const Pattern a = pattern_of(without_cover(a_stem)), b = pattern_of(without_cover(b_stem));
  if (a.words != b.words || a.numbers == b.numbers) return std::nullopt;
  if (a.words.find("burst") != std::string::npos) return 1;
  std::optional<std::uint64_t> steps;
  for (std::size_t i = 0; i < a.numbers.size(); ++i) {
    const std::string &left = a.numbers[i], &right = b.numbers[i];
    if (left == right) continue;
    const std::size_t digits = std::min(left.size(), right.size());
    if (steps || digits < min_counter_digits ||
        std::max(left.size(), right.size()) > max_counter_digits)
      return std::nullopt;
    steps = difference(left, right);
  }
  if (!steps || *steps == 0 || *steps > max_counter_steps) return std::nullopt;
  return steps;
}

bool are_of_one_series(const ImageRecord& a, const ImageRecord& b, const Name& a_name,
                       const Name& b_name) {
  if (a_name.folder != b_name.folder) return false;
  // The preview of a RAW has a size of its own.
  if (is_raw(a_name) == is_raw(b_name) &&
      (a_name.extension != b_name.extension ||
       a.fingerprint.width_pixels != b.fingerprint.width_pixels ||
       a.fingerprint.height_pixels != b.fingerprint.height_pixels))
    return false;
  const auto steps = steps_between(a_name.stem, b_name.stem);
  if (!steps) return false;
  const auto [first_ns, last_ns] = std::minmax(a.stamp.mtime_ns, b.stamp.mtime_ns);
  // Unsigned: times of a broken clock may lie further apart than a signed number reaches.
  const std::uint64_t apart_ns =
      static_cast<std::uint64_t>(last_ns) - static_cast<std::uint64_t>(first_ns);
  return apart_ns <= *steps * static_cast<std::uint64_t>(max_ns_between_shots);
}

}  // namespace

std::string_view name_of(CompanionKind kind) { return names[static_cast<std::size_t>(kind)]; }

std::string_view describe(CompanionKind kind) {
  return descriptions[static_cast<std::size_t>(kind)];
}

bool is_raw_name(std::string_view path) { return is_raw(name_in(path)); }

std::optional<CompanionKind> companion_kind(const ImageRecord& a, const ImageRecord& b,
                                            Relation relation) {
  if (relation == Relation::exact) return std::nullopt;
  const Name a_name = name_in(a.path), b_name = name_in(b.path);
  if (a_name.stem == b_name.stem) {
    if (is_raw(a_name) != is_raw(b_name)) return CompanionKind::raw_and_jpeg;
    if (a_name.folder == b_name.folder &&
        (a_name.extension == "thm") != (b_name.extension == "thm"))
      return CompanionKind::sidecar;
  }
  if (relation != Relation::pixels && are_of_one_series(a, b, a_name, b_name))
    return CompanionKind::burst;
  return std::nullopt;
}

}  // namespace imgdedup::matching
