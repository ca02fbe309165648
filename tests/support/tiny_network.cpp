// SPDX-License-Identifier: Apache-2.0
// ONNX files, field by field as onnx/onnx.proto numbers them.
#include "support/tiny_network.h"

#include <bit>
#include <random>
#include <string_view>

namespace imgdedup::testing {
namespace {

std::string number(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}

std::string number_field(unsigned field, std::uint64_t value) {
  return number(std::uint64_t{field} << 3) + number(value);
}

std::string field(unsigned number_of_field, std::string_view bytes) {
  return number(std::uint64_t{number_of_field} << 3 | 2) + number(bytes.size()) +
         std::string(bytes);
}

std::string encode(const OnnxEnd& end) {
  std::string shape;
  for (const auto side : end.sides)
    shape +=
        field(1, side > 0 ? number_field(1, static_cast<std::uint64_t>(side)) : field(2, "any"));
  const std::string tensor =
      number_field(1, static_cast<unsigned>(end.element_type)) + field(2, shape);
  return field(1, end.name) + field(2, field(1, tensor));
}

std::string encode(const OnnxNode& node) {
  std::string bytes;
  for (const auto& input : node.inputs) bytes += field(1, input);
  for (const auto& output : node.outputs) bytes += field(2, output);
  bytes += field(3, node.operation + "-" + node.outputs.front()) + field(4, node.operation);
  for (const auto& [name, values] : node.attributes) {
    std::string attribute = field(1, name);
    if (values.size() == 1)
      attribute += number_field(3, static_cast<std::uint64_t>(values[0])) + number_field(20, 2);
    else
      for (const auto value : values)
        attribute += number_field(8, static_cast<std::uint64_t>(value));
    if (values.size() != 1) attribute += number_field(20, 7);
    bytes += field(5, attribute);
  }
  return bytes;
}

std::string encode(const OnnxWeights& weights) {
  std::string bytes;
  for (const auto side : weights.sides) bytes += number_field(1, static_cast<std::uint64_t>(side));
  bytes += number_field(2, 1) + field(8, weights.name);
  if (!weights.outside_file.empty())
    return bytes + field(13, field(1, "location") + field(2, weights.outside_file)) +
           number_field(14, 1);
  std::string raw;
  for (const float value : weights.values)
    for (unsigned shift = 0; shift < 32; shift += 8)
      raw += static_cast<char>(std::bit_cast<std::uint32_t>(value) >> shift);
  return bytes + field(9, raw);
}

}  // namespace

std::string encode_onnx(const OnnxGraph& graph) {
  std::string bytes;
  for (const auto& node : graph.nodes) bytes += field(1, encode(node));
  bytes += field(2, "graph");
  for (const auto& weights : graph.weights) bytes += field(5, encode(weights));
  for (const auto& input : graph.inputs) bytes += field(11, encode(input));
  for (const auto& output : graph.outputs) bytes += field(12, encode(output));
  return number_field(1, 6) + field(8, field(1, "") + number_field(2, 11)) + field(7, bytes);
}

OnnxGraph grid_network(int side, int cell) {
  const std::int64_t cells = side / cell;
  return {.inputs = {{"picture", {1, 3, side, side}}},
          .outputs = {{"vector", {1, 3 * cells * cells}}},
          .nodes = {{"AveragePool",
                     {"picture"},
                     {"grid"},
                     {{"kernel_shape", {cell, cell}}, {"strides", {cell, cell}}}},
                    {"Flatten", {"grid"}, {"vector"}, {{"axis", {1}}}}}};
}

OnnxGraph pooling_network(int channels, int side) {
  std::mt19937 random(7);
  OnnxWeights weights{"kernels", {channels, 3, 8, 8}, {}};
  for (int i = 0; i < channels * 3 * 64; ++i)
    weights.values.push_back(static_cast<float>(random() % 2001) / 1000 - 1);
  return {.inputs = {{"picture", {1, 3, side, side}}},
          .outputs = {{"vector", {1, channels, 1, 1}}},
          .nodes = {{"Conv",
                     {"picture", "kernels"},
                     {"convolved"},
                     {{"kernel_shape", {8, 8}}, {"strides", {8, 8}}}},
                    {"Relu", {"convolved"}, {"positive"}},
                    {"GlobalAveragePool", {"positive"}, {"vector"}}},
          .weights = {weights}};
}

}  // namespace imgdedup::testing
