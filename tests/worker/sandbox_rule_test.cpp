// SPDX-License-Identifier: Apache-2.0
// Which workers may work: the asking side's part in the sandbox.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "hashing/measure.h"
#include "support/drawn_pictures.h"
#include "worker/pool_fixture.h"
#include "worker/process_setup.h"

using namespace imgdedup;
using namespace imgdedup::worker;

namespace {

/// The fake worker says that no layer holds where its memory limit is odd.
WorkerPoolSettings not_shut_in() {
  auto settings = testing::fake_settings(1);
  ++settings.memory_bytes;
  return settings;
}

}  // namespace

TEST_CASE("what a worker is told of the sandbox arrives, and nothing else is taken for it") {
  for (const SandboxRule rule : {SandboxRule::required, SandboxRule::best_effort}) {
    auto line = to_command_line("worker", {.memory_bytes = 77, .sandbox = rule});
    std::vector<char*> pointers;
    for (std::string& word : line) pointers.push_back(word.data());
    const auto arguments = serve_arguments_from(pointers);
    REQUIRE(arguments.has_value());
    CHECK(arguments->sandbox == rule);
    CHECK(arguments->memory_bytes == 77);
    for (std::string& word : line) {
      std::string other = word + "x";
      const auto place = std::ranges::find(pointers, word.data());
      if (place == pointers.begin()) continue;
      char* const before = std::exchange(*place, other.data());
      CHECK(!serve_arguments_from(pointers).has_value());
      *place = before;
    }
  }
}

TEST_CASE("where the sandbox is required a worker that is not shut in gets no job") {
  testing::PoolDriver driver(not_shut_in());
  driver.submit("a", "good");
  REQUIRE(driver.run_until([&] { return !driver.pool.last_error().empty(); }));
  CHECK(driver.pool.last_error().find("not shut in") != std::string::npos);
  CHECK(driver.pool.last_error().find("Landlock") != std::string::npos);
  CHECK(driver.answers.empty());
  CHECK(!driver.pool.sandbox_layers().has_value());
}

TEST_CASE("where it is best effort such a worker works, and what it lacks is known") {
  auto settings = not_shut_in();
  settings.sandbox = SandboxRule::best_effort;
  testing::PoolDriver driver(std::move(settings));
  CHECK(!driver.pool.sandbox_layers().has_value());
  driver.submit("a", "good");
  REQUIRE(driver.run_until_answered(1));
  CHECK(driver.is_good("a"));
  REQUIRE(driver.pool.sandbox_layers().has_value());
  CHECK(missing_from(*driver.pool.sandbox_layers()) == "no_new_privs, Landlock, seccomp, rlimits");
}

TEST_CASE("a worker that is shut in reads all collected files as the library does that is not") {
  const char* const data = std::getenv("IMGDEDUP_TEST_DATA");
  if (data == nullptr) {
    MESSAGE("skipped: IMGDEDUP_TEST_DATA is not set");
    return;
  }
  auto settings = testing::fake_settings(2);
  settings.worker_path = WORKER_PATH;
  testing::PoolDriver driver(std::move(settings));
  std::vector<std::filesystem::path> paths;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(std::filesystem::path(data) / "formats"))
    if (entry.is_regular_file()) paths.push_back(entry.path());
  for (const auto& path : paths) driver.submit_file(path, path);
  REQUIRE(driver.run_until([&] { return driver.answers.size() == paths.size(); },
                           std::chrono::minutes(5)));
  CHECK(driver.pool.counts().replaced_workers == 0);
  CHECK(driver.pool.sandbox_layers() == SandboxLayers::all());
  hashing::warm_codecs();
  int read = 0;
  for (const auto& path : paths) {
    INFO(path);
    const std::string file = testing::read_file(path);
    const auto expected = hashing::measure_image(
        {reinterpret_cast<const std::uint8_t*>(file.data()), file.size()}, {});
    const Answer& answer = driver.answers.find(path)->second;
    if (const auto* refusal = std::get_if<matching::Refusal>(&expected)) {
      REQUIRE(std::holds_alternative<matching::Refusal>(answer));
      CHECK(std::get<matching::Refusal>(answer).reason == refusal->reason);
    } else {
      ++read;
      REQUIRE(std::holds_alternative<matching::Measurement>(answer));
      CHECK(std::get<matching::Measurement>(answer) == std::get<matching::Measurement>(expected));
    }
  }
  CHECK(read > 150);
}
