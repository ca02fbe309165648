// SPDX-License-Identifier: Apache-2.0
// Vectors by file name: the result of encode --method cnn, read again by find --encodings.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "matching/measurement.h"

namespace imgdedup::batch {

/// All of one length.
using Vectors = std::map<std::string, matching::Embedding>;

/// A list of numbers, each with as many digits as give it back.
nlohmann::json to_json(const matching::Embedding& embedding);
/// {file: list of numbers}
nlohmann::json to_json(const Vectors& vectors);

/// Whether `json` is a map whose first entry is a list: vectors, not hashes.
bool holds_vectors(const nlohmann::json& json);
/// The vectors need not have length 1. Throws std::runtime_error naming `source` and the file whose
/// vector is none, is zeros, or has not the length of the others.
Vectors vectors_from_json(const nlohmann::json& json, std::string_view source);

}  // namespace imgdedup::batch
