// SPDX-License-Identifier: Apache-2.0
// The text forms of a network's parameters.
#include "matching/embedding_parameters.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include "matching/name_table.h"

namespace imgdedup::matching {
namespace {

constexpr NameTable<ColourOrder, 2> colour_orders{{"rgb", "bgr"}};

template <typename Number>
std::optional<Number> number_from(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string text_of(const std::array<double, 3>& channels) {
  std::string text;
  for (const double channel : channels) {
    char number[32];
    if (!text.empty()) text += ',';
    text.append(number, std::to_chars(number, number + sizeof number, channel).ptr);
  }
  return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

bool is_side(int side) { return side >= 1 && side <= max_embedding_input_side; }

bool is_constant(double constant) { return std::abs(constant) <= max_embedding_constant; }

}  // namespace

std::string_view name_of(ColourOrder order) { return colour_orders.name_of(order); }

std::optional<ColourOrder> colour_order_from_name(std::string_view name) {
  return colour_orders.from_name(name);
}

bool is_valid(const EmbeddingParameters& parameters) {
  return is_side(parameters.input_width) && is_side(parameters.input_height) &&
         std::ranges::all_of(parameters.mean, is_constant) &&
         std::ranges::all_of(parameters.scale,
                             [](double scale) { return is_constant(scale) && scale != 0; });
}

std::string to_text(const EmbeddingParameters& parameters) {
  return std::to_string(parameters.input_width) + "x" + std::to_string(parameters.input_height) +
         " " + std::string(name_of(parameters.colour)) + " mean " + text_of(parameters.mean) +
         " scale " + text_of(parameters.scale);
}

std::optional<EmbeddingParameters> embedding_parameters_from_text(std::string_view text) {
  const auto words = split(text, ' ');
  if (words.size() != 6 || words[2] != "mean" || words[4] != "scale") return std::nullopt;
  const auto size = input_size_from_text(words[0]);
  const auto colour = colour_order_from_name(words[1]);
  const auto mean = channels_from_text(words[3]);
  const auto scale = channels_from_text(words[5]);
  if (!size || !colour || !mean || !scale) return std::nullopt;
  const EmbeddingParameters parameters{(*size)[0], (*size)[1], *colour, *mean, *scale};
  if (!is_valid(parameters) || to_text(parameters) != text) return std::nullopt;
  return parameters;
}

std::optional<std::array<int, 2>> input_size_from_text(std::string_view text) {
  const auto parts = split(text, 'x');
  if (parts.size() > 2) return std::nullopt;
  const auto width = number_from<int>(parts.front());
  const auto height = number_from<int>(parts.back());
  if (!width || !height || !is_side(*width) || !is_side(*height)) return std::nullopt;
  return std::array{*width, *height};
}

std::optional<std::array<double, 3>> channels_from_text(std::string_view text) {
  const auto parts = split(text, ',');
  if (parts.size() != 1 && parts.size() != 3) return std::nullopt;
  std::array<double, 3> channels{};
  for (std::size_t i = 0; i < channels.size(); ++i) {
    const auto number = number_from<double>(parts[parts.size() == 1 ? 0 : i]);
    if (!number || !is_constant(*number)) return std::nullopt;
    channels[i] = *number;
  }
  return channels;
}

}  // namespace imgdedup::matching
