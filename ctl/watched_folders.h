// SPDX-License-Identifier: Apache-2.0
// Whether folders may be exported into.
#pragma once

#include <string>
#include <vector>

namespace imgdedup::ctl {

/// Throws std::runtime_error when the two folders are one or lie in each other, or when either lies
/// in a watched folder or holds one: what is put there would be watched and judged in its turn.
/// Links and mounts are seen through as far as the folders are there. Paths are absolute.
void check_export_folders(const std::string& duplicates, const std::string& unique,
                          const std::vector<std::string>& roots);

}  // namespace imgdedup::ctl
