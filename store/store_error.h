// SPDX-License-Identifier: Apache-2.0
// A failure of the catalog or of the quarantine: what was attempted on what, and why it failed.
#pragma once

#include <stdexcept>

namespace imgdedup::store {

class StoreError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace imgdedup::store
