// SPDX-License-Identifier: Apache-2.0
// Vectors by file name.
#include "batch/vectors.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "batch/json_text.h"

namespace imgdedup::batch {

using matching::Embedding;
using nlohmann::json;

json to_json(const Embedding& embedding) {
  json list = json::array();
  for (const float value : embedding.values) {
    // The number that is written shortest among those nearest to this float.
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, value).ptr;
    double number = 0;
    std::from_chars(text, end, number);
    list.push_back(number);
  }
  return list;
}

json to_json(const Vectors& vectors) {
  json map = json::object();
  for (const auto& [name, embedding] : vectors) map[json_text(name)] = to_json(embedding);
  return map;
}

bool holds_vectors(const json& map) {
  return map.is_object() && !map.empty() && map.begin()->is_array();
}

Vectors vectors_from_json(const json& map, std::string_view source) {
  const auto fail = [&source](const std::string& what) {
    throw std::runtime_error("read " + std::string(source) + ": " + what);
  };
  if (!map.is_object()) fail("it is no map of files to vectors");
  Vectors vectors;
  for (const auto& [name, list] : map.items()) {
    if (!list.is_array() || list.empty() || list.size() > matching::max_embedding_values ||
        !std::ranges::all_of(list, [](const json& value) { return value.is_number(); }))
      fail(name + " has no list of 1 to " + std::to_string(matching::max_embedding_values) +
           " numbers");
    Embedding embedding;
    double square = 0;
    for (const json& value : list) {
      embedding.values.push_back(value.get<float>());
      square += double{embedding.values.back()} * double{embedding.values.back()};
    }
    if (!std::isfinite(square) || square <= 0) fail(name + " has a vector without a direction");
    if (!vectors.empty() && vectors.begin()->second.values.size() != embedding.values.size())
      fail(name + " has a vector of another length than " + vectors.begin()->first);
    vectors.emplace(bytes_of_json_text(name), std::move(embedding));
  }
  return vectors;
}

}  // namespace imgdedup::batch
