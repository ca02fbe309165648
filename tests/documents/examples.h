// SPDX-License-Identifier: Apache-2.0
// The examples of a document: commands and what they print; the shape of a print.
#pragma once

#include <algorithm>
#include <regex>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace imgdedup::testing {

struct Example {
  std::string command;
  std::vector<std::string> output;
};

/// How a document marks lines of examples.
enum class Markup { scdoc, markdown };

/// Lines of examples, without their indentation; an empty line ends a block.
inline std::vector<std::string> example_lines(const std::string& text, Markup markup) {
  std::vector<std::string> lines;
  bool is_block = false;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    if (markup == Markup::scdoc) {
      if (line.starts_with("```"))
        is_block = !is_block;
      else if (is_block)
        lines.push_back(line);
      if (line.starts_with("```") && !is_block) lines.emplace_back("$");
    } else if (line.starts_with("    ")) {
      lines.push_back(line.substr(4));
    } else {
      lines.emplace_back(line.empty() ? "" : "$");
    }
  }
  return lines;
}

/// Every "$ COMMAND" with the lines below it.
inline std::vector<Example> examples_of(const std::string& text, Markup markup) {
  std::vector<Example> examples;
  bool is_open = false;
  for (const std::string& line : example_lines(text, markup)) {
    if (line.starts_with("$")) {
      is_open = line.starts_with("$ ");
      if (is_open) examples.push_back({line.substr(2), {}});
    } else if (is_open && !line.empty()) {
      examples.back().output.push_back(line);
    }
  }
  return examples;
}

/// A line without what differs from run to run: numbers, sizes, times, digests, width of columns.
inline std::string shape_of(std::string line) {
  static const std::vector<std::pair<std::regex, std::string>> rules{
      {std::regex(R"([0-9a-f]{16,64})"), "DIGEST"},
      {std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z?)"), "TIME"},
      {std::regex(R"(just now|[\d.]+ (s|min|h|d)( [\d.]+ (s|min|h))? ago)"), "AGE"},
      {std::regex(R"([\d.]+ (B|KiB|MiB|GiB)\b)"), "SIZE"},
      {std::regex(R"([\d.]+ (s|min|h)( [\d.]+ (s|min|h))?\b)"), "SECONDS"},
      {std::regex(R"(\b[\d,.]*\d\b)"), "N"},
      {std::regex(R"(\s+)"), " "},
      {std::regex(R"(^ | $)"), ""},
  };
  for (const auto& [rule, replacement] : rules) line = std::regex_replace(line, rule, replacement);
  return line;
}

/// Shapes of lines that are not empty, sorted: their order may differ from run to run as well.
inline std::vector<std::string> shapes_of(const std::vector<std::string>& lines) {
  std::vector<std::string> shapes;
  for (const std::string& line : lines)
    if (std::string shape = shape_of(line); !shape.empty()) shapes.push_back(std::move(shape));
  std::sort(shapes.begin(), shapes.end());
  return shapes;
}

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

inline std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

inline std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

}  // namespace imgdedup::testing
