// SPDX-License-Identifier: Apache-2.0
// Method cnn: vectors, their search, and the real program with networks of the tests' own.
#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <algorithm>
#include <cmath>
#include <random>

#include <nlohmann/json.hpp>

#include "batch/similarity_search.h"
#include "batch/vectors.h"
#include "matching/vector_matrix.h"
#include "support/drawn_pictures.h"
#include "support/temporary_directory.h"
#include "support/tiny_network.h"

using namespace imgdedup;
using namespace imgdedup::batch;
using namespace imgdedup::testing;
using nlohmann::json;

namespace {

struct Outcome {
  int status = -1;
  std::string output, errors;
};

/// Pictures in a folder @, networks in a folder %, and imgdedup called beside them.
struct Call {
  TemporaryDirectory directory;

  Call() {
    write_file(directory / "models/grid.onnx", encode_onnx(grid_network()));
    const auto picture = draw_picture(1);
    add("a.jpg", encode_picture(picture, ".jpg"));
    add("b-other-quality.jpg", encode_picture(picture, ".jpg", 50));
    add("c-other-format.webp", encode_picture(picture, ".webp"));
    add("other.png", encode_picture(draw_picture(2), ".png"));
    add("deep/another.png", encode_picture(draw_picture(3), ".png"));
  }
  void add(const std::string& name, const std::string& bytes) const {
    write_file(directory / ("in/" + name), bytes);
  }
  [[nodiscard]] Outcome run(std::string arguments) const {
    for (const auto& [mark, folder] : {std::pair('@', "in"), {'%', "models"}})
      for (std::size_t at = 0; (at = arguments.find(mark, at)) != std::string::npos;)
        arguments.replace(at, 1, (directory / folder).string());
    const std::string command = std::string(IMGDEDUP_PATH) + " " + arguments + " >" +
                                (directory / "output").string() + " 2>" +
                                (directory / "errors").string();
    const int status = ::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_file(directory / "output"),
            read_file(directory / "errors")};
  }
};

Vectors random_vectors(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  Vectors vectors;
  matching::Embedding centre;
  for (std::size_t i = 0; i < count; ++i) {
    matching::Embedding vector;
    for (std::size_t k = 0; k < 64; ++k)
      vector.values.push_back(i % 4 == 0 ? normal(random)
                                         : centre.values[k] + 0.4F * normal(random));
    if (i % 4 == 0) centre = vector;
    vectors.emplace("file-" + std::to_string(i), std::move(vector));
  }
  return vectors;
}

std::size_t hit_count(const FoundMap& found) {
  std::size_t count = 0;
  for (const auto& [name, hits] : found) count += hits.size();
  return count;
}

}  // namespace

TEST_CASE("the map by similarity is that of comparing every pair") {
  const Vectors vectors = random_vectors(330, 1);
  FoundMap expected;
  for (const auto& [a, vector] : vectors) {
    expected[a];
    for (const auto& [b, other] : vectors)
      if (const double cosine = matching::cosine_of(vector.values, other.values);
          a != b && cosine >= 0.9)
        expected[a].push_back({b, 0, cosine});
  }
  FoundMap found = find_by_similarity(vectors, 0.9);
  order_hits(found, 0);
  order_hits(expected, 0);
  CHECK(hit_count(expected) > 100);
  REQUIRE(found.size() == expected.size());
  for (const auto& [name, hits] : expected) {
    REQUIRE(found.at(name).size() == hits.size());
    for (std::size_t i = 0; i < hits.size(); ++i) {
      CHECK(found.at(name)[i].name == hits[i].name);
      CHECK(*found.at(name)[i].similarity == doctest::Approx(*hits[i].similarity));
    }
    FoundMap of_one = find_by_similarity(vectors, 0.9, name);
    order_hits(of_one, 0);
    CHECK(of_one == FoundMap{{name, hits}});
  }
}

TEST_CASE("too many vectors for every pair lose one pair in a hundred at most, and add none") {
  const Vectors vectors = random_vectors(1200, 2);
  FoundMap every = find_by_similarity(vectors, 0.9);
  FoundMap found = find_by_similarity(vectors, 0.9, std::size_t{100});
  CHECK(hit_count(found) <= hit_count(every));
  CHECK(hit_count(found) * 100 >= hit_count(every) * 99);
  for (const auto& [name, hits] : found)
    for (const Hit& hit : hits)
      CHECK(std::ranges::count(found.at(hit.name), name, &Hit::name) == 1);
}

TEST_CASE("vectors come back from JSON, number for number") {
  Vectors vectors = random_vectors(5, 3);
  vectors.begin()->second.values[0] = 0.1F;
  const json map = to_json(vectors);
  CHECK(holds_vectors(map));
  CHECK(!holds_vectors(json{{"a", "0123456789abcdef"}}));
  CHECK(map.begin()->begin()->dump() == "0.1");
  CHECK(vectors_from_json(json::parse(map.dump(2)), "test") == vectors);
}

TEST_CASE("what is no vector is an error that names the file") {
  for (const char* wrong :
       {R"({"a": [1, 2], "b": []})", R"({"a": [1, 2], "b": [1]})", R"({"a": [1, 2], "b": [0, 0]})",
        R"({"a": [1, 2], "b": [1, "x"]})", R"({"a": [1, 2], "b": "0123456789abcdef"})",
        R"({"a": [1, 2], "b": [1e300, 1]})"}) {
    CAPTURE(wrong);
    CHECK_THROWS_WITH_AS(vectors_from_json(json::parse(wrong), "test"),
                         doctest::Contains("read test: b has"), std::runtime_error);
  }
}

