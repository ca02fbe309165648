// SPDX-License-Identifier: Apache-2.0
// Rows with aligned columns for people.
#include "ctl/table.h"

#include <algorithm>
#include <cassert>
#include <ostream>
#include <utility>

#include "protocol/utf8.h"

namespace imgdedup::ctl {
namespace {

constexpr std::size_t batch_rows = 1000;

}  // namespace

Table::Table(const Console& console, std::vector<Column> columns)
    : console_(console), columns_(std::move(columns)) {
  for (const Column& column : columns_) widths_.push_back(column.title.size());
}

void Table::add(std::vector<std::string> cells) {
  assert(cells.size() == columns_.size());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    cells[i] = protocol::readable_text(cells[i]);
    widths_[i] = std::max(widths_[i], protocol::display_width(cells[i]));
  }
  waiting_.push_back(std::move(cells));
  ++row_count_;
  if (waiting_.size() >= batch_rows) flush();
}

void Table::flush() {
  if (waiting_.empty()) return;
  if (!titles_written_) {
    std::vector<std::string> titles;
    for (const Column& column : columns_) titles.emplace_back(column.title);
    write_row(titles, true);
    titles_written_ = true;
  }
  for (const auto& row : waiting_) write_row(row, false);
  waiting_.clear();
}

void Table::write_row(const std::vector<std::string>& cells, bool is_title) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string padding(widths_[i] - protocol::display_width(cells[i]), ' ');
    if (columns_[i].alignment == Alignment::right) line += padding;
    line += cells[i];
    if (columns_[i].alignment == Alignment::left) line += padding;
    line += "  ";
  }
  line.erase(line.find_last_not_of(' ') + 1);
  console_.out << (is_title ? console_.painted(Colour::bold, line) : line) << '\n';
}

}  // namespace imgdedup::ctl
