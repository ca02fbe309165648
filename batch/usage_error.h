// SPDX-License-Identifier: Apache-2.0
// Options that do not fit each other or the files that they name.
#pragma once

#include <stdexcept>

namespace imgdedup::batch {

/// The program ends with the status of wrong usage.
class UsageError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace imgdedup::batch
