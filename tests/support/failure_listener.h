// SPDX-License-Identifier: Apache-2.0
// Whether the running doctest test has failed so far.
#pragma once

namespace imgdedup::testing {

bool current_test_failed();

}  // namespace imgdedup::testing
