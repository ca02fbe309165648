// SPDX-License-Identifier: Apache-2.0
// What find and to-remove are asked, and whether it makes sense.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "batch/file_list.h"
#include "batch/method.h"
#include "batch/model_options.h"
#include "matching/hash_definition.h"
#include "worker/sandbox_layers.h"

namespace imgdedup::batch {

/// What find and to-remove have in common. Empty: not given.
struct SearchOptions {
  std::vector<std::string> folders;
  std::optional<Method> method;  ///< Method::all unless given
  std::optional<matching::HashLibrary> library;
  std::optional<matching::HashSize> hash_size;
  std::optional<int> max_distance_bits;
  std::optional<double> min_similarity;
  ModelOptions model;  ///< of Method::cnn
  Descent descent = Descent::this_folder_only;
  worker::SandboxRule sandbox = worker::SandboxRule::required;
  std::filesystem::path encodings;  ///< empty: read the pictures
  std::filesystem::path output;     ///< empty: standard output
};

/// The hash that the options ask for; nothing when the method has none.
std::optional<matching::HashDefinition> hash_definition_of(const SearchOptions& options);

/// The distance that was given, or 10. Throws UsageError when hashes of `size` cannot differ so
/// much.
int max_distance_of(const SearchOptions& options, matching::HashSize size);

/// Throws UsageError naming the first option that the method, or reading encodings, has no use for,
/// or that is out of range.
void check(const SearchOptions& options);

}  // namespace imgdedup::batch
