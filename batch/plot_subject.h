// SPDX-License-Identifier: Apache-2.0
// What a plot is of: a file's entry in the map that find gave, and where its pictures lie.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace imgdedup::batch {

struct PlottedDuplicate {
  std::string name;   ///< as in the map
  std::string score;  ///< as text: a whole number as it is, others to three decimals; or empty

  bool operator==(const PlottedDuplicate&) const = default;
};

struct PlotSubject {
  std::string name;  ///< as in the map
  std::vector<PlottedDuplicate> duplicates;
  std::filesystem::path folder;  ///< names are below it
};

/// The entry for `file`, which is a name in the map or the path of a file that has one. `folder`:
/// the one that was given to find. Where it is empty it is found: the current one for a name that
/// is in the map; else what is left of the path of `file` without its name in the map. Throws
/// std::runtime_error naming `source` when `found` is no map of find or has no such file.
PlotSubject plot_subject(const nlohmann::json& found, std::string_view source,
                         const std::string& file, const std::filesystem::path& folder);

/// The file that has `name` in a map of `folder`: by json_text(), or literally.
std::filesystem::path path_of_name(const std::filesystem::path& folder, const std::string& name);

}  // namespace imgdedup::batch
