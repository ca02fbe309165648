// SPDX-License-Identifier: Apache-2.0
// The files of the folders a command was given, each with the name it has in results.
#include "batch/file_list.h"

#include <sys/stat.h>

#include <algorithm>
#include <set>
#include <system_error>
#include <utility>

namespace imgdedup::batch {
namespace {

namespace fs = std::filesystem;

/// Directories that have been listed: one that is reached by another name ("photos", "./photos", a
/// link to it, a folder in a folder that was given as well) must not give its files a second name,
/// for then each would be a duplicate of itself.
class SeenDirectories {
 public:
  /// False for one that was added before; true also for one that cannot be looked at.
  bool add(const fs::path& directory) {
    struct stat status {};
    return ::stat(directory.c_str(), &status) != 0 ||
           seen_.emplace(status.st_dev, status.st_ino).second;
  }

 private:
  std::set<std::pair<dev_t, ino_t>> seen_;
};

void list_folder(const fs::path& folder, const fs::path& name_prefix, Descent descent,
                 SeenDirectories& seen, std::vector<ListedFile>& files,
                 std::vector<fs::path>& unlistable, PassedOver& passed_over) {
  struct Level {
    fs::path folder, name_prefix;
  };
  std::vector<Level> waiting{{folder, name_prefix}};
  while (!waiting.empty()) {
    const Level level = std::move(waiting.back());
    waiting.pop_back();
    if (!seen.add(level.folder)) continue;
    std::error_code error;
    fs::directory_iterator entry(level.folder, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
      const fs::path leaf = entry->path().filename();
      if (leaf.native().starts_with('.')) continue;
      std::error_code entry_error;
      const fs::file_type type = entry->symlink_status(entry_error).type();
      if (type == fs::file_type::directory && descent == Descent::recursive)
        waiting.push_back({entry->path(), level.name_prefix / leaf});
      else if (type == fs::file_type::directory)
        ++passed_over.folders;
      if (type == fs::file_type::symlink) ++passed_over.links;
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
                                   std::vector<fs::path>& unlistable, PassedOver* passed_over) {
  std::vector<ListedFile> files;
  PassedOver not_looked_into;
  SeenDirectories seen;
  for (const auto& folder : folders)
    list_folder(folder, folders.size() == 1 ? fs::path() : fs::path(folder), descent, seen, files,
                unlistable, not_looked_into);
  if (passed_over) {
    passed_over->links += not_looked_into.links;
    passed_over->folders += not_looked_into.folders;
  }
  std::ranges::sort(files, {}, &ListedFile::name);
  return files;
}

}  // namespace imgdedup::batch
