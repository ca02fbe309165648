// SPDX-License-Identifier: Apache-2.0
// Where the imgdedup-worker program lies.
#pragma once

#include <filesystem>
#include <string>

namespace imgdedup::worker {

/// The worker beside this very program, else the one in the libexec directory that the build was
/// configured with. Throws std::runtime_error naming both places when it is in neither.
std::string find_worker();

/// The same, for a program that lies in `program_directory` and a given libexec directory.
std::string find_worker(const std::filesystem::path& program_directory,
                        const std::filesystem::path& libexec_directory);

}  // namespace imgdedup::worker
