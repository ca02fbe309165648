// SPDX-License-Identifier: Apache-2.0
// ONNX files written by the tests themselves.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace imgdedup::testing {

struct OnnxEnd {
  std::string name;
  std::vector<std::int64_t> sides;  ///< 0: any
  int element_type = 1;             ///< 1: float, 7: 64-bit integers
};

struct OnnxNode {
  std::string operation;
  std::vector<std::string> inputs, outputs;
  std::vector<std::pair<std::string, std::vector<std::int64_t>>> attributes = {};
};

struct OnnxWeights {
  std::string name;
  std::vector<std::int64_t> sides;
  std::vector<float> values;
  std::string outside_file = {};  ///< not empty: the values lie there, not in the model
};

struct OnnxGraph {
  std::vector<OnnxEnd> inputs, outputs;
  std::vector<OnnxNode> nodes;
  std::vector<OnnxWeights> weights = {};
};

/// The file of a model (opset 11).
std::string encode_onnx(const OnnxGraph& graph);

/// A network that gives the mean colours of a grid over its input: `side` / `cell` squared, times
/// 3, numbers (192 for 224 and 28). Pictures of one look have a cosine near 1, drawn pictures of
/// different seeds one far from it.
OnnxGraph grid_network(int side = 224, int cell = 28);
/// One that convolves and then pools to `channels` numbers.
OnnxGraph pooling_network(int channels, int side = 224);

}  // namespace imgdedup::testing
