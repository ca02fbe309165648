// SPDX-License-Identifier: Apache-2.0
// A watched folder on disk with catalog, index and library, compared and judged on request.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "daemon/directory_comparison.h"
#include "daemon/hash_index.h"
#include "daemon/library.h"
#include "daemon/missing_files.h"
#include "matching/decision.h"
#include "store/sqlite_catalog.h"
#include "support/temporary_directory.h"

namespace imgdedup::testing {

/// Contents are texts; the same text is the same picture, and no two others are alike.
struct LibraryScene {
  TemporaryDirectory directory;
  std::filesystem::path root = directory / "root";
  store::SqliteCatalog catalog{directory / "catalog.sqlite3"};
  daemon::HashIndex index{catalog, matching::HashKind::phash};
  daemon::Library library{catalog, index};
  daemon::Roots roots = make_roots(root);
  matching::Policy policy;
  std::set<std::string> watched{""};     ///< directories below the root
  std::vector<store::FileId> judged;     ///< in the order of their judgements
  std::vector<store::DecisionId> taken;  ///< decisions

  LibraryScene() {
    std::filesystem::create_directory(root);
    while (index.load_page()) {
    }
  }

  static daemon::Roots make_roots(const std::filesystem::path& path) {
    config::WatchedRoot settings;
    settings.path = path;
    settings.quarantine = path / ".imgdedup-quarantine";
    daemon::Roots roots({settings});
    roots.all()[0].mode = daemon::RootMode::polling;
    return roots;
  }

  void put(const std::string& name, const std::string& content) const {
    write_file(root / name, content);
  }
  void rename(const std::string& from, const std::string& to) const {
    std::filesystem::create_directories((root / to).parent_path());
    std::filesystem::rename(root / from, root / to);
  }
  [[nodiscard]] std::optional<store::CatalogFile> row(const std::string& name) {
    return catalog.file_at((root / name).string());
  }
  [[nodiscard]] store::FileId id(const std::string& name) {
    const auto file = row(name);
    REQUIRE_MESSAGE(file, name);
    return file->id;
  }

  /// Lists one directory and applies it; new directories below are listed at the next pass.
  void list(const std::string& relative, daemon::MissingFiles& missing) {
    const auto scan = daemon::scan_directory(
        {root.string(), relative, roots.all()[0].filter, true, roots.quarantine_directories()});
    if (scan.error != 0) {
      missing.add_directory((root / relative).string());
      watched.erase(relative);
      return;
    }
    for (const auto& child : scan.directories)
      watched.insert(daemon::join_relative(relative, child.name));
    daemon::DirectoryComparison comparison(
        library, daemon::absolute_path(root.string(), relative), scan.files,
        [&](const store::CatalogFile& file) { missing.add(file); },
        [&](const std::string& path, const matching::FileStamp& stamp) {
          return daemon::names_inode(roots, path, stamp);
        });
    while (comparison.step()) {
    }
  }
  /// Lists `order`, then deals with what is missing.
  void list_all(const std::vector<std::string>& order) {
    daemon::MissingFiles missing(library, roots);
    for (const auto& relative : order) list(relative, missing);
    while (!missing.empty())
      missing.settle_slice({[&](const std::string&) {}, [](store::FileId) { return false; }});
  }
  /// A complete comparison.
  void compare() {
    std::set<std::string> listed;
    daemon::MissingFiles missing(library, roots);
    for (bool has_more = true; has_more;) {
      has_more = false;
      for (const auto& relative : std::set<std::string>(watched))
        if (listed.insert(relative).second) {
          list(relative, missing);
          has_more = true;
        }
    }
    while (!missing.empty())
      missing.settle_slice({[&](const std::string&) {}, [](store::FileId) { return false; }});
  }

  [[nodiscard]] static matching::Fingerprint fingerprint(const std::string& content) {
    matching::Fingerprint result;
    const std::uint64_t hash = std::hash<std::string>()(content);
    for (std::size_t i = 0; i < 8; ++i)
      result.content_digest.bytes[i] = static_cast<std::uint8_t>(hash >> 8 * i);
    result.size_bytes = content.size();
    result.width_pixels = result.height_pixels = 100;
    result.hashes = {{hash}, {hash * 3}, {hash * 5}, {hash * 7}};
    result.reduced_picture_digest = hash;
    result.detail = 50;
    return result;
  }
  [[nodiscard]] static matching::ImageRecord record(const store::CatalogFile& file,
                                                    const matching::Fingerprint& print) {
    return {file.id, file.path, file.stamp, file.hard_links, false, false, print};
  }

