// SPDX-License-Identifier: Apache-2.0
// What contents were measured to be: features, versions, what has to be measured again.
#include <doctest/doctest.h>
#include <sqlite3.h>

#include <stdexcept>

#include "store/catalog_backends.h"
#include "store/feature_blob.h"
#include "store/store_error.h"
#include "support/synthetic_features.h"

using namespace imgdedup;
using namespace imgdedup::testing;
using matching::FileState;
using matching::Measures;
using store::ContentId;
using store::FileRole;

namespace {

constexpr Measures with_features{.features = true};

matching::PictureFeatures features(std::uint64_t seed, std::size_t count = 200) {
  Random random(seed);
  matching::PictureFeatures result;
  result.local = random_features(random, count);
  for (auto& hashes : result.turned_hashes)
    hashes = {{random()}, {random()}, {random()}, {random()}};
  return result;
}

matching::Measurement measurement(std::uint64_t seed) {
  return {fingerprint(seed), features(seed), std::nullopt};
}

void run_sql(const std::filesystem::path& path, const std::string& sql) {
  sqlite3* database = nullptr;
  const bool done = sqlite3_open(path.c_str(), &database) == SQLITE_OK &&
                    sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
  const std::string message = sqlite3_errmsg(database);
  sqlite3_close(database);
  if (!done) throw std::runtime_error(message + " in: " + sql);
}

template <typename Backend>
store::FileId add_measured(OpenCatalog<Backend>& catalog, std::uint64_t seed,
                           FileRole role = FileRole::original) {
  const auto id =
      catalog->add_file("/w/" + std::to_string(seed), stamp(seed), 1, FileState::pending);
  catalog->set_judged(id, catalog->add_content(measurement(seed)), role);
  return id;
}

std::vector<ContentId> ids_of(const std::vector<store::FeatureEntry>& entries) {
  std::vector<ContentId> ids;
  for (const auto& entry : entries) ids.push_back(entry.content_id);
  return ids;
}

}  // namespace

TEST_CASE("features are kept bit for bit") {
  for (const std::size_t count : {0U, 1U, 31U, 32U, 33U, 256U}) {
    const auto original = features(count, count);
    const auto blobs = store::to_blobs(original);
    CHECK(blobs.strongest.size() + blobs.others.size() == 38 * count + 231);
    CHECK(store::features_from_blobs(blobs.strongest, blobs.others) == original);
    auto strongest = original.local;
    strongest.features.resize(std::min<std::size_t>(count, store::strongest_features));
    CHECK(store::strongest_from_blob(blobs.strongest) == strongest);
  }
}

TEST_CASE("features that were damaged are reported as damage") {
  const auto blobs = store::to_blobs(features(1, 40));
  const auto fails = [](const std::string& strongest, const std::string& others) {
    CHECK_THROWS_AS((void)store::features_from_blobs(strongest, others), store::StoreError);
  };
  fails("", blobs.others);
  fails(blobs.strongest, "");
  fails(blobs.strongest + "x", blobs.others);
  fails(blobs.strongest, blobs.others + "x");
  for (std::size_t cut = 1; cut < 60; ++cut) {
    fails(blobs.strongest.substr(cut), blobs.others);
    fails(blobs.strongest.substr(0, blobs.strongest.size() - cut), blobs.others);
    fails(blobs.strongest, blobs.others.substr(cut));
  }
  std::string other_form = blobs.strongest;
  other_form[0] = 2;
  fails(other_form, blobs.others);
  CHECK_THROWS_AS((void)store::strongest_from_blob(other_form), store::StoreError);
  std::string too_many = blobs.strongest;
  too_many[6] = '\x7f';
  fails(too_many, blobs.others);
}

