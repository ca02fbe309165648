// SPDX-License-Identifier: Apache-2.0
// The real imgdedup, called as a person calls it.
#pragma once

#include <stdlib.h>
#include <sys/wait.h>

#include <string>

#include "support/temporary_directory.h"

namespace imgdedup::testing {

struct Outcome {
  int status = -1;
  std::string output, errors;
};

/// Folders of drawn pictures, and imgdedup called beside them.
struct Call {
  TemporaryDirectory directory;

  void add(const std::string& name, const std::string& bytes) const {
    write_file(directory / ("in/" + name), bytes);
  }
  /// Runs `imgdedup` with these arguments, @ for the folder of the pictures.
  [[nodiscard]] Outcome run(std::string arguments) const {
    for (std::size_t at = 0; (at = arguments.find('@', at)) != std::string::npos;)
      arguments.replace(at, 1, (directory / "in").string());
    const std::string command = std::string(IMGDEDUP_PATH) + " " + arguments + " >" +
                                (directory / "output").string() + " 2>" +
                                (directory / "errors").string();
    const int status = ::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_file(directory / "output"),
            read_file(directory / "errors")};
  }
};

}  // namespace imgdedup::testing
