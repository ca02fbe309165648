// SPDX-License-Identifier: Apache-2.0
// What a network made of contents: kept by model, gone with the content, measured again.
#include <doctest/doctest.h>
#include <sqlite3.h>

#include <stdexcept>

#include "store/catalog_backends.h"
#include "store/embedding_blob.h"
#include "store/store_error.h"

using namespace imgdedup;
using namespace imgdedup::testing;
using matching::Embedding;
using matching::FileState;
using matching::Measures;
using store::ContentId;
using store::FileRole;

namespace {

constexpr Measures with_embedding{.embedding = true};

Embedding vector(float x) { return {{x, 0.5F, -0.25F}}; }

matching::Measurement measurement(std::uint64_t seed, std::optional<Embedding> embedding) {
  return {fingerprint(seed), std::nullopt, std::move(embedding)};
}

std::vector<ContentId> contents_of(const std::vector<store::EmbeddingEntry>& entries) {
  std::vector<ContentId> ids;
  for (const auto& entry : entries) ids.push_back(entry.content_id);
  return ids;
}

void run_sql(const std::filesystem::path& path, const std::string& sql) {
  sqlite3* database = nullptr;
  const bool done = sqlite3_open(path.c_str(), &database) == SQLITE_OK &&
                    sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
  const std::string message = sqlite3_errmsg(database);
  sqlite3_close(database);
  if (!done) throw std::runtime_error(message + " in: " + sql);
}

}  // namespace

TEST_CASE("an embedding is kept bit for bit, and damage is reported") {
  for (const auto& embedding : {Embedding{}, vector(1e-30F), vector(-0.0F)})
    CHECK(store::embedding_from_blob(store::to_blob(embedding)) == embedding);
  CHECK(store::to_blob(vector(1)).size() == 12);
  CHECK_THROWS_AS((void)store::embedding_from_blob("12345"), store::MeaninglessRow);
  CHECK_THROWS_AS((void)store::embedding_from_blob("\xff\xff\xff\x7f"), store::MeaninglessRow);
  CHECK_THROWS_AS((void)store::embedding_from_blob(std::string(4 * 8193, '\0')),
                  store::MeaninglessRow);
}

TEST_CASE_TEMPLATE("a content keeps the embedding of the model in use", Backend, CATALOG_BACKENDS) {
  OpenCatalog<Backend> catalog;
  const auto unused = catalog->add_content(measurement(9, vector(9)));
  catalog->use_embedding_model("one");
  CHECK_FALSE(catalog->embedding(unused));
  const auto a = catalog->add_content(measurement(1, vector(1)));
  const auto b = catalog->add_content(fingerprint(2));
  CHECK(catalog->embedding(a) == vector(1));
  CHECK(catalog->content(a)->has_embedding);
  CHECK_FALSE(catalog->embedding(b));
  CHECK_FALSE(catalog->content(b)->has_embedding);
  // Without an embedding it is the same content; with one, a content that had none gets it.
  CHECK(catalog->add_content(fingerprint(1)) == a);
  CHECK(catalog->embedding(a) == vector(1));
  CHECK(catalog->add_content(measurement(2, Embedding{})) == b);
  CHECK(catalog->embedding(b) == Embedding{});
  CHECK(catalog->content(b)->has_embedding);
  catalog.reopen();
  CHECK_FALSE(catalog->embedding(a));
  CHECK_FALSE(catalog->content(a)->has_embedding);
  catalog->use_embedding_model("one");
  CHECK(catalog->embedding(a) == vector(1));
  CHECK(catalog->embedding(b) == Embedding{});
}

TEST_CASE_TEMPLATE("embeddings of another model are not given, and are to be measured", Backend,
                   CATALOG_BACKENDS) {
  OpenCatalog<Backend> catalog;
  catalog->use_embedding_model("one");
  const auto a = catalog->add_content(measurement(1, vector(1)));
  const auto b = catalog->add_content(measurement(2, Embedding{}));
  const auto c = catalog->add_content(fingerprint(3));
  CHECK(catalog->contents_to_measure(with_embedding, 0, 9) == std::vector{c});
  CHECK(catalog->count_contents_to_measure(with_embedding) == 1);
  CHECK(catalog->contents_to_measure({}, 0, 9).empty());
  CHECK(catalog->count_contents_to_measure({}) == 0);

  catalog->use_embedding_model("two");
  CHECK_FALSE(catalog->embedding(a));
  CHECK(catalog->contents_to_measure(with_embedding, 0, 9) == std::vector{a, b, c});
  CHECK(catalog->contents_to_measure(with_embedding, a, 1) == std::vector{b});
  CHECK(catalog->count_contents_to_measure(with_embedding) == 3);
  catalog->add_content(measurement(1, vector(7)));
  CHECK(catalog->embedding(a) == vector(7));
  CHECK(catalog->count_contents_to_measure(with_embedding) == 2);

  catalog->use_embedding_model("one");
  CHECK_FALSE(catalog->embedding(a));
  CHECK(catalog->contents_to_measure(with_embedding, 0, 9) == std::vector{a, c});
}

