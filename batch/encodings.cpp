// SPDX-License-Identifier: Apache-2.0
// Hashes by file name.
#include "batch/encodings.h"

#include <stdexcept>

#include <nlohmann/json.hpp>

#include "batch/json_text.h"

namespace imgdedup::batch {

using nlohmann::json;

json to_json(const Encodings& encodings) {
  json map = json::object();
  for (const auto& [name, hash] : encodings) map[json_text(name)] = matching::to_hex(hash);
  return map;
}

Encodings encodings_from_json(const json& map, std::string_view source,
                              std::optional<matching::HashSize> size) {
  const auto fail = [&source](const std::string& what) {
    throw std::runtime_error("read " + std::string(source) + ": " + what);
  };
  if (!map.is_object()) fail("it is no map of files to hashes");
  Encodings encodings;
  for (const auto& [name, value] : map.items()) {
    const auto hash = value.is_string() ? matching::encoded_hash_from_hex(value.get<std::string>())
                                        : std::nullopt;
    if (!hash) fail(name + " has no hash of 16 or 64 hex digits");
    if (!size) size = hash->size;
    if (hash->size != *size)
      fail(name + " has a hash of " + std::to_string(bits_of(hash->size)) + " bits, not of " +
           std::to_string(bits_of(*size)));
    encodings.emplace(bytes_of_json_text(name), *hash);
  }
  return encodings;
}

}  // namespace imgdedup::batch
