// SPDX-License-Identifier: Apache-2.0
// How a picture is laid before a network: what the network was trained with.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "matching/fingerprint.h"
#include "matching/measurement.h"

namespace imgdedup::matching {

/// Which of a pixel's three channels comes first.
enum class ColourOrder : std::uint8_t { rgb, bgr };

/// "rgb", "bgr".
std::string_view name_of(ColourOrder order);
std::optional<ColourOrder> colour_order_from_name(std::string_view name);

/// A channel's value becomes (value / 255 - mean) / scale. The defaults are those of networks that
/// were trained on ImageNet, as torchvision has them.
struct EmbeddingParameters {
  int input_width = 224;   ///< pixels, 1..max_embedding_input_side
  int input_height = 224;  ///< pixels, 1..max_embedding_input_side
  ColourOrder colour = ColourOrder::rgb;
  std::array<double, 3> mean{0.485, 0.456, 0.406};   ///< in the order of `colour`
  std::array<double, 3> scale{0.229, 0.224, 0.225};  ///< in the order of `colour`, none 0

  bool operator==(const EmbeddingParameters&) const = default;
};

inline constexpr int max_embedding_input_side = 2048;
/// Means and scales lie within this, either side of 0.
inline constexpr double max_embedding_constant = 1e6;

/// Whether every number is within its limits (finite, scales not 0).
bool is_valid(const EmbeddingParameters& parameters);

/// "224x224 rgb mean 0.485,0.456,0.406 scale 0.229,0.224,0.225": one text for equal parameters.
std::string to_text(const EmbeddingParameters& parameters);
/// Back from to_text(); nothing for any other text and for parameters that are not valid.
std::optional<EmbeddingParameters> embedding_parameters_from_text(std::string_view text);

/// "224" or "224x160" (width first), each 1..max_embedding_input_side.
std::optional<std::array<int, 2>> input_size_from_text(std::string_view text);
/// "0.5" (for all three) or "0.485,0.456,0.406".
std::optional<std::array<double, 3>> channels_from_text(std::string_view text);

/// What is known of a network once a worker has it: embeddings are comparable exactly where this
/// and the parameters are equal.
struct EmbeddingModelIdentity {
  ContentDigest digest;         ///< of the model's file
  std::size_t value_count = 0;  ///< of each embedding, 2..max_embedding_values

  bool operator==(const EmbeddingModelIdentity&) const = default;
};

}  // namespace imgdedup::matching
