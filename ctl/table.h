// SPDX-License-Identifier: Apache-2.0
// Rows with aligned columns for people.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ctl/console.h"

namespace imgdedup::ctl {

enum class Alignment : std::uint8_t { left, right };

struct Column {
  std::string_view title;
  Alignment alignment = Alignment::left;
};

/// Writes rows in batches, so that a listing of any length takes little memory; a later batch may
/// be wider than an earlier one, never narrower. Cells are bytes of any kind and are made readable.
/// The titles come with the first row.
class Table {
 public:
  Table(const Console& console, std::vector<Column> columns);

  /// As many cells as columns.
  void add(std::vector<std::string> cells);
  /// Writes what is waiting. Needed at the end.
  void flush();
  [[nodiscard]] std::size_t row_count() const { return row_count_; }

 private:
  void write_row(const std::vector<std::string>& cells, bool is_title);

  const Console& console_;
  std::vector<Column> columns_;
  std::vector<std::size_t> widths_;
  std::vector<std::vector<std::string>> waiting_;
  std::size_t row_count_ = 0;
  bool titles_written_ = false;
};

}  // namespace imgdedup::ctl
