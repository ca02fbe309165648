// SPDX-License-Identifier: Apache-2.0
#include "worker/worker_path.h"

#include <doctest/doctest.h>

#include <stdexcept>

#include "support/temporary_directory.h"

using imgdedup::testing::TemporaryDirectory;
using imgdedup::testing::write_file;
using imgdedup::worker::find_worker;
namespace fs = std::filesystem;

namespace {

void make_program(const fs::path& path) {
  write_file(path, "#!/bin/sh\n");
  fs::permissions(path, fs::perms::owner_all);
}

}  // namespace

TEST_CASE("the worker beside the program comes before the installed one") {
  const TemporaryDirectory directory;
  const auto beside = directory / "bin/imgdedup-worker";
  const auto installed = directory / "libexec/imgdedup-worker";
  make_program(installed);
  CHECK(find_worker(directory / "bin", directory / "libexec") == installed);
  make_program(beside);
  CHECK(find_worker(directory / "bin", directory / "libexec") == beside);
}

TEST_CASE("a worker in neither place is an error that names both") {
  const TemporaryDirectory directory;
  write_file(directory / "bin/imgdedup-worker", "not executable");
  fs::create_directories(directory / "libexec/imgdedup-worker");
  try {
    find_worker(directory / "bin", directory / "libexec");
    FAIL("no error");
  } catch (const std::runtime_error& error) {
    const std::string message = error.what();
    CHECK(message.find((directory / "bin").string()) != std::string::npos);
    CHECK(message.find((directory / "libexec").string()) != std::string::npos);
  }
}
