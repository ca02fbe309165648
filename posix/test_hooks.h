// SPDX-License-Identifier: Apache-2.0
// Points where a test may kill or hold the process; nothing at all in a build without hooks.
#pragma once

namespace imgdedup::posix {

/// With IMGDEDUPD_TEST_HOOKS compiled in: IMGDEDUPD_CRASH_AT=<name> kills the process here
/// (SIGKILL); IMGDEDUPD_PAUSE_AT=<name>:<fifo> waits here for a byte from the fifo.
#ifdef IMGDEDUPD_TEST_HOOKS
void test_point(const char* name);
#else
inline void test_point(const char* /*name*/) {}
#endif

}  // namespace imgdedup::posix
