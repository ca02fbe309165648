// SPDX-License-Identifier: Apache-2.0
// One line on a terminal that says how far a wait has come.
#include "ctl/progress_bar.h"

#include <algorithm>
#include <ostream>
#include <string>

#include "ctl/human_text.h"

namespace imgdedup::ctl {
namespace {

constexpr std::size_t bar_columns = 30;

}  // namespace

ProgressBar::~ProgressBar() {
  if (is_shown_) console_.errors << "\r\033[K" << std::flush;
}

void ProgressBar::show(std::uint64_t pending, std::uint64_t total) {
  if (console_.error_sink != Sink::terminal || total == 0) return;
  const std::uint64_t done = total - std::min(pending, total);
  const double share = static_cast<double>(done) / static_cast<double>(total);
  const auto filled = static_cast<std::size_t>(share * static_cast<double>(bar_columns));
  const std::string percent = std::to_string(static_cast<int>(share * 100));
  console_.errors << "\r[" << std::string(filled, '#') << std::string(bar_columns - filled, '.')
                  << "] " << std::string(3 - std::min<std::size_t>(percent.size(), 3), ' ')
                  << percent << "%  " << count_text(done) << " of " << count_text(total, "file")
                  << "\033[K" << std::flush;
  is_shown_ = true;
}

}  // namespace imgdedup::ctl
