// SPDX-License-Identifier: Apache-2.0
#include "hashing/embedding.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include <opencv2/imgproc.hpp>

#include "hashing/bytes_of.h"
#include "hashing/onnx_outline.h"
#include "support/drawn_pictures.h"
#include "support/tiny_network.h"

using namespace imgdedup;
using namespace imgdedup::hashing;
using matching::Embedding;
using matching::EmbeddingParameters;
using testing::draw_picture;
using testing::encode_onnx;
using testing::encode_picture;
using testing::grid_network;
using testing::OnnxGraph;

namespace {

double cosine(const Embedding& a, const Embedding& b) {
  return std::inner_product(a.values.begin(), a.values.end(), b.values.begin(), 0.0);
}

Embedding embedding_of(EmbeddingNetwork& network, std::string_view file) {
  const auto measured = measure_image(bytes_of(file), {}, {.embedding = true}, &network);
  REQUIRE(std::holds_alternative<matching::Measurement>(measured));
  const auto& embedding = std::get<matching::Measurement>(measured).embedding;
  REQUIRE(embedding.has_value());
  return *embedding;
}

/// What is wrong with this model; empty if nothing is.
std::string fault_of(std::string_view model, const EmbeddingParameters& parameters = {}) {
  try {
    const EmbeddingNetwork network(bytes_of(model), parameters);
    return "";
  } catch (const ModelError& error) {
    return error.what();
  }
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a network's output becomes a vector of length 1") {
  for (const OnnxGraph& graph : {grid_network(), testing::pooling_network(16)}) {
    EmbeddingNetwork network(bytes_of(encode_onnx(graph)), {});
    const auto embedding = embedding_of(network, encode_picture(draw_picture(1), ".png"));
    CHECK(embedding.values.size() == network.identity().value_count);
    CHECK(cosine(embedding, embedding) == doctest::Approx(1).epsilon(1e-5));
  }
}

TEST_CASE("copies of a picture are near in cosine, other pictures are far") {
  EmbeddingNetwork network(bytes_of(encode_onnx(grid_network())), {});
  const auto picture = draw_picture(1, {1200, 900});
  cv::Mat small;
  cv::resize(picture, small, {400, 300}, 0, 0, cv::INTER_AREA);
  const auto original = embedding_of(network, encode_picture(picture, ".jpg"));
  CHECK(cosine(original, embedding_of(network, encode_picture(picture, ".jpg", 40))) > 0.99);
  CHECK(cosine(original, embedding_of(network, encode_picture(small, ".webp"))) > 0.99);
  CHECK(cosine(original, embedding_of(network, encode_picture(draw_picture(2), ".jpg"))) < 0.7);
}

TEST_CASE("the network sees the picture as shown, on white where transparent, whatever its shape") {
  EmbeddingNetwork network(bytes_of(encode_onnx(grid_network())), {});
  const auto picture = draw_picture(3);
  const auto shown = embedding_of(network, encode_picture(picture, ".jpg"));
  const auto stored = testing::stored_for_orientation(picture, 6);
  const auto turned = testing::with_exif_orientation(encode_picture(stored, ".jpg"), 6);
  CHECK(cosine(shown, embedding_of(network, turned)) > 0.999);

  cv::Mat clear, white(picture.size(), CV_8UC3, cv::Scalar::all(255));
  cv::cvtColor(picture, clear, cv::COLOR_BGR2BGRA);
  clear(cv::Rect(0, 0, 200, 300)).setTo(cv::Scalar(10, 20, 30, 0));
  picture(cv::Rect(200, 0, 200, 300)).copyTo(white(cv::Rect(200, 0, 200, 300)));
  CHECK(cosine(embedding_of(network, encode_picture(clear, ".png")),
               embedding_of(network, encode_picture(white, ".png"))) > 0.9999);

  for (const auto& [width, height] : {std::pair(3000, 20), {20, 3000}, {1, 1}, {5, 400}}) {
    const cv::Mat wide(height, width, CV_8UC3, cv::Scalar(200, 30, 90));
    CHECK(embedding_of(network, encode_picture(wide, ".png")).values.size() == 192);
  }
}

TEST_CASE("mean, scale and colour order are applied as they are written") {
  const EmbeddingParameters parameters{.input_width = 56,
                                       .input_height = 56,
                                       .colour = matching::ColourOrder::bgr,
                                       .mean = {0.1, 0.2, 0.3},
                                       .scale = {1, 2, -4}};
  EmbeddingNetwork network(bytes_of(encode_onnx(grid_network(56))), parameters);
  const cv::Mat picture(80, 80, CV_8UC3, cv::Scalar(51, 102, 204));
  const auto embedding = embedding_of(network, encode_picture(picture, ".png"));
  const double blue = 0.2 - 0.1, green = (0.4 - 0.2) / 2, red = (0.8 - 0.3) / -4;
  const double length = std::sqrt(4 * (blue * blue + green * green + red * red));
  REQUIRE(embedding.values.size() == 12);
  CHECK(embedding.values[0] == doctest::Approx(blue / length).epsilon(1e-4));
  CHECK(embedding.values[4] == doctest::Approx(green / length).epsilon(1e-4));
  CHECK(embedding.values[11] == doctest::Approx(red / length).epsilon(1e-4));
}

TEST_CASE("a picture for which the network gives no direction is refused") {
  // Mean 0: a black picture is zeros before the network and behind it.
  const EmbeddingParameters parameters{.mean = {0, 0, 0}, .scale = {1, 1, 1}};
  EmbeddingNetwork network(bytes_of(encode_onnx(grid_network())), parameters);
  const auto black = encode_picture(cv::Mat::zeros(60, 60, CV_8UC3), ".png");
  const auto measured = measure_image(bytes_of(black), {}, {.embedding = true}, &network);
  REQUIRE(std::holds_alternative<matching::Refusal>(measured));
  CHECK(has(std::get<matching::Refusal>(measured).message, "no vector with a direction"));

  OnnxGraph infinite = testing::pooling_network(4);
  for (float& weight : infinite.weights[0].values) weight = std::numeric_limits<float>::max();
  EmbeddingNetwork overflowing(bytes_of(encode_onnx(infinite)), {});
  const auto white = encode_picture(cv::Mat(60, 60, CV_8UC3, cv::Scalar::all(255)), ".png");
  CHECK(std::holds_alternative<matching::Refusal>(
      measure_image(bytes_of(white), {}, {.embedding = true}, &overflowing)));
}

TEST_CASE("the identity of a model is its file's digest and the length of its output") {
  const auto model = encode_onnx(testing::pooling_network(16));
  const EmbeddingNetwork network(bytes_of(model), {});
  CHECK(network.identity() == matching::EmbeddingModelIdentity{digest_of(bytes_of(model)), 16});
}

TEST_CASE("a network of any input size takes the one it is told") {
  OnnxGraph graph = testing::pooling_network(8);
  graph.inputs[0].sides = {0, 3, 0, 0};
  const EmbeddingNetwork network(bytes_of(encode_onnx(graph)),
                                 {.input_width = 64, .input_height = 96});
  CHECK(network.identity().value_count == 8);
}

TEST_CASE("a model cut off anywhere, or no model at all, is told") {
  const auto model = encode_onnx(testing::pooling_network(2, 32));
  const EmbeddingParameters small{.input_width = 32, .input_height = 32};
  REQUIRE(fault_of(model, small).empty());
  for (std::size_t size = 0; size < model.size(); size += size < 100 ? 1 : 37)
    CHECK(fault_of(model.substr(0, size), small) == "is no whole ONNX file");
  CHECK(fault_of("a text file\n") == "is no whole ONNX file");
  CHECK(fault_of(encode_picture(draw_picture(1), ".jpg")) == "is no whole ONNX file");
}

TEST_CASE("an unfit network is refused for what is unfit") {
  OnnxGraph two = grid_network();
  two.outputs.push_back({"grid", {1, 3, 8, 8}});
  CHECK(has(fault_of(encode_onnx(two)), "has 2 outputs (vector, grid), must have one"));

  OnnxGraph map = grid_network();
  map.nodes.pop_back();
  map.outputs = {{"grid", {1, 3, 8, 8}}};
  CHECK(has(fault_of(encode_onnx(map)), "gives 1x3x8x8, must give one vector"));

  CHECK(has(fault_of(encode_onnx(testing::pooling_network(1))), "gives 1x1x1x1"));
  CHECK(has(fault_of(encode_onnx(testing::pooling_network(9000, 64)),
                     {.input_width = 64, .input_height = 64}),
            "must give at most 8192 numbers"));

  OnnxGraph outside = testing::pooling_network(4);
  outside.weights[0].outside_file = "weights.bin";
  CHECK(has(fault_of(encode_onnx(outside)), "keeps weights in another file (weights.bin)"));

  OnnxGraph inputs = grid_network();
  inputs.inputs.push_back({"mask", {1}});
  CHECK(has(fault_of(encode_onnx(inputs)), "has 2 inputs (picture, mask)"));

  OnnxGraph words = grid_network();
  words.inputs[0] = {"words", {1, 128}, 7};
  CHECK(has(fault_of(encode_onnx(words)), "takes no floating-point numbers"));
  OnnxGraph flat = grid_network();
  flat.inputs[0].sides = {1, 1, 224, 224};
  CHECK(has(fault_of(encode_onnx(flat)), "must take 1x3xHEIGHTxWIDTH"));

  CHECK(has(fault_of(encode_onnx(grid_network(56))),
            "takes pictures of 56x56 (width x height), not of 224x224"));

  OnnxGraph unknown = grid_network();
  unknown.nodes[1].operation = "NoSuchOperation";
  CHECK(has(fault_of(encode_onnx(unknown)), "is of no use to OpenCV"));
}

TEST_CASE("weights listed among the inputs are none") {
  OnnxGraph graph = testing::pooling_network(4);
  graph.inputs.push_back({"kernels", {4, 3, 8, 8}});
  CHECK(fault_of(encode_onnx(graph)).empty());
  CHECK(read_onnx_outline(bytes_of(encode_onnx(graph)))->inputs.size() == 1);
}
