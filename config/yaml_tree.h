// SPDX-License-Identifier: Apache-2.0
// A YAML document as plain values that know their lines.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/problem.h"

namespace imgdedup::config {

enum class YamlKind : std::uint8_t {
  null,
  scalar,
  sequence,
  map,
  refused,  ///< a problem has been reported: nobody need say more
};

struct YamlEntry;

struct YamlNode {
  YamlKind kind = YamlKind::null;
  int line = 0;                    ///< 1-based
  bool is_plain = false;           ///< of a scalar: written without quotes
  std::string text;                ///< of a scalar
  std::vector<YamlNode> items;     ///< of a sequence
  std::vector<YamlEntry> entries;  ///< of a map, as written, keys that come twice included
};

struct YamlEntry {
  std::string key;
  int line = 0;  ///< of the key
  YamlNode value;
};

/// The only document of `text`; a null node for an empty one. Anchors, aliases, tags, keys that are
/// no scalars, control characters and further documents are problems, and so is what is not YAML:
/// then there is no node. Bytes that are not UTF-8 are taken as they are.
std::optional<YamlNode> parse_yaml(std::string_view text, ProblemList& problems);

}  // namespace imgdedup::config
