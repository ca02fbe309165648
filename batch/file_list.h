// SPDX-License-Identifier: Apache-2.0
// The files of the folders a command was given, each with the name it has in results.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace imgdedup::batch {

enum class Descent : std::uint8_t { this_folder_only, recursive };

struct ListedFile {
  std::string name;            ///< in results: see list_files()
  std::filesystem::path path;  ///< to open

  bool operator==(const ListedFile&) const = default;
};

/// What list_files() met and did not look into; hidden names are not counted.
struct PassedOver {
  std::size_t links = 0;    ///< symbolic ones
  std::size_t folders = 0;  ///< below, where it was not to descend
};

/// The regular files in `folders`, sorted by name. With one folder a name is the path below it,
/// with several it has the folder before it as it was given. Symbolic links are not followed; what
/// begins with a dot (our quarantine too) is left out, and a directory that is reached a second
/// time, by whatever name. Throws std::filesystem::filesystem_error for a folder that cannot be
/// listed; below it, unlistable folders are added to `unlistable`. What was passed over is added to
/// `passed_over`, where that is not null.
std::vector<ListedFile> list_files(const std::vector<std::string>& folders, Descent descent,
                                   std::vector<std::filesystem::path>& unlistable,
                                   PassedOver* passed_over = nullptr);

}  // namespace imgdedup::batch