TEST_CASE_TEMPLATE("a content keeps the features it was measured with", Backend, CATALOG_BACKENDS) {
  OpenCatalog<Backend> catalog;
  const auto a = catalog->add_content(measurement(1));
  const auto b = catalog->add_content(fingerprint(2));
  CHECK(catalog->features(a) == features(1));
  CHECK(catalog->content(a)->has_features);
  CHECK(catalog->content(a)->is_current());
  CHECK(catalog->content(a)->fingerprint == fingerprint(1));
  CHECK_FALSE(catalog->features(b));
  CHECK_FALSE(catalog->content(b)->has_features);
  CHECK_FALSE(catalog->features(99));
  // Without features it is the same content; with features, one that had none gets them.
  CHECK(catalog->add_content(fingerprint(1)) == a);
  CHECK(catalog->features(a) == features(1));
  CHECK(catalog->add_content(measurement(2)) == b);
  CHECK(catalog->features(b) == features(2));
  catalog.reopen();
  CHECK(catalog->features(a) == features(1));
  CHECK(catalog->features(b) == features(2));
}

TEST_CASE_TEMPLATE("features vanish with their content", Backend, CATALOG_BACKENDS) {
  OpenCatalog<Backend> catalog;
  const auto file = add_measured(catalog, 1);
  const auto other = add_measured(catalog, 2);
  const auto content = *catalog->file(file)->content_id;
  REQUIRE(catalog->features(content));
  SUBCASE("with its last file") { catalog->remove_file(file); }
  SUBCASE("when its last file is refused") {
    catalog->set_refused(file, FileState::unreadable, {matching::RefusalReason::damaged, ""});
  }
  CHECK_FALSE(catalog->features(content));
  CHECK(ids_of(catalog->feature_entries(200, 0, 9)) ==
        std::vector{*catalog->file(other)->content_id});
}

TEST_CASE("no row of features is left of a content that vanished") {
  OpenCatalog<SqliteBackend> catalog;
  const auto file = add_measured(catalog, 1);
  catalog->remove_file(file);
  run_sql(catalog.directory / "catalog.sqlite3",
          "CREATE TABLE none (n CHECK (n = 0)); INSERT INTO none SELECT COUNT(*) FROM features");
}

TEST_CASE_TEMPLATE("the features of judged originals come in pages", Backend, CATALOG_BACKENDS) {
  OpenCatalog<Backend> catalog;
  std::vector<ContentId> originals;
  for (std::uint64_t seed = 1; seed <= 7; ++seed) {
    const auto role = seed == 3 ? FileRole::duplicate : FileRole::original;
    const auto file = add_measured(catalog, seed, role);
    if (seed == 5)
      catalog->mark_pending(file, stamp(seed), 1, store::QueuePlace::last);
    else if (role == FileRole::original)
      originals.push_back(*catalog->file(file)->content_id);
  }
  catalog.add_judged("/w/without", 8, 8);
  CHECK(ids_of(catalog->feature_entries(200, 0, 9)) == originals);
  CHECK(ids_of(catalog->feature_entries(10, 0, 9)) == originals);
  CHECK(ids_of(catalog->feature_entries(200, 0, 2)) ==
        std::vector(originals.begin(), originals.begin() + 2));
  CHECK(ids_of(catalog->feature_entries(200, originals[1], 2)) ==
        std::vector(originals.begin() + 2, originals.begin() + 4));
  CHECK(catalog->feature_entries(200, originals.back(), 9).empty());
  CHECK(catalog->feature_entries(200, 0, 1)[0].features == features(1).local);
  const auto strongest = catalog->feature_entries(20, 0, 1)[0].features.features;
  REQUIRE(strongest.size() >= 20);
  CHECK(std::equal(strongest.begin(), strongest.end(), features(1).local.features.begin()));
}

TEST_CASE_TEMPLATE("contents without wanted features are to be measured", Backend,
                   CATALOG_BACKENDS) {
  OpenCatalog<Backend> catalog;
  const auto a = catalog->add_content(fingerprint(1));
  catalog->add_content(measurement(2));
  const auto c = catalog->add_content(fingerprint(3));
  CHECK(catalog->contents_to_measure({}, 0, 9).empty());
  CHECK(catalog->count_contents_to_measure({}) == 0);
  CHECK(catalog->contents_to_measure(with_features, 0, 9) == std::vector{a, c});
  CHECK(catalog->contents_to_measure(with_features, 0, 1) == std::vector{a});
  CHECK(catalog->contents_to_measure(with_features, a, 9) == std::vector{c});
  CHECK(catalog->count_contents_to_measure(with_features) == 2);
  catalog->add_content(measurement(1));
  CHECK(catalog->contents_to_measure(with_features, 0, 9) == std::vector{c});
  CHECK(catalog->count_contents_to_measure(with_features) == 1);
}

