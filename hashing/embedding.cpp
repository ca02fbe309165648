// SPDX-License-Identifier: Apache-2.0
// A picture -> the vector that a network gives for it, by OpenCV's dnn module.
#include "hashing/embedding.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <opencv2/dnn.hpp>
#include <opencv2/imgproc.hpp>

#include "hashing/onnx_outline.h"

namespace imgdedup::hashing {
namespace {

using matching::ColourOrder;
using matching::Embedding;
using matching::EmbeddingParameters;

std::string names_of(const std::vector<OnnxEnd>& ends) {
  std::string text;
  for (const OnnxEnd& end : ends) {
    text += text.empty() ? " (" : ", ";
    text += end.name;
  }
  return text.empty() ? text : text + ")";
}

template <typename Sides>
std::string sides_text(const Sides& sides) {
  std::string text;
  for (const auto side : sides) {
    if (!text.empty()) text += 'x';
    text += side == 0 ? "?" : std::to_string(side);
  }
  return text;
}

bool admits(std::int64_t side, int wanted) { return side == 0 || side == wanted; }

void check_input(const OnnxEnd& input, const EmbeddingParameters& parameters) {
  const auto& sides = input.sides;
  if (input.element_type != 0 && input.element_type != onnx_float)
    throw ModelError("takes no floating-point numbers (its input " + input.name +
                     " is of another type), must take 1x3xHEIGHTxWIDTH of them");
  if (sides.size() != 4 || !admits(sides[0], 1) || !admits(sides[1], 3))
    throw ModelError("takes " + (sides.empty() ? "no shape" : sides_text(sides)) +
                     ", must take 1x3xHEIGHTxWIDTH");
  if (!admits(sides[2], parameters.input_height) || !admits(sides[3], parameters.input_width))
    throw ModelError("takes pictures of " + sides_text(std::array{sides[3], sides[2]}) +
                     " (width x height), not of " + std::to_string(parameters.input_width) + "x" +
                     std::to_string(parameters.input_height) + ": set the input size to that");
}

OnnxOutline checked_outline(Bytes model, const EmbeddingParameters& parameters) {
  auto outline = read_onnx_outline(model);
  if (!outline) throw ModelError("is no whole ONNX file");
  if (!outline->outside_file.empty())
    throw ModelError("keeps weights in another file (" + outline->outside_file +
                     "), must hold them itself: save it as one file");
  if (outline->inputs.size() != 1)
    throw ModelError("has " + std::to_string(outline->inputs.size()) + " inputs" +
                     names_of(outline->inputs) + ", must have one");
  if (outline->outputs.size() != 1)
    throw ModelError("has " + std::to_string(outline->outputs.size()) + " outputs" +
                     names_of(outline->outputs) + ", must have one");
  check_input(outline->inputs.front(), parameters);
  return *std::move(outline);
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

/// To the input's size: means of cells where it shrinks, linear where it grows.
cv::Mat squeezed(const cv::Mat& picture, cv::Size size) {
  const cv::Size smaller(std::min(picture.cols, size.width), std::min(picture.rows, size.height));
  cv::Mat result = picture;
  if (smaller != result.size()) cv::resize(picture, result, smaller, 0, 0, cv::INTER_AREA);
  if (size != result.size()) cv::resize(cv::Mat(result), result, size, 0, 0, cv::INTER_LINEAR);
  return result;
}

cv::Mat input_of(const cv::Mat& picture, const EmbeddingParameters& parameters) {
  const int width = parameters.input_width, height = parameters.input_height;
  const cv::Mat small = squeezed(picture, {width, height});
  cv::Mat input({1, 3, height, width}, CV_32F);
  for (int i = 0; i < 3; ++i) {
    const auto channel = static_cast<std::size_t>(i);
    const double mean = parameters.mean[channel], scale = parameters.scale[channel];
    const int source = parameters.colour == ColourOrder::rgb ? 2 - i : i;
    for (int y = 0; y < height; ++y) {
      const auto* from = small.ptr<cv::Vec3b>(y);
      auto* to = input.ptr<float>(0, i) + std::size_t(y) * std::size_t(width);
      for (int x = 0; x < width; ++x)
        to[x] = static_cast<float>((from[x][source] / 255.0 - mean) / scale);
    }
  }
  return input;
}

/// Nothing where the vector has no direction.
std::optional<Embedding> scaled_to_length_one(std::span<const float> values) {
  double square = 0;
  for (const float value : values) square += double{value} * double{value};
  const double length = std::sqrt(square);
  if (!std::isfinite(length) || length <= 0) return std::nullopt;
  Embedding embedding;
  embedding.values.reserve(values.size());
  for (const float value : values)
    embedding.values.push_back(static_cast<float>(double{value} / length));
  return embedding;
}

}  // namespace

class EmbeddingNetwork::Implementation {
 public:
  Implementation(Bytes model, const EmbeddingParameters& parameters)
      : parameters_(parameters), outline_(checked_outline(model, parameters)) {
    identity_.digest = digest_of(model);
    try {
      network_ =
          cv::dnn::readNetFromONNX(reinterpret_cast<const char*>(model.data()), model.size());
      network_.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
      network_.setPreferableTarget(cv::dnn::DNN_TARGET_CPU);
      output_layer_ = output_layer();
      const cv::Mat output = run(
          cv::Mat(parameters.input_height, parameters.input_width, CV_8UC3, cv::Scalar::all(255)));
      check_output(output);
      identity_.value_count = output.total();
    } catch (const cv::Exception& error) {
      throw ModelError(error.code == cv::Error::StsNoMem
                           ? "needs more memory than a worker has"
                           : "is of no use to OpenCV: " + first_line(error.err));
    } catch (const std::bad_alloc&) {
      throw ModelError("needs more memory than a worker has");
    }
  }

