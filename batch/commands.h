// SPDX-License-Identifier: Apache-2.0
// The commands of imgdedup. Results go to a file or standard output, words to standard error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "batch/file_list.h"
#include "batch/found_map.h"
#include "batch/method.h"

namespace imgdedup::batch {

/// What find and to-remove have in common.
struct SearchOptions {
  std::vector<std::string> folders;
  Method method = Method::all;
  int max_distance_bits = 10;
  Descent descent = Descent::this_folder_only;
  std::filesystem::path encodings;  ///< empty: read the pictures
  std::filesystem::path output;     ///< empty: standard output
};

struct FindOptions {
  SearchOptions search;
  Scores scores = Scores::omit;
  std::size_t neighbours = 0;  ///< 0: all
  std::string query;           ///< empty: every file's duplicates
};

struct EncodeOptions {
  std::string path;  ///< a file or a folder
  Method method = Method::phash;
  Descent descent = Descent::this_folder_only;
  std::filesystem::path output;
};

enum class Metric : std::uint8_t { map, ndcg, jaccard, classification, all };

struct EvaluateOptions {
  std::filesystem::path truth, found;
  Metric metric = Metric::all;
};

/// Each does its work or throws std::runtime_error (std::system_error ...) saying what failed on
/// what.
void find(const FindOptions& options);
void to_remove(const SearchOptions& options);
void encode(const EncodeOptions& options);
void evaluate(const EvaluateOptions& options);

}  // namespace imgdedup::batch
