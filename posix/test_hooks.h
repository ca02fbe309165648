// SPDX-License-Identifier: Apache-2.0
// Points where a test may kill or hold the process; nothing at all in a build without hooks.
#pragma once

#include <chrono>

namespace imgdedup::posix {

/// With IMGDEDUPD_TEST_HOOKS compiled in: IMGDEDUPD_CRASH_AT=<name> kills the process here
/// (SIGKILL); IMGDEDUPD_PAUSE_AT=<name>:<fifo> waits here for a byte from the fifo.
#ifdef IMGDEDUPD_TEST_HOOKS
void test_point(const char* name);
/// The milliseconds that the environment variable says, if there is one.
std::chrono::milliseconds test_duration(const char* variable, std::chrono::milliseconds otherwise);
/// What the environment variable says; nullptr if there is none.
const char* test_text(const char* variable);
#else
inline void test_point(const char* /*name*/) {}
inline std::chrono::milliseconds test_duration(const char* /*variable*/,
                                               std::chrono::milliseconds otherwise) {
  return otherwise;
}
inline const char* test_text(const char* /*variable*/) { return nullptr; }
#endif

}  // namespace imgdedup::posix
