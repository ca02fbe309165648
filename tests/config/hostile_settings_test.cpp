// SPDX-License-Identifier: Apache-2.0
// Whatever the file holds: settings or problems, never a crash, and soon.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <random>
#include <string>
#include <string_view>

#include "config/settings_file.h"
#include "support/temporary_directory.h"

using namespace imgdedup;
using namespace imgdedup::config;
using namespace std::chrono_literals;

namespace {

enum class Outcome { settings, problems };

/// Settings must survive being written; problems must each be one line of printable text.
Outcome outcome_of(std::string_view text) {
  try {
    const Settings settings = parse_settings(text, "f");
    CHECK(parse_settings(to_yaml(settings), "again") == settings);
    return Outcome::settings;
  } catch (const ConfigError& error) {
    CHECK_FALSE(error.problems.empty());
    for (const Problem& problem : error.problems)
      for (const char c : to_text(problem)) CHECK_UNARY(static_cast<unsigned char>(c) >= 0x20);
    return Outcome::problems;
  }
}

std::string repeated(std::string_view text, std::size_t bytes) {
  std::string result;
  while (result.size() + text.size() <= bytes) result += text;
  return result;
}

std::size_t below(std::mt19937& random, std::size_t limit) {
  return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
}

void mutate(std::string& text, std::mt19937& random) {
  constexpr std::string_view pieces[] = {"[",
                                         "]",
                                         "{",
                                         "}",
                                         ":",
                                         ": ",
                                         "- ",
                                         "\n",
                                         "\n  ",
                                         "\"",
                                         "'",
                                         "#",
                                         "&a ",
                                         "*a",
                                         "!!map ",
                                         "|",
                                         ">",
                                         "? ",
                                         "---\n",
                                         "...\n",
                                         "%YAML ",
                                         "<<: ",
                                         "~",
                                         "\t",
                                         ",",
                                         "\\",
                                         "\xff",
                                         "\r",
                                         "-1",
                                         "0",
                                         "99999999999999999999"};
  const std::size_t at = below(random, text.size());
  const std::size_t length = below(random, 1 + std::min<std::size_t>(text.size() - at, 40));
  switch (below(random, 5)) {
    case 0:
      text[at] = static_cast<char>(below(random, 256));
      break;
    case 1:
      text.erase(at, length);
      break;
    case 2:
      text.insert(at, pieces[below(random, std::size(pieces))]);
      break;
    case 3:
      text.insert(at, text.substr(below(random, text.size()), length));
      break;
    default:
      text.resize(at + 1);
  }
  if (text.empty()) text = "x";
}

}  // namespace

TEST_CASE("the installed file, damaged at random, gives settings or problems") {
  const std::string installed = testing::read_file(IMGDEDUP_SOURCE_DIR "/config/imgdedupd.yaml");
  std::mt19937 random(20240607);
  int counts[2] = {};
  for (int round = 0; round < 3000; ++round) {
    std::string text = installed;
    for (std::size_t i = 1 + below(random, 8); i > 0; --i) mutate(text, random);
    CAPTURE(round);
    ++counts[static_cast<std::size_t>(outcome_of(text))];
  }
  CHECK(counts[0] > 100);
  CHECK(counts[1] > 100);
}

TEST_CASE("a file full of one construct is answered") {
  constexpr std::size_t bytes = std::size_t{1} << 20;
  for (const std::string_view construct :
       {"[",    "{",      "]",  "- ",    "? ",  ": ",  "a: ", "a:\n",       "[{",
        "{a: ", "- - ",   "\"", "'",     "|\n", "!",   "&a ", "*a ",        "#",
        "\n",   "\t",     "%",  "---\n", "a\n", "[],", "a,",  "&a [*a],\n", "- {path: /a}\n",
        "\\",   "\"\\x0a"}) {
    CAPTURE(std::string(construct));
    const auto begin = std::chrono::steady_clock::now();
    outcome_of("watch: " + repeated(construct, bytes - 7));
    outcome_of(repeated(construct, bytes));
    CHECK(std::chrono::steady_clock::now() - begin < 30s);
  }
}

TEST_CASE("aliases do not multiply what is read") {
  std::string text = "a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char name = 'b'; name < 'z'; ++name) {
    const std::string before(1, static_cast<char>(name - 1));
    text += std::string(1, name) + ": &" + name + " [" + repeated("*" + before + ", ", 36) + "]\n";
  }
  CHECK(outcome_of(text) == Outcome::problems);
}
