// SPDX-License-Identifier: Apache-2.0
// One line on a terminal that says how far a wait has come.
#pragma once

#include <cstdint>

#include "ctl/console.h"

namespace imgdedup::ctl {

/// Drawn on console.errors, and only if that is a terminal; gone when the object goes.
class ProgressBar {
 public:
  explicit ProgressBar(const Console& console) : console_(console) {}
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// pending of total files are left.
  void show(std::uint64_t pending, std::uint64_t total);

 private:
  const Console& console_;
  bool is_shown_ = false;
};

}  // namespace imgdedup::ctl
