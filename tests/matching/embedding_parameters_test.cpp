// SPDX-License-Identifier: Apache-2.0
#include "matching/embedding_parameters.h"

#include <doctest/doctest.h>

#include <limits>

using namespace imgdedup::matching;

TEST_CASE("parameters come back from their text") {
  EmbeddingParameters other{160, 96, ColourOrder::bgr, {0, -103.939, 1e-7}, {1, 1.0 / 3, -2}};
  for (const auto& parameters : {EmbeddingParameters{}, other})
    CHECK(embedding_parameters_from_text(to_text(parameters)) == parameters);
  CHECK(to_text(EmbeddingParameters{}) ==
        "224x224 rgb mean 0.485,0.456,0.406 scale 0.229,0.224,0.225");
}

TEST_CASE("no other text gives parameters") {
  const std::string good = to_text(EmbeddingParameters{});
  for (std::size_t size = 0; size < good.size(); ++size)
    if (embedding_parameters_from_text(good.substr(0, size)))
      // A number may be cut and still be one.
      CHECK(size > good.find("scale 0.229,0.224,"));
  for (const char* wrong :
       {"0x224 rgb mean 0,0,0 scale 1,1,1", "224x4096 rgb mean 0,0,0 scale 1,1,1",
        "224x224 rbg mean 0,0,0 scale 1,1,1", "224x224 rgb mean 0,0,nan scale 1,1,1",
        "224x224 rgb mean 0,0,0 scale 1,0,1", "224x224 rgb mean 0,0,0 scale 1,inf,1",
        "224x224 rgb mean 0 scale 1", "224x224 rgb mean 0,0,0 scale 1,1,1 "}) {
    CAPTURE(wrong);
    CHECK(!embedding_parameters_from_text(wrong));
  }
}

TEST_CASE("sizes and channels may be written once for all") {
  CHECK(input_size_from_text("96") == std::array{96, 96});
  CHECK(input_size_from_text("96x32") == std::array{96, 32});
  for (const char* wrong : {"", "x", "96x", "96x32x3", "-1", "2049", "96 x 32"})
    CHECK(!input_size_from_text(wrong));
  CHECK(channels_from_text("0.5") == std::array{0.5, 0.5, 0.5});
  CHECK(channels_from_text("1,2,3") == std::array{1.0, 2.0, 3.0});
  for (const char* wrong : {"", "1,2", "1,2,3,4", "a", "1,,2", "1e300"})
    CHECK(!channels_from_text(wrong));
}

TEST_CASE("parameters beyond their limits are not valid") {
  CHECK(is_valid({}));
  CHECK(!is_valid({.input_width = 0}));
  CHECK(!is_valid({.input_height = max_embedding_input_side + 1}));
  CHECK(!is_valid({.mean = {0, std::numeric_limits<double>::quiet_NaN(), 0}}));
  CHECK(!is_valid({.scale = {1, 1, 0}}));
}
