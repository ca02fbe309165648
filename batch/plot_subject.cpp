// SPDX-License-Identifier: Apache-2.0
// What a plot is of: a file's entry in the map that find gave, and where its pictures lie.
#include "batch/plot_subject.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <system_error>

#include <nlohmann/json.hpp>

#include "batch/json_text.h"

namespace imgdedup::batch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct Place {
  std::string name;
  fs::path folder;
};

fs::path whole(const fs::path& path) { return fs::absolute(path).lexically_normal(); }

/// The longest end of `path` that is a name in the map; the folder is what is left.
std::optional<Place> place_by_path(const json& found, const fs::path& path) {
  fs::path folder;
  for (auto part = path.begin(); part != path.end(); ++part) {
    fs::path rest;
    for (auto later = part; later != path.end(); ++later) rest /= *later;
    if (const auto name = json_text(rest.native()); found.contains(name))
      return Place{name, folder};
    folder /= *part;
  }
  return std::nullopt;
}

std::optional<Place> find_place(const json& found, const std::string& file,
                                const fs::path& folder) {
  const auto name = json_text(file);
  for (const std::string& each : {name, file})
    if (found.contains(each)) return Place{each, folder.empty() ? fs::path(".") : folder};
  if (folder.empty()) return place_by_path(found, whole(file));
  const auto below = json_text(whole(file).lexically_relative(whole(folder)).native());
  if (found.contains(below)) return Place{below, folder};
  return std::nullopt;
}

std::optional<std::string> score_text(const json& score) {
  if (score.is_number_unsigned()) return std::to_string(score.get<std::uint64_t>());
  if (score.is_number_integer()) return std::to_string(score.get<std::int64_t>());
  if (!score.is_number()) return std::nullopt;
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), score.get<double>(),
                                 std::chars_format::fixed, 3);
  if (end.ec == std::errc()) return std::string(text.data(), end.ptr);
  std::snprintf(text.data(), text.size(), "%.3e", score.get<double>());
  return text.data();
}

std::optional<PlottedDuplicate> duplicate_of(const json& hit) {
  if (hit.is_string()) return PlottedDuplicate{hit.get<std::string>(), {}};
  if (!hit.is_array() || hit.size() != 2 || !hit[0].is_string()) return std::nullopt;
  auto score = score_text(hit[1]);
  if (!score) return std::nullopt;
  return PlottedDuplicate{hit[0].get<std::string>(), std::move(*score)};
}

}  // namespace

PlotSubject plot_subject(const json& found, std::string_view source, const std::string& file,
                         const fs::path& folder) {
  const auto fail = [&source](const std::string& what) {
    throw std::runtime_error("read " + std::string(source) + ": " + what);
  };
  if (!found.is_object()) fail("it is no map of files to their duplicates");
  auto place = find_place(found, file, folder);
  if (!place) fail("it has no file " + file);
  PlotSubject subject{std::move(place->name), {}, std::move(place->folder)};
  const json& hits = found[subject.name];
  if (!hits.is_array()) fail(subject.name + " has no list");
  for (const json& hit : hits) {
    auto duplicate = duplicate_of(hit);
    if (!duplicate)
      fail(subject.name + " has something in its list that is neither a name nor [name, score]");
    subject.duplicates.push_back(std::move(*duplicate));
  }
  return subject;
}

fs::path path_of_name(const fs::path& folder, const std::string& name) {
  fs::path bytes = folder / bytes_of_json_text(name);
  std::error_code ignored;
  if (fs::symlink_status(bytes, ignored).type() != fs::file_type::not_found) return bytes;
  // Of a map that somebody else wrote.
  fs::path literal = folder / name;
  if (fs::symlink_status(literal, ignored).type() != fs::file_type::not_found) return literal;
  return bytes;
}

}  // namespace imgdedup::batch
