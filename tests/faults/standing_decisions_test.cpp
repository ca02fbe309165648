// SPDX-License-Identifier: Apache-2.0
// Between a decision and its move the owner may have spoken, and the world may have gone on: what
// holds is what holds at the end of the move.
#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <functional>

#include "faults/fault_support.h"
#include "faults/load_support.h"
#include "support/drawn_pictures.h"

using namespace imgdedup::testing;
using imgdedup::protocol::Json;
namespace fs = std::filesystem;

namespace {

constexpr const char* quarantine_all =
    "actions: {exact: quarantine, pixels: quarantine, near: quarantine}\n";
constexpr const char* log_all = "actions: {exact: log, pixels: log, near: log}\n";
constexpr uid_t nobody = 65534;

std::size_t in_quarantine(Service& service) { return service.list("quarantine.list").size(); }

/// While this file lies in its place nothing can be moved there.
fs::path hindrance(const Service& service) { return service.root() / ".imgdedup-quarantine"; }

std::string mine() { return with_jpeg_comment(jpeg(1), "mine"); }

Json both(const Service& service) {
  return {{"first", (service.root() / "a.jpg").string()},
          {"second", (service.root() / "b.jpg").string()}};
}

void signal_all_below(pid_t process, int signal) {
  for (const pid_t child : children_of(process)) {
    ::kill(child, signal);
    signal_all_below(child, signal);
  }
}

/// A service that is not root, over files that are: it gets no leases, and so digests the file once
/// more when it was taken. `meanwhile` runs before that digest comes. False where it cannot be had.
bool meanwhile_without_a_lease(Service& service, const std::string& a, const std::string& b,
                               const std::function<void()>& meanwhile) {
  if (::geteuid() != 0) {
    std::printf("SKIPPED: a move without a lease (only root may give its rights up)\n");
    return false;
  }
  for (fs::path above = service.base().parent_path(); above != "/"; above = above.parent_path())
    if ((fs::status(above).permissions() & fs::perms::others_exec) == fs::perms::none) {
      std::printf("SKIPPED: a move without a lease (nobody may enter %s)\n", above.c_str());
      return false;
    }
  fs::create_directories(service.root());
  HoldingPoint held(service, "last_digest");
  for (const auto& entry : fs::recursive_directory_iterator(service.base()))
    REQUIRE(::chown(entry.path().c_str(), nobody, nobody) == 0);
  REQUIRE(::chown(service.base().c_str(), nobody, nobody) == 0);
  service.run_through({"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"});
  write_file(service.root() / "a.jpg", a);
  service.start(held.environment());
  service.sync();
  write_file(service.root() / "b.jpg", b);
  held.wait();
  meanwhile();
  held.release();
  service.sync();
  return true;
}

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

TEST_CASE("m8-distinct: said of a file that waits to be read again, it holds") {
  Service service(quarantine_all);
  write_file(hindrance(service), "in the way");
  write_file(service.root() / "a.jpg", jpeg(1));
  service.start();
  service.sync();
  const fs::path b = service.root() / "b.jpg";
  write_file(b, mine());
  service.sync();
  REQUIRE(service.list("duplicates").size() == 1);
  service.call("pause");
  fs::last_write_time(b, fs::file_time_type::clock::now());
  service.call("rescan");
  wait_until([&] { return service.call("status")["pending"] == 1; }, "the touched file to wait");
  CHECK(service.call("distinct", both(service))["distinct"] == true);
  CHECK(service.list("duplicates").empty());
  fs::remove(hindrance(service));
  service.call("resume");
  service.call("rescan");
  service.sync();
  CHECK(read_file(b) == mine());
  CHECK(in_quarantine(service) == 0);
  CHECK(service.list("duplicates").empty());
}

TEST_CASE("m8-distinct: said while the two are being compared, it holds") {
  Service service(quarantine_all);
  const fs::path b = service.root() / "b.jpg";
  write_file(service.root() / "a.jpg", jpeg(1));
  service.start();
  service.sync();
  service.call("pause");
  write_file(b, mine());
  write_file(hindrance(service), "in the way");
  service.call("resume");
  service.sync();
  service.call("distinct", both(service));
  service.sync();
  service.stop();

  HoldingPoint held(service, "after_hash");
  service.start(held.environment());
  service.sync();
  Json undo = both(service);
  undo["undo"] = true;
  service.call("distinct", undo);
  held.wait();
  // The comparison that follows gets no answer before the owner has spoken again.
  signal_all_below(service.pid(), SIGSTOP);
  held.release();
  wait_until([&] { return service.call("status")["inflight"] == 1; }, "the comparison");
  CHECK(service.call("distinct", both(service))["distinct"] == true);
  fs::remove(hindrance(service));
  signal_all_below(service.pid(), SIGCONT);
  service.sync();
  CHECK(read_file(b) == mine());
  CHECK(in_quarantine(service) == 0);
  CHECK(service.list("duplicates").empty());
}

TEST_CASE(
    "m8-distinct: said between the taking of a file and its last digest, the file goes back") {
  Service service(quarantine_all);
  if (!meanwhile_without_a_lease(service, jpeg(1), mine(), [&] {
        CHECK(service.call("distinct", both(service))["distinct"] == true);
      }))
    return;
  CHECK(read_file(service.root() / "b.jpg") == mine());
  CHECK(in_quarantine(service) == 0);
  CHECK(count_files(hindrance(service), "") == 0);
  CHECK(service.list("duplicates").empty());
  std::printf("m8-distinct: taken, and back before the move was ended\n");
}

TEST_CASE("m2-race: a name that is given to another file in the middle of a move ends nothing") {
  Service service(quarantine_all);
  write_file(service.root() / "z.jpg", jpeg(5));
  const fs::path b = service.root() / "b.jpg";
  if (!meanwhile_without_a_lease(service, jpeg(1), jpeg(1), [&] {
        fs::create_hard_link(service.root() / "z.jpg", b);
        service.call("rescan");
        wait_until(
            [&] {
              for (const Json& file : service.list("files"))
                if (file["path"] == b.string() && file["state"] == "alias") return true;
              return false;
            },
            "the new name to be known");
      }))
    return;
  CHECK(service.is_running());
  CHECK(fs::equivalent(b, service.root() / "z.jpg"));
  const auto entries = service.list("quarantine.list");
  REQUIRE(entries.size() == 1);
  CHECK(read_file(entries[0]["quarantine_path"].get<std::string>()) == jpeg(1));
  check_files_become_known(service);
  fs::remove(b);
  CHECK(service.ctl({"quarantine", "restore", "--all"}).exit_status == 0);
  CHECK(read_file(b) == jpeg(1));
}
