// SPDX-License-Identifier: Apache-2.0
// Every backend of the catalog, for the tests of its contract; and rows to put into it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "store/sqlite_catalog.h"
#include "support/temporary_directory.h"

namespace imgdedup::testing {

struct SqliteBackend {
  static std::unique_ptr<store::Catalog> open(const std::filesystem::path& directory) {
    return std::make_unique<store::SqliteCatalog>(directory / "catalog.sqlite3");
  }
};

/// For TEST_CASE_TEMPLATE: a test of the contract runs once for each.
#define CATALOG_BACKENDS imgdedup::testing::SqliteBackend

inline matching::FileStamp stamp(std::uint64_t inode, std::int64_t mtime_ns = 1000) {
  return {7, inode, 100, mtime_ns, mtime_ns};
}

inline matching::ContentDigest digest(std::uint64_t seed) {
  matching::ContentDigest result;
  for (std::size_t i = 0; i < 8; ++i)
    result.bytes[i] = static_cast<std::uint8_t>(seed >> 8 * (7 - i));
  return result;
}

inline matching::Fingerprint fingerprint(std::uint64_t seed) {
  matching::Fingerprint result;
  result.content_digest = digest(seed);
  result.size_bytes = 1000 + seed;
  result.format = matching::ImageFormat::png;
  result.width_pixels = 640;
  result.height_pixels = 480;
  result.hashes = {{~seed}, {seed << 60}, {seed * 0x9e3779b97f4a7c15}, {seed}};
  result.reduced_picture_digest = seed | std::uint64_t{1} << 63;
  result.detail = 12.5F;
  return result;
}

inline std::vector<std::string> paths_of(const std::vector<store::CatalogFile>& files) {
  std::vector<std::string> paths;
  for (const auto& file : files) paths.push_back(file.path);
  return paths;
}

template <typename Row>
std::vector<std::int64_t> ids_of(const std::vector<Row>& rows) {
  std::vector<std::int64_t> ids;
  for (const auto& row : rows) ids.push_back(row.id);
  return ids;
}

/// An open catalog in a directory of its own.
template <typename Backend>
struct OpenCatalog {
  TemporaryDirectory directory;
  std::unique_ptr<store::Catalog> owner = Backend::open(directory.path());

  store::Catalog& operator*() const { return *owner; }
  store::Catalog* operator->() const { return owner.get(); }
  void reopen() {
    owner.reset();
    owner = Backend::open(directory.path());
  }

  store::FileId add_judged(const std::string& path, std::uint64_t inode, std::uint64_t content,
                           store::FileRole role = store::FileRole::original) {
    const auto id = owner->add_file(path, stamp(inode), 1, matching::FileState::pending);
    owner->set_judged(id, owner->add_content(fingerprint(content)), role);
    return id;
  }
  store::DecisionId decide(store::FileId file, store::FileId original,
                           matching::Relation relation = matching::Relation::exact,
                           matching::Action action = matching::Action::log) {
    matching::DuplicateVerdict verdict;
    verdict.original_file_id = original;
    verdict.relation = relation;
    verdict.action = action;
    return owner->add_decision({file, verdict, 5, std::nullopt});
  }
};

}  // namespace imgdedup::testing