  /// What intake and judge do with one waiting file.
  void judge(const store::CatalogFile& waiting) {
    judged.push_back(waiting.id);
    const auto print = fingerprint(read_file(waiting.path));
    library.in_transaction([&] {
      store::CatalogFile file = waiting;
      const auto old = file.content_id ? catalog.content(*file.content_id) : std::nullopt;
      if (old && old->fingerprint.content_digest == print.content_digest &&
          catalog.standing_decision_on(file.id)) {
        library.unchanged(file);
        return;
      }
      const auto content = catalog.add_content(print);
      if (file.content_id && *file.content_id != content) file = library.content_changed(file);
      std::vector<matching::Candidate> candidates;
      for (const auto& original : catalog.originals_with_content(content))
        if (original.id != file.id && !matching::same_inode(original.stamp, file.stamp))
          candidates.push_back({record(original, print), std::nullopt, false});
      const auto verdict = decide(record(file, print), candidates, policy);
      if (verdict.duplicate) {
        taken.push_back(library.judged_duplicate(file, content, *verdict.duplicate, 1));
        return;
      }
      library.judged_original(file, content);
      library.judge_again(verdict.displaced_file_ids);
    });
  }
  void judge_all() {
    judged.clear();
    for (int turns = 0; turns < 100'000; ++turns) {
      const auto waiting = catalog.pending_files(store::before_all_pending, 1);
      if (waiting.empty()) return;
      judge(waiting[0].file);
    }
    FAIL("the judging does not end");
  }
  void settle() {
    compare();
    judge_all();
    check();
  }

  [[nodiscard]] std::set<std::string> waiting() {
    std::set<std::string> names;
    for (const auto& [sequence, file] : catalog.pending_files(store::before_all_pending, 1000))
      names.insert(file.path.substr(root.string().size() + 1));
    return names;
  }
  /// The original that a duplicate is held against; empty if it is none.
  [[nodiscard]] std::string original_of(const std::string& name) {
    const auto decision = catalog.standing_decision_on(id(name));
    return decision ? decision->original_path.substr(root.string().size() + 1) : "";
  }

  /// That the catalog says what is on disk, and keeps what it promises.
  void check() {
    std::set<std::string> on_disk;
    std::map<std::string, int> originals;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root))
      if (entry.is_regular_file()) on_disk.insert(entry.path());
    std::set<std::string> rows;
    std::set<store::ContentId> contents;
    for (const auto& file : catalog.files_below("", 0, 100000).rows) {
      CAPTURE(file.path);
      rows.insert(file.path);
      const auto decision = catalog.standing_decision_on(file.id);
      if (file.state == matching::FileState::alias) {
        CHECK_FALSE(decision);
        const auto names = catalog.files_with_inode(file.stamp.device, file.stamp.inode);
        CHECK(std::count_if(names.begin(), names.end(), [](const auto& name) {
                return name.state != matching::FileState::alias;
              }) == 1);
        continue;
      }
      CHECK(file.state == matching::FileState::judged);
      REQUIRE(file.content_id);
      CHECK((file.role == store::FileRole::duplicate) == decision.has_value());
      const auto content = catalog.content(*file.content_id);
      REQUIRE(content);
      if (on_disk.contains(file.path))
        CHECK(content->fingerprint == fingerprint(read_file(file.path)));
      if (decision) {
        CHECK(decision->path == file.path);
        CHECK(decision->content == content->fingerprint.content_digest);
        const auto original = catalog.file(decision->original_file_id);
        REQUIRE(original);
        CHECK(original->role == store::FileRole::original);
        CHECK(original->path == decision->original_path);
      } else {
        CHECK(file.role == store::FileRole::original);
        contents.insert(content->id);
        CHECK(++originals[to_hex(content->fingerprint.content_digest)] == 1);
      }
    }
    CHECK(rows == on_disk);
    CHECK(index.size() == contents.size());
    for (const auto content : contents) {
      const auto found = index.within(catalog.content(content)->fingerprint.hashes, 0);
      CHECK(std::count_if(found.begin(), found.end(),
                          [&](const auto& near) { return near.content_id == content; }) == 1);
    }
  }
};

}  // namespace imgdedup::testing
