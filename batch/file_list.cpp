// SPDX-License-Identifier: Apache-2.0
// The files of the folders a command was given, each with the name it has in results.
#include "batch/file_list.h"

#include <algorithm>
#include <system_error>

namespace imgdedup::batch {
namespace {

namespace fs = std::filesystem;

void list_folder(const fs::path& folder, const fs::path& name_prefix, Descent descent,
                 std::vector<ListedFile>& files, std::vector<fs::path>& unlistable) {
  struct Level {
    fs::path folder, name_prefix;
  };
  std::vector<Level> waiting{{folder, name_prefix}};
  while (!waiting.empty()) {
    const Level level = std::move(waiting.back());
    waiting.pop_back();
    std::error_code error;
    fs::directory_iterator entry(level.folder, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
      const fs::path leaf = entry->path().filename();
      if (leaf.native().starts_with('.')) continue;
      std::error_code entry_error;
      const fs::file_type type = entry->symlink_status(entry_error).type();
      if (type == fs::file_type::directory && descent == Descent::recursive)
        waiting.push_back({entry->path(), level.name_prefix / leaf});
      if (type == fs::file_type::regular)
        files.push_back({(level.name_prefix / leaf).native(), entry->path()});
    }
    if (!error) continue;
    if (level.folder == folder) throw fs::filesystem_error("cannot list", folder, error);
    unlistable.push_back(level.folder);
  }
}

}  // namespace

std::vector<ListedFile> list_files(const std::vector<std::string>& folders, Descent descent,
                                   std::vector<fs::path>& unlistable) {
  std::vector<ListedFile> files;
  for (const auto& folder : folders)
    list_folder(folder, folders.size() == 1 ? fs::path() : fs::path(folder), descent, files,
                unlistable);
  std::ranges::sort(files, {}, &ListedFile::name);
  // A folder that was given twice.
  const auto repeated = std::ranges::unique(files, {}, &ListedFile::name);
  files.erase(repeated.begin(), repeated.end());
  return files;
}

}  // namespace imgdedup::batch
