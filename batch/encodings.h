// SPDX-License-Identifier: Apache-2.0
// Hashes by file name: the result of encode, read again by find --encodings.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "matching/encoded_hash.h"

namespace imgdedup::batch {

/// All hashes have the same size.
using Encodings = std::map<std::string, matching::EncodedHash>;

/// {file: 16 or 64 hex digits}
nlohmann::json to_json(const Encodings& encodings);
/// Throws std::runtime_error naming `source` and the file whose hash is none, or has not the length
/// of the others, or not that of `size`.
Encodings encodings_from_json(const nlohmann::json& json, std::string_view source,
                              std::optional<matching::HashSize> size = std::nullopt);

}  // namespace imgdedup::batch
