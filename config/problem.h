// SPDX-License-Identifier: Apache-2.0
// What is wrong in a settings file: where, which key, and what would be allowed.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

namespace imgdedup::config {

/// One thing that is wrong in a settings file. `key` and `message` hold no control characters and
/// are valid UTF-8 whatever the file holds.
struct Problem {
  std::string file;     ///< as it was named by the caller
  int line = 0;         ///< 1-based; 0: the whole file
  std::string key;      ///< "detect.near.hash", "watch[0].path"; empty: no key in particular
  std::string message;  ///< what is wrong, and what is allowed

  bool operator==(const Problem&) const = default;
};

/// "FILE:LINE: KEY: what is wrong, what is allowed", without what is not known; one line.
std::string to_text(const Problem& problem);

/// The settings file cannot be used. what(): every problem as to_text(), one a line, without a
/// newline at the end.
class ConfigError : public std::runtime_error {
 public:
  explicit ConfigError(std::vector<Problem> found);

  std::vector<Problem> problems;  ///< never empty; by line, those of the whole file last
};

/// Gathers the problems of one file.
class ProblemList {
 public:
  explicit ProblemList(std::string file) : file_(std::move(file)) {}

  /// Beyond 1000 problems only their number is kept.
  void add(int line, std::string key, std::string message);
  /// Throws a ConfigError if there is any problem.
  void throw_if_any() const;

 private:
  std::string file_;
  std::vector<Problem> problems_;
  std::size_t more_ = 0;
};

}  // namespace imgdedup::config
