// SPDX-License-Identifier: Apache-2.0
// The commands of imgdedup. Results go to a file or standard output, words to standard error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "batch/file_list.h"
#include "batch/found_map.h"
#include "batch/method.h"
#include "batch/model_options.h"
#include "batch/search_options.h"
#include "matching/hash_definition.h"
#include "worker/sandbox_layers.h"

namespace imgdedup::batch {

struct FindOptions {
  SearchOptions search;
  Scores scores = Scores::omit;
  std::size_t neighbours = 0;  ///< 0: all
  std::string query;           ///< empty: every file's duplicates
};

struct EncodeOptions {
  std::string path;               ///< a file or a folder
  Method method = Method::phash;  ///< one with a hash, or cnn
  ModelOptions model;             ///< of Method::cnn
  matching::HashLibrary library = matching::HashLibrary::imagededup;
  matching::HashSize hash_size = matching::HashSize::eight;
  Descent descent = Descent::this_folder_only;
  worker::SandboxRule sandbox = worker::SandboxRule::required;
  std::filesystem::path output;
};

enum class Metric : std::uint8_t { map, ndcg, jaccard, classification, all };

struct EvaluateOptions {
  std::filesystem::path truth, found;
  Metric metric = Metric::all;
};

/// Each does its work or throws std::runtime_error (std::system_error ...) saying what failed on
/// what; UsageError for options that do not fit each other. find and to_remove say at the end on
/// standard error how many pictures are unique, originals, duplicates.
void find(const FindOptions& options);
void to_remove(const SearchOptions& options);
void encode(const EncodeOptions& options);
void evaluate(const EvaluateOptions& options);

}  // namespace imgdedup::batch
