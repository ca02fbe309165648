// SPDX-License-Identifier: Apache-2.0
// Problems of a settings file, gathered and put into words.
#include "config/problem.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace imgdedup::config {
namespace {

constexpr std::size_t most_problems = 1000;

std::string lines_of(const std::vector<Problem>& problems) {
  std::string text;
  for (const Problem& problem : problems) {
    if (!text.empty()) text += '\n';
    text += to_text(problem);
  }
  return text;
}

int rank_of(const Problem& problem) {
  return problem.line == 0 ? std::numeric_limits<int>::max() : problem.line;
}

}  // namespace

std::string to_text(const Problem& problem) {
  std::string text = problem.file;
  if (problem.line > 0) text += ":" + std::to_string(problem.line);
  text += ": ";
  if (!problem.key.empty()) text += problem.key + ": ";
  return text + problem.message;
}

ConfigError::ConfigError(std::vector<Problem> found)
    : std::runtime_error(lines_of(found)), problems(std::move(found)) {}

void ProblemList::add(int line, std::string key, std::string message) {
  if (problems_.size() == most_problems) {
    ++more_;
    return;
  }
  problems_.push_back({file_, line, std::move(key), std::move(message)});
}

void ProblemList::throw_if_any() const {
  if (problems_.empty()) return;
  std::vector<Problem> found = problems_;
  std::stable_sort(found.begin(), found.end(), [](const Problem& left, const Problem& right) {
    return rank_of(left) < rank_of(right);
  });
  if (more_ > 0) found.push_back({file_, 0, "", "and " + std::to_string(more_) + " more problems"});
  throw ConfigError(std::move(found));
}

}  // namespace imgdedup::config
