// SPDX-License-Identifier: Apache-2.0
// Folders of pictures with known truth, measured and held against one another as the service does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "matching/decision.h"
#include "matching/measurement.h"

namespace imgdedup::bench {

struct Picture {
  std::string name;
  std::vector<std::uint8_t> bytes;
  matching::ImageRecord record;
  std::optional<matching::PictureFeatures> features;
};

using Pair = std::pair<std::string, std::string>;
Pair pair_of(const std::string& a, const std::string& b);
using Pairs = std::set<Pair>;

/// What is known about a folder's pictures: ground_truth.json, _moderate, _all in imagededup's form
/// {file: [duplicate, ...]}; or truth.json of edit-photos {copy: {original, edit}}, from which
/// every two pictures of one original are a true pair.
struct Truth {
  Pairs required, moderate, all;
  std::map<std::string, std::string> original_of, edit_of;
};
Truth read_truth(const std::filesystem::path& folder);

/// Runs `work(i)` for 0..count-1 in two threads.
void in_two_threads(std::size_t count, const std::function<void(std::size_t)>& work);

/// Every readable picture of the folder, by name; file ids go on from `first_id`.
std::vector<Picture> read_pictures(const std::filesystem::path& folder, bool with_features,
                                   std::int64_t first_id);

/// The candidate that the service would hold `file` against, compared; nothing if it is none.
std::optional<matching::Candidate> candidate_of(const Picture& file, const Picture& original,
                                                const matching::Policy& policy);

/// All measures of a comparison in one line, tabs between.
std::string measures_line(const Picture& a, const Picture& b,
                          const matching::Comparison& comparison, const matching::Policy& policy);

}  // namespace imgdedup::bench
