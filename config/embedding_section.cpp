// SPDX-License-Identifier: Apache-2.0
// The keys below detect.embedding, and the same written back.
#include "config/embedding_section.h"

#include <array>
#include <charconv>
#include <optional>
#include <string_view>

#include "config/path_rules.h"

namespace imgdedup::config {
namespace {

using matching::EmbeddingParameters;

/// "0.485,0.456,0.406" or "0.5" of a number or a list of three; nothing for anything else.
std::optional<std::array<double, 3>> channels_of(const YamlNode& node) {
  if (node.kind == YamlKind::scalar)
    return node.text.find(',') == std::string::npos ? matching::channels_from_text(node.text)
                                                    : std::nullopt;
  if (node.kind != YamlKind::sequence || node.items.size() != 3) return std::nullopt;
  std::string text;
  for (const YamlNode& item : node.items) {
    if (item.kind != YamlKind::scalar) return std::nullopt;
    text += text.empty() ? item.text : "," + item.text;
  }
  return matching::channels_from_text(text);
}

void read_channels(const Section& section, std::string_view key, std::string_view allowed,
                   bool may_be_zero, std::array<double, 3>& target) {
  const YamlEntry* const entry = section.find(key);
  if (entry == nullptr) return;
  const auto channels = channels_of(entry->value);
  if (channels && (may_be_zero || is_valid(EmbeddingParameters{.scale = *channels})))
    target = *channels;
  else
    section.refuse(entry->line, section.full_name(key), entry->value, allowed);
}

std::string in_yaml(const std::array<double, 3>& channels) {
  std::string text = "[";
  for (const double channel : channels) {
    char number[32];
    if (text.size() > 1) text += ", ";
    text.append(number, std::to_chars(number, number + sizeof number, channel).ptr);
  }
  return text + "]";
}

}  // namespace

void read_embedding(const Section& detect, EmbeddingSettings& target) {
  const Section section = detect.below(
      "embedding", {"model", "min_similarity", "input_size", "mean", "scale", "colour"});
  section.read_text(
      "model", [](std::string& text) { return text.empty() || normalise_path(text); },
      "the absolute path of an ONNX file without \".\" and \"..\", or \"\": off", target.model);
  section.read_number("min_similarity", -1, 1, target.min_similarity);

  EmbeddingParameters& parameters = target.parameters;
  std::string size;
  section.read_text(
      "input_size",
      [](const std::string& text) { return matching::input_size_from_text(text).has_value(); },
      "a number of pixels from 1 to 2048, such as 224, or WIDTHxHEIGHT, such as 224x160", size);
  if (const auto sides = matching::input_size_from_text(size)) {
    parameters.input_width = (*sides)[0];
    parameters.input_height = (*sides)[1];
  }
  read_channels(section, "mean",
                "three numbers, such as [0.485, 0.456, 0.406], or one for all channels", true,
                parameters.mean);
  read_channels(section, "scale",
                "three numbers other than 0, such as [0.229, 0.224, 0.225], or one for all "
                "channels",
                false, parameters.scale);
  section.read_word("colour", {matching::ColourOrder::rgb, matching::ColourOrder::bgr},
                    parameters.colour);
}

std::string network_keys_in_yaml(const EmbeddingSettings& settings) {
  const EmbeddingParameters& parameters = settings.parameters;
  std::string size = std::to_string(parameters.input_width);
  if (parameters.input_height != parameters.input_width)
    size += "x" + std::to_string(parameters.input_height);
  return ", input_size: " + size + ", mean: " + in_yaml(parameters.mean) +
         ", scale: " + in_yaml(parameters.scale) +
         ", colour: " + std::string(name_of(parameters.colour));
}

}  // namespace imgdedup::config