  [[nodiscard]] const EmbeddingParameters& parameters() const { return parameters_; }
  [[nodiscard]] const matching::EmbeddingModelIdentity& identity() const { return identity_; }

  cv::Mat run(const cv::Mat& picture) {
    network_.setInput(input_of(picture, parameters_));
    return network_.forward(output_layer_);
  }

 private:
  /// What nothing else takes: the graph's output, and perhaps branches that lead nowhere.
  [[nodiscard]] std::string output_layer() const {
    const auto ends = network_.getUnconnectedOutLayersNames();
    if (ends.size() == 1) return ends.front();
    for (const auto& end : ends)
      if (end == outline_.outputs.front().name ||
          end.ends_with("!" + outline_.outputs.front().name))
        return end;
    throw ModelError("has " + std::to_string(ends.size()) +
                     " ends of which none is named as its output " + outline_.outputs.front().name);
  }

  static void check_output(const cv::Mat& output) {
    const std::span sides(output.size.p, static_cast<std::size_t>(output.dims));
    const std::string what = "gives " + sides_text(sides);
    if (output.depth() != CV_32F) throw ModelError(what + " of no floating-point numbers");
    if (std::ranges::count_if(sides, [](int side) { return side != 1; }) != 1)
      throw ModelError(what + ", must give one vector: end it behind its pooling");
    if (output.total() > matching::max_embedding_values)
      throw ModelError(what + ", must give at most " +
                       std::to_string(matching::max_embedding_values) + " numbers");
  }

  const EmbeddingParameters parameters_;
  const OnnxOutline outline_;
  cv::dnn::Net network_;
  std::string output_layer_;
  matching::EmbeddingModelIdentity identity_;
};

EmbeddingNetwork::EmbeddingNetwork(Bytes model, const EmbeddingParameters& parameters)
    : implementation_(std::make_unique<Implementation>(model, parameters)) {}

EmbeddingNetwork::~EmbeddingNetwork() = default;

const matching::EmbeddingModelIdentity& EmbeddingNetwork::identity() const {
  return implementation_->identity();
}

int EmbeddingNetwork::short_side() const {
  const auto& parameters = implementation_->parameters();
  return std::max(parameters.input_width, parameters.input_height);
}

Outcome<Embedding> EmbeddingNetwork::embed(const cv::Mat& picture) {
  const cv::Mat output = implementation_->run(picture);
  const std::span values(output.ptr<float>(), output.total());
  auto embedding =
      values.size() == identity().value_count ? scaled_to_length_one(values) : std::nullopt;
  if (!embedding) return damaged("the network gives no vector with a direction for it");
  return *std::move(embedding);
}

}  // namespace imgdedup::hashing
