// SPDX-License-Identifier: Apache-2.0
// One directory as it is against the catalog as it was.
#include "daemon/directory_comparison.h"

#include <chrono>

namespace imgdedup::daemon {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t slice = 1000;
constexpr std::chrono::milliseconds longest_slice{20};
constexpr std::size_t files_between_looks = 16;

std::string_view name_of_path(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// The inode that the stamp was taken of went, and its number was given out again: what is there
// was born later than the stamp's last change. Where the file's own change is older than its birth
// (FAT keeps none), nothing can be said.
bool was_born_since(const matching::FileStamp& stamp, const ScannedFile& found) {
  return found.birth_ns > stamp.ctime_ns && found.stamp.ctime_ns >= found.birth_ns;
}

}  // namespace

DirectoryComparison::DirectoryComparison(Library& library, std::string directory,
                                         std::vector<ScannedFile> files, OnMissing on_missing,
                                         NamesInode names_inode)
    : library_(library),
      directory_(std::move(directory)),
      files_(std::move(files)),
      on_missing_(std::move(on_missing)),
      names_inode_(std::move(names_inode)) {}

bool DirectoryComparison::step() {
  const auto rows = library_.catalog().files_in_directory(directory_, after_name_, slice);
  const bool is_last_page = rows.size() < slice;
  rows_are_stale_ = false;
  bool has_more = true;
  // New files cost many times what known ones do.
  const auto end = steady_clock::now() + longest_slice;
  library_.in_transaction([&] {
    auto row = rows.begin();
    std::size_t handled = 0;
    while (handled++ < 2 * slice) {
      if (handled % files_between_looks == 0 && steady_clock::now() > end) return;
      const ScannedFile* found = next_file_ < files_.size() ? &files_[next_file_] : nullptr;
      if (row == rows.end()) {
        if (!is_last_page) return;
        if (!found) {
          has_more = false;
          return;
        }
        appeared(*found, nullptr);
        ++next_file_;
        after_name_ = found->name;
        continue;
      }
      const std::string_view row_name = name_of_path(row->path);
      const int order = found ? found->name.compare(row_name) : 1;
      if (order < 0) {
        appeared(*found, nullptr);
        after_name_ = found->name;
        ++next_file_;
      } else if (order > 0) {
        if (const auto missing = current(*row)) on_missing_(*missing);
        after_name_ = row_name;
        ++row;
      } else {
        if (const auto known = current(*row))
          compare(*found, *known);
        else
          appeared(*found, nullptr);
        after_name_ = row_name;
        ++next_file_;
        ++row;
      }
    }
  });
  return has_more;
}

std::optional<store::CatalogFile> DirectoryComparison::current(const store::CatalogFile& row) {
  return rows_are_stale_ ? library_.catalog().file_at(row.path) : row;
}

void DirectoryComparison::compare(const ScannedFile& found, const store::CatalogFile& row) {
  if (found.stamp == row.stamp) return;
  if (found.stamp.inode != row.stamp.inode) {
    appeared(found, &row);
    return;
  }
  // Only the number of the device differs: the machine has been restarted, or the file system was
  // mounted anew.
  matching::FileStamp renumbered = row.stamp;
  renumbered.device = found.stamp.device;
  if (found.stamp == renumbered) {
    library_.catalog().set_stamp(row.id, found.stamp, found.hard_links);
    return;
  }
  if (row.state == matching::FileState::alias) {
    library_.catalog().set_stamp(row.id, found.stamp, found.hard_links);
    return;
  }
  // A waiting file is looked at again when its time comes.
  if (row.state == matching::FileState::pending) return;
  library_.file_changed(row, found.stamp, found.hard_links);
}

void DirectoryComparison::appeared(const ScannedFile& found, const store::CatalogFile* row) {
  const std::string path = directory_ + (directory_.ends_with('/') ? "" : "/") + found.name;
  const auto known = library_.catalog().one_with_inode(found.stamp.device, found.stamp.inode,
                                                       store::InodeRow::own, row ? row->id : 0);
  rows_are_stale_ = rows_are_stale_ || row || known;
  if (known) {
    if (names_inode_(known->path, found.stamp)) {
      if (row) library_.file_gone(*row);
      library_.found_alias(path, found.stamp, found.hard_links);
      return;
    }
    if (matching::same_inode_unmodified(known->stamp, found.stamp) &&
        !was_born_since(known->stamp, found)) {
      const auto displaced = library_.file_moved(*known, path, found.stamp, found.hard_links);
      if (displaced) on_missing_(*displaced);
      return;
    }
  }
  if (row)
    library_.file_changed(*row, found.stamp, found.hard_links);
  else
    library_.found_file(path, found.stamp, found.hard_links);
}

}  // namespace imgdedup::daemon
