// SPDX-License-Identifier: Apache-2.0
// Between a decision and its move the owner may have spoken, and the world may have gone on: what
// holds is what holds at the end of the move.
#include <doctest/doctest.h>
#include <signal.h>

#include <cstdio>
#include <filesystem>

#include "faults/fault_support.h"
#include "support/drawn_pictures.h"

using namespace imgdedup::testing;
using imgdedup::protocol::Json;
namespace fs = std::filesystem;

namespace {

constexpr const char* quarantine_all =
    "actions: {exact: quarantine, pixels: quarantine, near: quarantine}\n";
constexpr const char* log_all = "actions: {exact: log, pixels: log, near: log}\n";

std::size_t in_quarantine(Service& service) { return service.list("quarantine.list").size(); }

/// While this file lies in its place nothing can be moved there.
fs::path hindrance(const Service& service) { return service.root() / ".imgdedup-quarantine"; }

}  // namespace

TEST_CASE("m8-policy: what the settings only log by now stays, though it was to be moved before") {
  for (const bool is_restarted : {false, true}) {
    CAPTURE(is_restarted);
    Service service(quarantine_all);
    write_file(hindrance(service), "in the way");
    write_file(service.root() / "a.jpg", jpeg(1));
    service.start();
    service.sync();
    write_file(service.root() / "b.jpg", jpeg(1));
    service.sync();
    CHECK(service.call("status")["moves_failed"] > 0);

    const auto use = [&](const char* settings) {
      service.write_settings(settings);
      if (is_restarted) {
        service.stop();
        service.start();
      } else {
        const auto reloads = count_of(service.service_log(), "reloaded");
        ::kill(service.pid(), SIGHUP);
        wait_until([&] { return count_of(service.service_log(), "reloaded") > reloads; },
                   "the new settings");
      }
    };
    use(log_all);
    fs::remove(hindrance(service));
    service.call("rescan");
    service.sync();
    CHECK(read_file(service.root() / "b.jpg") == jpeg(1));
    CHECK(in_quarantine(service) == 0);
    const auto decisions = service.list("duplicates");
    REQUIRE(decisions.size() == 1);
    CHECK(decisions[0]["state"] == "standing");
    CHECK(decisions[0]["action"] == "quarantine");
    CHECK(decisions[0]["not_moved"].get<std::string>().find("only log") != std::string::npos);
    CHECK(service.call("status")["state"] == "idle");
    // Touched, it is read again, and the decision confirmed.
    fs::last_write_time(service.root() / "b.jpg", fs::file_time_type::clock::now());
    service.sync();
    CHECK(fs::exists(service.root() / "b.jpg"));

    use(quarantine_all);
    service.sync();
    wait_until([&] { return in_quarantine(service) == 1; }, "the move, as it is wanted again");
    CHECK(service.log_lines().size() == 1);
  }
  std::printf("m8-policy: turned off, nothing moved; turned on again, what was decided moved\n");
}
