// SPDX-License-Identifier: Apache-2.0
// Which file has which duplicates: the result of find, as values and as JSON.
#include "batch/found_map.h"

#include <algorithm>
#include <set>
#include <stdexcept>
#include <tuple>

#include <nlohmann/json.hpp>

#include "batch/json_text.h"

namespace imgdedup::batch {

using nlohmann::json;

void add_pair(FoundMap& found, const std::string& a, const std::string& b, int distance_bits) {
  found.at(a).push_back({b, distance_bits});
  found.at(b).push_back({a, distance_bits});
}

void add_pair(FoundMap& found, const std::string& a, const std::string& b, double similarity) {
  found.at(a).push_back({b, 0, similarity});
  found.at(b).push_back({a, 0, similarity});
}

void order_hits(FoundMap& found, std::size_t neighbours) {
  for (auto& [name, hits] : found) {
    std::ranges::sort(hits, [](const Hit& a, const Hit& b) {
      return std::tie(a.distance_bits, b.similarity, a.name) <
             std::tie(b.distance_bits, a.similarity, b.name);
    });
    if (neighbours > 0 && hits.size() > neighbours) hits.resize(neighbours);
  }
}

std::vector<std::string> files_to_remove(const FoundMap& found) {
  std::set<std::string> removed;
  for (const auto& [name, hits] : found)
    if (!removed.contains(name))
      for (const Hit& hit : hits) removed.insert(hit.name);
  return {removed.begin(), removed.end()};
}

Tally tally(const FoundMap& found) {
  Tally counts{.duplicates = files_to_remove(found).size()};
  for (const auto& [name, hits] : found) counts.unique += hits.empty() ? 1U : 0U;
  counts.originals = found.size() - counts.unique - counts.duplicates;
  return counts;
}

json to_json(const FoundMap& found, Scores scores) {
  json map = json::object();
  for (const auto& [name, hits] : found) {
    json list = json::array();
    for (const Hit& hit : hits) {
      const std::string text = json_text(hit.name);
      if (scores == Scores::include && hit.similarity)
        list.push_back(json::array({text, *hit.similarity}));
      else if (scores == Scores::include)
        list.push_back(json::array({text, hit.distance_bits}));
      else
        list.push_back(text);
    }
    map[json_text(name)] = std::move(list);
  }
  return map;
}

NameMap name_map_from_json(const json& map, std::string_view source) {
  const auto fail = [&source](const std::string& what) {
    throw std::runtime_error("read " + std::string(source) + ": " + what);
  };
  if (!map.is_object()) fail("it is no map of files to their duplicates");
  NameMap names;
  for (const auto& [name, hits] : map.items()) {
    auto& list = names[name];
    if (!hits.is_array()) fail(name + " has no list");
    for (const json& hit : hits) {
      if (hit.is_string())
        list.push_back(hit.get<std::string>());
      else if (hit.is_array() && hit.size() == 2 && hit[0].is_string())
        list.push_back(hit[0].get<std::string>());
      else
        fail(name + " has something in its list that is neither a name nor [name, score]");
    }
  }
  return names;
}

}  // namespace imgdedup::batch
