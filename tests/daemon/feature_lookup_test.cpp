// SPDX-License-Identifier: Apache-2.0
// The index of local features: what judged originals have, at every moment.
#include "daemon/feature_lookup.h"

#include <doctest/doctest.h>

#include "store/sqlite_catalog.h"
#include "support/synthetic_features.h"
#include "support/temporary_directory.h"

using namespace imgdedup;
using namespace imgdedup::testing;
using store::FileRole;
using Ids = std::vector<store::ContentId>;

namespace {

struct Scene {
  TemporaryDirectory directory;
  store::SqliteCatalog catalog{directory / "catalog.sqlite3"};
  daemon::FeatureLookup lookup{catalog};
  Random random{1};
  std::uint64_t files = 0;

  matching::LocalFeatures features_of(std::uint64_t seed) {
    Random own(seed);
    return random_features(own, 150);
  }
  store::FileId add(std::uint64_t seed, FileRole role = FileRole::original,
                    bool with_features = true) {
    const auto number = ++files;
    matching::Measurement measurement;
    for (std::size_t i = 0; i < 8; ++i)
      measurement.fingerprint.content_digest.bytes[i] = static_cast<std::uint8_t>(seed >> 8 * i);
    if (with_features) measurement.features.emplace().local = features_of(seed);
    const auto id = catalog.add_file("/w/" + std::to_string(number), {1, number, 1, 1, 1}, 1,
                                     matching::FileState::pending);
    catalog.set_judged(id, catalog.add_content(measurement), role);
    return id;
  }
  store::ContentId content_of(store::FileId file) { return *catalog.file(file)->content_id; }
  void load() {
    while (lookup.load_page()) {
    }
  }
  /// What is found for an edited copy of the picture of this seed.
  Ids found(std::uint64_t seed) {
    const auto features = edited(features_of(seed), 0.7, 0.03, random);
    Ids ids;
    for (const auto& candidate : lookup.best(features, matching::mirrored(features), 5))
      if (candidate.mirroring == daemon::Mirroring::none) ids.push_back(candidate.id);
    return ids;
  }
};

}  // namespace

TEST_CASE("the lookup finds the originals whose features are known, mirrored or not") {
  Scene scene;
  const auto a = scene.content_of(scene.add(1));
  scene.add(2, FileRole::duplicate);
  scene.add(3, FileRole::original, false);
  const auto d = scene.content_of(scene.add(4));
  CHECK_FALSE(scene.lookup.is_loaded());
  scene.load();
  CHECK(scene.lookup.is_loaded());
  CHECK(scene.lookup.size() == 2);
  CHECK(scene.found(1) == Ids{a});
  CHECK(scene.found(2).empty());
  CHECK(scene.found(3).empty());
  const auto features = scene.features_of(4);
  const auto found = scene.lookup.best(matching::mirrored(features), features, 5);
  REQUIRE(found.size() == 1);
  CHECK(found[0] == daemon::FeatureLookup::Candidate{d, daemon::Mirroring::mirrored});
}

TEST_CASE("the lookup follows the catalog, however often it is told") {
  Scene scene;
  scene.load();
  const auto content = scene.content_of(scene.add(1));
  for (int i = 0; i < 2; ++i) scene.lookup.refresh(content, true);
  CHECK(scene.lookup.size() == 1);
  CHECK(scene.found(1) == Ids{content});
  for (int i = 0; i < 2; ++i) scene.lookup.refresh(content, false);
  CHECK(scene.lookup.size() == 0);
  CHECK(scene.found(1).empty());
  const auto without = scene.content_of(scene.add(2, FileRole::original, false));
  scene.lookup.refresh(without, true);
  CHECK(scene.lookup.size() == 0);
  // Its features come later.
  scene.add(2, FileRole::duplicate);
  scene.lookup.refresh(without, true);
  CHECK(scene.found(2) == Ids{without});
}

TEST_CASE("what changes while the lookup is loaded is in it afterwards") {
  Scene scene;
  std::vector<store::ContentId> contents;
  {
    const auto transaction = scene.catalog.begin(store::Durability::process);
    for (std::uint64_t seed = 1; seed <= 700; ++seed)
      contents.push_back(scene.content_of(scene.add(seed)));
    transaction->commit();
  }
  REQUIRE(scene.lookup.load_page());
  scene.lookup.refresh(contents[0], false);
  scene.lookup.refresh(contents[1], false);
  scene.lookup.refresh(contents[1], true);
  scene.lookup.refresh(contents[650], true);  // a page that is still to come brings it
  scene.load();
  CHECK(scene.lookup.size() == 699);
  CHECK(scene.found(1).empty());
  CHECK(scene.found(2) == Ids{contents[1]});
  CHECK(scene.found(651) == Ids{contents[650]});
}