TEST_CASE("find by a network gives copies, nearest first, with cosines for scores") {
  const Call call;
  const auto outcome = call.run("find @ --recursive --method cnn --model %/grid.onnx --scores");
  CHECK(outcome.errors.find("5 pictures") != std::string::npos);
  REQUIRE(outcome.status == 0);
  const json found = json::parse(outcome.output);
  CHECK(found.size() == 5);
  CHECK(found["other.png"] == json::array());
  CHECK(found["deep/another.png"] == json::array());
  REQUIRE(found["a.jpg"].size() == 2);
  double last = 1;
  for (const auto& hit : found["a.jpg"]) {
    CHECK(hit[1].get<double>() <= last);
    last = hit[1].get<double>();
    CHECK(last >= 0.9);
  }
  const json names = json::parse(call.run("find @ --method cnn --model %/grid.onnx").output);
  CHECK(names["c-other-format.webp"].size() == 2);
  const json all =
      json::parse(call.run("find @ --method cnn --model %/grid.onnx --min-similarity -1").output);
  for (const auto& [name, hits] : all.items()) CHECK(hits.size() == 3);
}

TEST_CASE("vectors that were encoded give the same map as the pictures") {
  const Call call;
  const std::string encodings = call.directory / "vectors.json";
  const std::string model = " --method cnn --model %/grid.onnx ";
  REQUIRE(call.run("encode @" + model + "-o " + encodings).status == 0);
  const auto from_pictures = call.run("find @ --scores" + model);
  const auto from_vectors = call.run("find --scores --encodings " + encodings);
  CHECK(from_vectors.status == 0);
  CHECK(from_vectors.output == from_pictures.output);
  const json vectors = json::parse(read_file(encodings));
  CHECK(vectors["a.jpg"].size() == 192);
  CHECK(json::parse(call.run("encode @/a.jpg" + model).output) == vectors["a.jpg"]);
  const json query = json::parse(call.run("find --query a.jpg --encodings " + encodings).output);
  CHECK(query.size() == 1);
  CHECK(query["a.jpg"].size() == 2);
}

TEST_CASE("to-remove and query go by a network too") {
  const Call call;
  const std::string model = " --method cnn --model %/grid.onnx ";
  CHECK(json::parse(call.run("to-remove @" + model).output) ==
        json{"b-other-quality.jpg", "c-other-format.webp"});
  const auto outside = (call.directory / "query.png").string();
  write_file(outside, encode_picture(draw_picture(1), ".png"));
  const json found = json::parse(call.run("find @ --query " + outside + model).output);
  CHECK(found.size() == 1);
  CHECK(found[outside].size() == 3);
}

TEST_CASE("without a model, or with an unfit one, it ends with 2 and says what to do") {
  const Call call;
  const auto missing = call.run("find @ --method cnn");
  CHECK(missing.status == 2);
  CHECK(missing.output.empty());
  CHECK(missing.errors.find("--model FILE") != std::string::npos);
  CHECK(call.run("encode @ --method cnn").status == 2);
  CHECK(call.run("to-remove @ --method cnn --model %/none.onnx").status == 2);
  const auto no_model = call.run("find @ --method cnn --model @/a.jpg");
  CHECK(no_model.status == 2);
  CHECK(no_model.errors.find("a.jpg: is no whole ONNX file") != std::string::npos);
  const auto other_size = call.run("find @ --method cnn --model %/grid.onnx --input-size 128x96");
  CHECK(other_size.status == 2);
  CHECK(other_size.errors.find("takes pictures of 224x224") != std::string::npos);
  for (const char* wrong : {"--min-similarity 1.1", "--min-similarity x", "--input-size 0",
                            "--mean 1,2", "--scale 0", "--colour red"})
    CHECK(call.run(std::string("find @ --method cnn --model %/grid.onnx ") + wrong).status == 2);
}

TEST_CASE("what a network was trained with reaches it") {
  const Call call;
  write_file(call.directory / "models/small.onnx", encode_onnx(grid_network(56)));
  const std::string model = "encode @/a.jpg --method cnn --model %/small.onnx --input-size 56 ";
  const json plain = json::parse(call.run(model).output);
  CHECK(plain.size() == 12);
  for (const char* option : {"--colour bgr", "--mean 0.5", "--scale 0.1,0.2,0.3"}) {
    const auto outcome = call.run(model + option);
    CHECK(outcome.status == 0);
    CHECK(json::parse(outcome.output) != plain);
  }
}

TEST_CASE("a picture for which the network gives no vector is named and has no entry") {
  const Call call;
  call.add("black.png", encode_picture(cv::Mat::zeros(60, 60, CV_8UC3), ".png"));
  const auto outcome = call.run("find @ --method cnn --model %/grid.onnx --mean 0 --scale 1");
  CHECK(outcome.status == 0);
  CHECK(outcome.errors.find("black.png: damaged: the network gives no vector") !=
        std::string::npos);
  CHECK(!json::parse(outcome.output).contains("black.png"));
}