TEST_CASE_TEMPLATE("the embeddings of judged originals come in pages", Backend, CATALOG_BACKENDS) {
  OpenCatalog<Backend> catalog;
  catalog->use_embedding_model("one");
  std::vector<ContentId> originals;
  for (std::uint64_t seed = 1; seed <= 7; ++seed) {
    const auto file =
        catalog->add_file("/w/" + std::to_string(seed), stamp(seed), 1, FileState::pending);
    const auto content = catalog->add_content(
        measurement(seed, seed == 4 ? Embedding{} : vector(static_cast<float>(seed))));
    if (seed == 5) continue;
    catalog->set_judged(file, content, seed == 3 ? FileRole::duplicate : FileRole::original);
    if (seed != 3 && seed != 4) originals.push_back(content);
  }
  CHECK(contents_of(catalog->embedding_entries(0, 9)) == originals);
  CHECK(contents_of(catalog->embedding_entries(0, 2)) ==
        std::vector(originals.begin(), originals.begin() + 2));
  CHECK(contents_of(catalog->embedding_entries(originals[1], 9)) ==
        std::vector(originals.begin() + 2, originals.end()));
  CHECK(catalog->embedding_entries(0, 1)[0].embedding == vector(1));
  catalog->use_embedding_model("two");
  CHECK(catalog->embedding_entries(0, 9).empty());
}

TEST_CASE("embeddings vanish with their content, the row too") {
  OpenCatalog<SqliteBackend> catalog;
  catalog->use_embedding_model("one");
  const auto file = catalog->add_file("/w/1", stamp(1), 1, FileState::pending);
  const auto content = catalog->add_content(measurement(1, vector(1)));
  catalog->set_judged(file, content, FileRole::original);
  catalog->remove_file(file);
  CHECK_FALSE(catalog->embedding(content));
  CHECK(catalog->embedding_entries(0, 9).empty());
  run_sql(catalog.directory / "catalog.sqlite3",
          "CREATE TABLE none (n CHECK (n = 0)); INSERT INTO none SELECT COUNT(*) FROM embeddings");
}

TEST_CASE_TEMPLATE("the seed of the hyperplanes stays", Backend, CATALOG_BACKENDS) {
  OpenCatalog<Backend> catalog;
  const auto seed = catalog->embedding_seed();
  CHECK(seed != 0);
  catalog.reopen();
  CHECK(catalog->embedding_seed() == seed);
  CHECK(OpenCatalog<Backend>()->embedding_seed() != seed);
}

TEST_CASE_TEMPLATE("decisions that rest on another model's embeddings alone are known", Backend,
                   CATALOG_BACKENDS) {
  OpenCatalog<Backend> catalog;
  const auto original = catalog.add_judged("/w/o", 1, 1);
  const auto decide = [&](const std::string& path, std::uint64_t seed,
                          matching::ActionLimit limit) {
    matching::DuplicateVerdict verdict;
    verdict.original_file_id = original;
    verdict.relation = matching::Relation::near;
    verdict.action_limit = limit;
    return catalog->add_decision({catalog.add_judged(path, seed, seed), verdict, 5, std::nullopt});
  };
  using Ids = std::vector<std::int64_t>;
  catalog->use_embedding_model("one");
  const auto a = decide("/w/a", 2, matching::ActionLimit::similarity);
  decide("/w/b", 3, matching::ActionLimit::none);
  const auto c = decide("/w/c", 4, matching::ActionLimit::similarity);
  CHECK(catalog->decisions_by_other_models(0, 9).empty());
  catalog->use_embedding_model("two");
  const auto d = decide("/w/d", 5, matching::ActionLimit::similarity);
  CHECK(ids_of(catalog->decisions_by_other_models(0, 9)) == Ids{a, c});
  CHECK(ids_of(catalog->decisions_by_other_models(0, 1)) == Ids{a});
  CHECK(ids_of(catalog->decisions_by_other_models(a, 9)) == Ids{c});
  catalog->set_decision_state(c, matching::DecisionState::superseded);
  CHECK(ids_of(catalog->decisions_by_other_models(0, 9)) == Ids{a});
  catalog.reopen();
  CHECK(ids_of(catalog->decisions_by_other_models(0, 9)) == Ids{a, d});
}

TEST_CASE("without a model embeddings are removed a page at a time, and their places with them") {
  OpenCatalog<SqliteBackend> catalog;
  catalog->use_embedding_model("one");
  std::vector<ContentId> contents;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    contents.push_back(catalog->add_content(
        measurement(seed, seed == 2 ? Embedding{} : vector(static_cast<float>(seed)))));
    const auto file =
        catalog->add_file("/w/" + std::to_string(seed), stamp(seed), 1, FileState::pending);
    catalog->set_judged(file, contents.back(), FileRole::original);
  }
  catalog.reopen();
  CHECK(catalog->forget_embeddings(2));
  CHECK(catalog->forget_embeddings(2));
  CHECK_FALSE(catalog->forget_embeddings(2));
  CHECK_FALSE(catalog->forget_embeddings(2));
  catalog->use_embedding_model("one");
  CHECK(catalog->contents_to_measure(with_embedding, 0, 9) == contents);
  CHECK(catalog->embedding_entries(0, 9).empty());
  CHECK(catalog->add_content(measurement(1, vector(1))) == contents[0]);
  CHECK(catalog->embedding(contents[0]) == vector(1));
}
