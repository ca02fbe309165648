// SPDX-License-Identifier: Apache-2.0
// Where the imgdedup-worker program lies.
#include "worker/worker_path.h"

#include <unistd.h>

#include <stdexcept>

namespace imgdedup::worker {
namespace {

constexpr const char* worker_name = "imgdedup-worker";

}  // namespace

std::string find_worker() {
  return find_worker(std::filesystem::read_symlink("/proc/self/exe").parent_path(),
                     IMGDEDUP_LIBEXEC_DIRECTORY);
}

std::string find_worker(const std::filesystem::path& program_directory,
                        const std::filesystem::path& libexec_directory) {
  const auto beside = program_directory / worker_name;
  const auto installed = libexec_directory / worker_name;
  for (const auto& path : {beside, installed})
    if (::access(path.c_str(), X_OK) == 0 && std::filesystem::is_regular_file(path))
      return path.string();
  throw std::runtime_error("find the program " + std::string(worker_name) + ": it is neither " +
                           beside.string() + " nor " + installed.string());
}

}  // namespace imgdedup::worker
