// SPDX-License-Identifier: Apache-2.0
// The index of hashes: what judged originals have, at every moment.
#include "daemon/hash_index.h"

#include <doctest/doctest.h>

#include "store/sqlite_catalog.h"
#include "support/temporary_directory.h"

using namespace imgdedup;
using namespace imgdedup::testing;
using store::FileRole;
using Ids = std::vector<store::ContentId>;

namespace {

matching::Fingerprint picture(std::uint64_t seed, std::uint64_t phash) {
  matching::Fingerprint result;
  for (std::size_t i = 0; i < 8; ++i)
    result.content_digest.bytes[i] = static_cast<std::uint8_t>(seed >> 8 * i);
  result.hashes.phash = {phash};
  result.hashes.dhash = {~phash};
  return result;
}

struct Scene {
  TemporaryDirectory directory;
  store::SqliteCatalog catalog{directory / "catalog.sqlite3"};
  daemon::HashIndex index{catalog, matching::HashKind::phash};
  std::uint64_t files = 0;

  store::FileId add(std::uint64_t seed, std::uint64_t phash, FileRole role) {
    const auto number = ++files;
    const auto id = catalog.add_file("/w/" + std::to_string(number), {1, number, 1, 1, 1}, 1,
                                     matching::FileState::pending);
    catalog.set_judged(id, catalog.add_content(picture(seed, phash)), role);
    return id;
  }
  void load() {
    while (index.load_page()) {
    }
  }
  store::CatalogContent content_of(store::FileId file) {
    return *catalog.content(*catalog.file(file)->content_id);
  }
  Ids within(std::uint64_t phash, int radius_bits) {
    Ids ids;
    for (const auto& near : index.within(picture(0, phash).hashes, radius_bits)) {
      CHECK(near.distance_bits ==
            hamming_distance({phash}, catalog.content(near.content_id)->fingerprint.hashes.phash));
      ids.push_back(near.content_id);
    }
    return ids;
  }
};

}  // namespace

TEST_CASE("the index holds the originals of the catalog, nearest first, then oldest first") {
  Scene scene;
  scene.add(1, 0b111, FileRole::original);
  scene.add(2, 0b000, FileRole::original);
  scene.add(3, 0b100, FileRole::duplicate);
  scene.add(4, 0b000, FileRole::original);
  scene.add(4, 0b000, FileRole::original);
  CHECK_FALSE(scene.index.is_loaded());
  scene.load();
  CHECK(scene.index.is_loaded());
  CHECK(scene.index.size() == 3);
  CHECK(scene.within(0, 0) == Ids{2, 4});
  CHECK(scene.within(0, 2) == Ids{2, 4});
  CHECK(scene.within(0, 3) == Ids{2, 4, 1});
  CHECK(scene.within(~std::uint64_t{0}, 64) == Ids{1, 2, 4});
}

TEST_CASE("an empty catalog gives an empty index") {
  Scene scene;
  scene.load();
  CHECK(scene.index.size() == 0);
  CHECK(scene.within(0, 64).empty());
}

TEST_CASE("the index follows the catalog, however often it is asked to") {
  Scene scene;
  scene.load();
  const auto a = scene.add(1, 5, FileRole::original);
  const auto b = scene.add(1, 5, FileRole::original);
  const auto content = scene.content_of(a);
  for (int i = 0; i < 2; ++i) scene.index.refresh(content);
  CHECK(scene.index.size() == 1);
  scene.catalog.set_judged(a, content.id, FileRole::duplicate);
  scene.index.refresh(content);
  CHECK(scene.index.size() == 1);
  scene.catalog.mark_pending(b, {1, 9, 1, 1, 1}, 1, store::QueuePlace::last);
  for (int i = 0; i < 2; ++i) scene.index.refresh(content);
  CHECK(scene.index.size() == 0);
  scene.catalog.set_judged(b, content.id, FileRole::original);
  scene.index.refresh(content);
  CHECK(scene.within(5, 0) == Ids{content.id});
  scene.catalog.remove_file(a);
  scene.catalog.remove_file(b);
  scene.index.refresh(content);  // the catalog has forgotten it
  CHECK(scene.index.size() == 0);
}

TEST_CASE("what changes while the index is loaded is in it afterwards") {
  Scene scene;
  std::vector<store::FileId> files;
  {
    const auto transaction = scene.catalog.begin(store::Durability::process);
    for (std::uint64_t i = 1; i <= 20'003; ++i)
      files.push_back(scene.add(i, i * 0x9e3779b97f4a7c15, FileRole::original));
    transaction->commit();
  }
  REQUIRE(scene.index.load_page());
  const auto duplicate = [&](store::FileId file, FileRole role) {
    const auto content = scene.content_of(file);
    scene.catalog.set_judged(file, content.id, role);
    scene.index.refresh(content);
  };
  duplicate(files[0], FileRole::duplicate);
  duplicate(files[1], FileRole::duplicate);
  duplicate(files[1], FileRole::original);
  duplicate(files[20'001], FileRole::duplicate);
  duplicate(files[20'002], FileRole::duplicate);
  duplicate(files[20'002], FileRole::original);
  scene.load();
  CHECK(scene.index.size() == 20'001);
  const auto is_found = [&](store::FileId file) {
    const auto content = scene.content_of(file);
    return scene.within(content.fingerprint.hashes.phash.bits, 0) == Ids{content.id};
  };
  CHECK_FALSE(is_found(files[0]));
  CHECK(is_found(files[1]));
  CHECK_FALSE(is_found(files[20'001]));
  CHECK(is_found(files[20'002]));
  for (const auto file : {files[0], files[1], files[20'001], files[20'002]}) {
    duplicate(file, FileRole::original);
    CHECK(is_found(file));
    duplicate(file, FileRole::duplicate);
    CHECK_FALSE(is_found(file));
  }
}
