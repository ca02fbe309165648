// SPDX-License-Identifier: Apache-2.0
// One file that is being judged.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "daemon/judge.h"
#include "matching/decision.h"
#include "matching/measurement.h"

namespace imgdedup::daemon {

struct Judge::Judgement {
  store::CatalogFile file;
  matching::Measurement measurement;
  matching::ImageRecord record;
  std::vector<std::uint32_t> keys;           ///< of its features, if edits are looked for
  std::vector<std::uint32_t> mirrored_keys;  ///< of those of its mirror image
  std::vector<matching::Candidate> candidates;
  std::vector<bool> is_dropped;  ///< by candidate
  std::size_t next_candidate = 0;
  std::size_t outstanding = 0;                ///< comparisons
  std::chrono::milliseconds compare_time{0};  ///< that its comparisons have taken of workers
  bool is_late = false;
  bool is_stale = false;  ///< the file is not what was measured
};

}  // namespace imgdedup::daemon
