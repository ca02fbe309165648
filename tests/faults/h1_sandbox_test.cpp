// SPDX-License-Identifier: Apache-2.0
// The workers' sandbox holds; where the system does not give all of it, no file is read unless the
// owner said so.
#include <doctest/doctest.h>

#include <cstdio>

#include "faults/catalog_support.h"
#include "faults/fault_support.h"
#include "faults/worker_support.h"

using namespace imgdedup::testing;

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

TEST_CASE("h1-sandbox-probe: nothing that a worker taken over would try first goes through") {
  const auto tested = run_program({IMGDEDUPD_PATH, "--self-test-sandbox"});
  INFO(tested.output);
  CHECK(tested.exit_status == 0);
  CHECK(tested.output.find("layers        all in force\n") != std::string::npos);
  for (const char* probe : {"\nopen ", "\ncreate ", "\nstat ", "\nsocket-inet ", "\nsocket-unix ",
                            "\nexecve ", "\nfork ", "\nthread ", "\nptrace ", "\nkill ",
                            "\nmmap-exec ", "\nmmap-file ", "\nio_uring ", "\nother-abi "})
    CHECK(tested.output.find(probe) != std::string::npos);
  const std::size_t held = count_of(tested.output, "refused: ") + count_of(tested.output, "SIGSYS");
  CHECK(held == 14);
  std::printf("h1-sandbox-probe: %zu of 14 attempts refused or ended\n", held);
}

TEST_CASE("h1-sandbox-probe: the self-test fails where a layer cannot be had") {
  const auto tested = run_program(
      {WITHOUT_CALLS_PATH, "landlock_create_ruleset", IMGDEDUPD_PATH, "--self-test-sandbox"});
  CHECK(tested.exit_status == 1);
  CHECK(tested.output.find("MISSING: Landlock\n") != std::string::npos);
}

TEST_CASE("h1-required: without a layer of the sandbox nothing is read, and the service says why") {
  Service service;
  service.run_through({WITHOUT_CALLS_PATH, "landlock_create_ruleset"});
  service.start();
  write_file(service.root() / "a.jpg", photo(1));
  wait_until([&] { return !troubles(service, "workers").empty(); }, "the service to complain");
  const auto why = troubles(service, "workers").at(0);
  CHECK(why.find("Landlock") != std::string::npos);
  CHECK(why.find("sandbox: best-effort") != std::string::npos);
  const auto status = service.call("status");
  CHECK(status["state"] == "degraded");
  CHECK(status["images"] == 0);
  CHECK(status["pending"] == 1);
  CHECK(status["poison"] == 0);
  CHECK(status["sandbox"]["rule"] == "required");
  CHECK(status["sandbox"]["missing"].is_null());
  CHECK(service.service_log().find("Landlock") != std::string::npos);
  // The owner decides otherwise: what waited is read now.
  service.write_settings("sandbox: best-effort\n");
  service.call("reload");
  wait_until(
      [&] {
        try {
          return service.call("status")["images"] == 1;
        } catch (const imgdedup::protocol::ServiceUnreachable&) {
          return false;
        }
      },
      "the picture to be read");
  CHECK(service.call("status")["sandbox"]["missing"] ==
        imgdedup::protocol::Json::array({"Landlock"}));
  CHECK(service.stop() == 0);
}

TEST_CASE("h1-best-effort: what the sandbox lacks is told by status, metrics and log") {
  Service service("sandbox: best-effort\n");
  // Without seccomp(2) libseccomp tries prctl(2), so that layer may hold all the same.
  service.run_through({WITHOUT_CALLS_PATH, "landlock_create_ruleset,seccomp"});
  service.start();
  write_file(service.root() / "a.jpg", photo(1));
  service.sync();
  const auto status = service.call("status");
  CHECK(status["images"] == 1);
  CHECK(status["state"] == "degraded");
  const auto missing = status["sandbox"]["missing"].get<std::vector<std::string>>();
  REQUIRE(!missing.empty());
  CHECK(missing.front() == "Landlock");
  REQUIRE(troubles(service, "sandbox").size() == 1);
  CHECK(troubles(service, "sandbox")[0].find("Landlock") != std::string::npos);
  const auto shown = service.ctl({"status"}).output;
  CHECK(shown.find("sandbox      best effort, WITHOUT Landlock") != std::string::npos);
  const auto metrics = service.ctl({"metrics"}).output;
  CHECK(metrics.find("imgdedupd_sandbox_missing_layers " + std::to_string(missing.size())) !=
        std::string::npos);
  CHECK(count_of(service.service_log(), "sandbox: files are read with less protection") == 1);
  CHECK(service.stop() == 0);
}

TEST_CASE("h1: imgdedup reads nothing either where a layer is missing, unless it is told to") {
  const TemporaryDirectory directory;
  write_file(directory / "in/a.jpg", photo(1));
  std::vector<std::string> command{WITHOUT_CALLS_PATH, "landlock_create_ruleset", IMGDEDUP_PATH,
                                   "find", directory / "in"};
  const auto refused = run_program(command);
  CHECK(refused.exit_status == 1);
  CHECK(refused.output.empty());
  CHECK(refused.errors.find("Landlock") != std::string::npos);
  CHECK(refused.errors.find("--sandbox best-effort") != std::string::npos);
  command.insert(command.end(), {"--sandbox", "best-effort"});
  const auto done = run_program(command);
  CHECK(done.exit_status == 0);
  CHECK(done.output.find("a.jpg") != std::string::npos);
}

#endif

TEST_CASE("h1: with the whole sandbox status has nothing to complain of") {
  Service service;
  service.start();
  write_file(service.root() / "a.jpg", photo(1));
  service.sync();
  const auto status = service.call("status");
  CHECK(status["state"] == "idle");
  CHECK(status["sandbox"]["rule"] == "required");
  CHECK(status["sandbox"]["missing"] == imgdedup::protocol::Json::array());
  CHECK(service.ctl({"status"}).output.find("sandbox      required, complete") !=
        std::string::npos);
  CHECK(service.stop() == 0);
}
