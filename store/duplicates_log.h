// SPDX-License-Identifier: Apache-2.0
// The duplicates log: each decision, one line, once.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "store/records.h"

namespace imgdedup::store {

/// A file of JSON lines in the order of decision ids, so that its last line says how far it goes:
/// what a crash left out is appended at the next flush, and nothing twice. A line of ours cut off
/// by a crash is removed; what others wrote stays. Opened for each use; deleted or rotated away, it
/// is written whole again.
class DuplicatesLog {
 public:
  explicit DuplicatesLog(std::string path) : path_(std::move(path)) {}

  struct Line {
    DecisionId id = 0;
    std::string text;  ///< JSON with a member "id", without a newline
  };

  /// The id of the last whole line; 0 when there is no line. Removes a line that was cut off.
  /// Throws std::system_error naming the file.
  [[nodiscard]] DecisionId last_id() const;

  /// Appends the lines and syncs the file. Precondition: ids grow, beyond last_id(). Throws
  /// std::system_error; lines that were appended before stay, a half one is removed next time.
  void append(const std::vector<Line>& lines) const;

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace imgdedup::store
