// SPDX-License-Identifier: Apache-2.0
// Whether folders may be exported into.
#include "ctl/watched_folders.h"

#include <sys/stat.h>

#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <system_error>

namespace imgdedup::ctl {
namespace {

/// Without links, as far as the path is there.
std::string real_path(const std::string& path) {
  std::error_code error;
  std::string real = std::filesystem::weakly_canonical(path, error).native();
  if (error) real = path;
  while (real.size() > 1 && real.ends_with('/')) real.pop_back();
  return real;
}

bool is_or_is_below(std::string_view path, std::string_view directory) {
  if (directory == "/") return true;
  return path.starts_with(directory) &&
         (path.size() == directory.size() || path[directory.size()] == '/');
}

/// A folder may be mounted in two places: whether `path` or one above it is the same directory.
bool is_same_or_below_by_inode(std::string path, const std::string& directory) {
  struct stat wanted {};
  if (::stat(directory.c_str(), &wanted) != 0) return false;
  for (;;) {
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0 && status.st_dev == wanted.st_dev &&
        status.st_ino == wanted.st_ino)
      return true;
    if (path == "/" || path.empty()) return false;
    path = std::filesystem::path(path).parent_path().native();
  }
}

bool lies_in(const std::string& path, const std::string& directory) {
  return is_or_is_below(path, directory) || is_or_is_below(real_path(path), real_path(directory)) ||
         is_same_or_below_by_inode(real_path(path), directory);
}

}  // namespace

void check_export_folders(const std::string& duplicates, const std::string& unique,
                          const std::vector<std::string>& roots) {
  for (const std::string& folder : {duplicates, unique})
    for (const std::string& root : roots) {
      if (lies_in(folder, root))
        throw std::runtime_error(folder + " lies in " + root +
                                 ", which is watched: the copies would be judged in their turn; "
                                 "choose a folder outside");
      if (lies_in(root, folder))
        throw std::runtime_error(folder + " holds " + root +
                                 ", which is watched; choose a folder beside it");
    }
  if (lies_in(duplicates, unique) || lies_in(unique, duplicates))
    throw std::runtime_error("the two folders have to lie beside each other, not one in the other");
}

}  // namespace imgdedup::ctl