TEST_CASE("contents of another version are neither indexed nor found by look, until measured") {
  OpenCatalog<SqliteBackend> catalog;
  const auto path = catalog.directory / "catalog.sqlite3";
  const auto file = add_measured(catalog, 1);
  add_measured(catalog, 2);
  const auto content = *catalog->file(file)->content_id;
  for (const int other : {matching::fingerprint_version - 1, matching::fingerprint_version + 1}) {
    const auto number = std::to_string(other);
    run_sql(path, "UPDATE contents SET fingerprint_version = " + number + ", features_version = " +
                      number + ", phash = 77 WHERE id = " + std::to_string(content));
    CHECK(catalog->content_with_digest(digest(1)) == content);
    CHECK_FALSE(catalog->content(content)->is_current());
    CHECK_FALSE(catalog->features(content));
    CHECK(catalog->contents_with_reduced_picture(fingerprint(1), 9).empty());
    CHECK(catalog->index_entries(matching::HashKind::phash, 0, 9).size() == 1);
    CHECK(catalog->feature_entries(200, 0, 9).size() == 1);
    for (const Measures& wanted : {Measures{}, with_features}) {
      CHECK(catalog->contents_to_measure(wanted, 0, 9) == std::vector{content});
      CHECK(catalog->count_contents_to_measure(wanted) == 1);
    }
    CHECK(catalog->add_content(measurement(1)) == content);
    CHECK(catalog->content(content)->fingerprint == fingerprint(1));
    CHECK(catalog->content(content)->is_current());
    CHECK(catalog->features(content) == features(1));
    CHECK(catalog->index_entries(matching::HashKind::phash, 0, 9).size() == 2);
    CHECK(catalog->contents_to_measure(with_features, 0, 9).empty());
    CHECK(catalog->count_contents_to_measure(with_features) == 0);
    CHECK(catalog->count_contents() == 2);
  }
}

TEST_CASE("features of another version do not count as features") {
  OpenCatalog<SqliteBackend> catalog;
  const auto path = catalog.directory / "catalog.sqlite3";
  const auto content = catalog->add_content(measurement(1));
  run_sql(path, "UPDATE contents SET features_version = features_version + 1");
  CHECK_FALSE(catalog->features(content));
  CHECK_FALSE(catalog->content(content)->has_features);
  CHECK(catalog->contents_to_measure({}, 0, 9).empty());
  CHECK(catalog->contents_to_measure(with_features, 0, 9) == std::vector{content});
  auto measured = measurement(1);
  measured.features = features(5);
  catalog->add_content(measured);
  CHECK(catalog->features(content) == features(5));
}

TEST_CASE_TEMPLATE("a decision keeps all its evidence", Backend, CATALOG_BACKENDS) {
  OpenCatalog<Backend> catalog;
  const auto original = catalog.add_judged("/w/a", 1, 1);
  const auto file = catalog.add_judged("/w/b", 2, 2, FileRole::duplicate);
  matching::DuplicateVerdict verdict;
  verdict.original_file_id = original;
  verdict.relation = matching::Relation::edited;
  verdict.evidence.inliers = 41;
  verdict.evidence.ssim = 0.93;
  SUBCASE("how the duplicate was made") {
    verdict.evidence.mirrored = true;
    verdict.evidence.rotation_degrees = 90.25;
    verdict.evidence.scale = 0.5;
    verdict.evidence.overlap = 0.75;
  }
  SUBCASE("that it is not mirrored") { verdict.evidence.mirrored = false; }
  SUBCASE("that nobody looked") {}
  const auto id = catalog->add_decision({file, verdict, 5, std::nullopt});
  CHECK(catalog->decision(id)->evidence == verdict.evidence);
}
