// SPDX-License-Identifier: Apache-2.0
// The service says what it may not do in its folders, and --check-config before it.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "end_to_end/service.h"
#include "faults/fault_support.h"
#include "support/drawn_pictures.h"

using namespace imgdedup::testing;
using imgdedup::protocol::Json;
namespace fs = std::filesystem;

namespace {

constexpr uid_t nobody = 65534;

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("a folder that the service may not write is told with its remedy, until it may") {
  if (::geteuid() != 0) {
    MESSAGE("skipped: running the service as somebody without rights needs root");
    return;
  }
  Service service("actions: {exact: quarantine}\n");
  fs::permissions(service.base(), fs::perms(0755));
  REQUIRE(::chown(service.base().c_str(), nobody, nobody) == 0);
  REQUIRE(::chown(service.root().c_str(), 0, 0) == 0);
  fs::permissions(service.root(), fs::perms(0755));
  fs::permissions(service.settings_path(), fs::perms(0644));
  service.run_through({"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"});
  service.start();
  const auto degraded = [&] { return service.call("status")["degraded"].dump(); };
  wait_until([&] { return has(degraded(), "access: "); }, "a word about the access");
  CHECK(service.call("status")["state"] == "degraded");
  CHECK_MESSAGE(has(degraded(), "may not rename out of 1 of the 1 folders"), degraded());
  CHECK_MESSAGE(has(degraded(), "setfacl -R -m u:nobody:rX -d -m u:nobody:rX"), degraded());
  CHECK_MESSAGE(has(degraded(), "--check-config"), degraded());
  CHECK(has(service.ctl({"status"}).output, "degraded     access: "));
  CHECK(has(service.service_log(), "warning: " + service.root().string()));

  // What could not be moved is told from what was.
  const std::string picture = jpeg(1);
  write_file(service.root() / "a.jpg", picture);
  write_file(service.root() / "b.jpg", picture);
  const auto first_duplicate = [&] {
    const auto listed = service.list("duplicates");
    return listed.empty() ? Json::object() : listed.front();
  };
  wait_until([&] { return first_duplicate().contains("not_moved"); }, "the move to fail");
  CHECK(first_duplicate()["state"] == "standing");
  const std::string listed = service.ctl({"duplicates"}).output;
  CHECK_MESSAGE(has(listed, "  not moved  "), listed);
  CHECK_MESSAGE(has(listed, "1 not moved: "), listed);
  CHECK(has(service.ctl({"groups"}).output, "          not moved: "));
  CHECK(service.call("status")["last_error_at"].is_string());

  fs::permissions(service.root(), fs::perms(0777));
  CHECK(service.ctl({"rescan"}).output == "Comparing; `imgdedupctl sync` waits for the end.\n");
  wait_until([&] { return service.call("status")["degraded"].empty(); }, "the end of the trouble");
  wait_until([&] { return first_duplicate()["state"] == "quarantined"; }, "the move");
  CHECK_FALSE(first_duplicate().contains("not_moved"));
}

TEST_CASE("a right that was given is noticed while the service runs, one that a reload needs too") {
  if (::geteuid() != 0) {
    MESSAGE("skipped: running the service as somebody without rights needs root");
    return;
  }
  Service service;
  fs::permissions(service.base(), fs::perms(0755));
  REQUIRE(::chown(service.base().c_str(), nobody, nobody) == 0);
  fs::permissions(service.root(), fs::perms(0755));
  fs::create_directories(service.root() / "shut");
  write_file(service.root() / "shut" / "a.jpg", jpeg(1));
  fs::permissions(service.root() / "shut", fs::perms(0700));
  fs::permissions(service.root() / "shut" / "a.jpg", fs::perms(0644));
  fs::permissions(service.settings_path(), fs::perms(0644));
  service.run_through({"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"});
  service.start({{"IMGDEDUPD_ACCESS_AGAIN_MS", "100"}});
  const auto degraded = [&] { return service.call("status")["degraded"].dump(); };
  wait_until([&] { return has(degraded(), "may not list"); }, "a word about the access");
  fs::permissions(service.root() / "shut", fs::perms(0755));
  wait_until([&] { return degraded() == "[]"; }, "the end of the trouble");
  // And what lies there is taken up without being asked for.
  wait_until([&] { return service.call("status")["images"] == 1; }, "the picture");

  service.write_settings("actions: {exact: quarantine}\n");
  fs::permissions(service.settings_path(), fs::perms(0644));
  CHECK(service.ctl({"reload"}).exit_status == 0);
  wait_until([&] { return has(degraded(), "may not rename out of"); }, "a word about the folder");
}

TEST_CASE("--check-config warns of settings that may move the better picture, as the start does") {
  Service service("actions: {near: quarantine}\n");
  const ProgramResult result =
      run_program({IMGDEDUPD_PATH, "--check-config", "--config", service.settings_path()});
  CHECK(result.exit_status == 0);
  CHECK_MESSAGE(has(result.errors, "warning: keep: actions.near is quarantine"), result.errors);
  service.start();
  service.sync();
  CHECK(has(service.service_log(), "warning: keep: actions.near is quarantine"));
  CHECK(service.call("status")["last_error"].is_null());
}

TEST_CASE(
    "mistakes come a line each to who reloads; a group that is not there is one of its line") {
  Service service;
  service.start();
  service.write_settings("workers: x\nkeep: best\n");
  const ProgramResult both = service.ctl({"reload"});
  CHECK(both.exit_status == 1);
  // Each mistake on a line of its own, in the order of the file.
  CHECK_MESSAGE(has(both.errors, "imgdedupctl: the settings stay as they were:\n" +
                                     service.settings_path().string() + ":"),
                both.errors);
  CHECK_MESSAGE(!has(both.errors, "\\n"), both.errors);
  REQUIRE(::kill(service.pid(), SIGHUP) == 0);
  wait_until([&] { return service.call("status")["last_error"].is_string(); }, "the error");
  const auto error = service.call("status")["last_error"].get<std::string>();
  CHECK_MESSAGE(has(error, "; " + service.settings_path().string() + ":"), error);
  CHECK_MESSAGE(!has(error, "\n"), error);

  write_file(service.settings_path(),
             "watch: [{path: /srv/photos}]\n"
             "socket: {path: /run/x.sock, group: no-such-group}\n");
  for (const char* option : {"--check-config", "--print-dropin"}) {
    const ProgramResult result =
        run_program({IMGDEDUPD_PATH, option, "--config", service.settings_path()});
    CHECK(result.exit_status == 2);
    CHECK_MESSAGE(has(result.errors, ":2: socket.group: there is no group no-such-group"),
                  result.errors);
    CHECK_MESSAGE(has(result.errors, "groupadd --system no-such-group"), result.errors);
    CHECK_FALSE(has(result.errors + result.output, "SupplementaryGroups"));
  }
}

TEST_CASE("--check-config says what can be done in each folder, and stays with its exit status") {
  Service service("actions: {exact: quarantine}\n");
  fs::permissions(service.base(), fs::perms(0755));
  fs::permissions(service.root(), fs::perms(0555));
  std::vector<std::string> command;
  if (::geteuid() == 0) command = {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"};
  fs::permissions(service.settings_path(), fs::perms(0644));
  for (const std::string& word : {std::string(IMGDEDUPD_PATH), std::string("--check-config"),
                                  std::string("--config"), service.settings_path().string()})
    command.push_back(word);
  const ProgramResult result = run_program(command);
  CHECK(result.exit_status == 0);
  CHECK(result.output.empty());
  CHECK_MESSAGE(has(result.errors, "can list, read, watch; cannot rename"), result.errors);
  CHECK_MESSAGE(has(result.errors, "warning: " + service.root().string()), result.errors);
  CHECK_MESSAGE(has(result.errors, "setfacl -R -m u:"), result.errors);
  fs::permissions(service.root(), fs::perms(0755));
}

TEST_CASE("--print-dropin opens the folders of the settings; wrong settings print nothing of it") {
  Service service;
  const ProgramResult result =
      run_program({IMGDEDUPD_PATH, "--print-dropin", "--config", service.settings_path()});
  CHECK(result.exit_status == 0);
  CHECK(has(result.output, "\nReadWritePaths=-" + service.root().string() + "\n"));
  CHECK(has(result.output, "\nRequiresMountsFor=" + service.root().string() + "\n"));
  const ProgramResult absent =
      run_program({IMGDEDUPD_PATH, "--print-dropin", "--config", service.base() / "none.yaml"});
  CHECK(absent.exit_status == 2);
  CHECK(absent.output.empty());
}
