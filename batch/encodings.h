// SPDX-License-Identifier: Apache-2.0
// Hashes by file name: the result of encode, read again by find --encodings.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "matching/fingerprint.h"

namespace imgdedup::batch {

using Encodings = std::map<std::string, matching::PerceptualHash>;

/// {file: 16 hex digits}
nlohmann::json to_json(const Encodings& encodings);
/// Throws std::runtime_error naming `source` and the file whose hash is none.
Encodings encodings_from_json(const nlohmann::json& json, std::string_view source);

}  // namespace imgdedup::batch
