// SPDX-License-Identifier: Apache-2.0
// Points where a test may kill or hold the process.
#include "posix/test_hooks.h"

#ifdef IMGDEDUPD_TEST_HOOKS
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "posix/unique_descriptor.h"

namespace imgdedup::posix {

void test_point(const char* name) {
  const char* crash_at = ::getenv("IMGDEDUPD_CRASH_AT");
  if (crash_at && std::string_view(crash_at) == name) ::kill(::getpid(), SIGKILL);
  const char* pause_at = ::getenv("IMGDEDUPD_PAUSE_AT");
  if (!pause_at) return;
  const std::string_view setting(pause_at);
  const auto colon = setting.find(':');
  if (colon == std::string_view::npos || setting.substr(0, colon) != name) return;
  const UniqueDescriptor fifo(
      ::open(std::string(setting.substr(colon + 1)).c_str(), O_RDONLY | O_CLOEXEC));
  char byte = 0;
  if (fifo) (void)!::read(fifo.get(), &byte, 1);
}

std::chrono::milliseconds test_duration(const char* variable, std::chrono::milliseconds otherwise) {
  const char* text = ::getenv(variable);
  return text ? std::chrono::milliseconds(::strtoll(text, nullptr, 10)) : otherwise;
}

const char* test_text(const char* variable) { return ::getenv(variable); }

}  // namespace imgdedup::posix
#endif
