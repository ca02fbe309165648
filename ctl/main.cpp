// SPDX-License-Identifier: Apache-2.0
// imgdedupctl
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "ctl/commands.h"

int main(int argc, char** argv) {
  using namespace imgdedup::ctl;
  // A reader that has had enough (head) ends this program without a word, also where it was
  // started with the signal ignored.
  std::signal(SIGPIPE, SIG_DFL);
  std::ios::sync_with_stdio(false);
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const ExitStatus status = run_program(
      arguments, {variable("IMGDEDUPD_SOCKET"), variable("XDG_RUNTIME_DIR")}, standard_console());
  if (!std::cout.flush()) {
    std::cerr << "imgdedupctl: standard output could not be written\n";
    return static_cast<int>(ExitStatus::failed);
  }
  return static_cast<int>(status);
}
