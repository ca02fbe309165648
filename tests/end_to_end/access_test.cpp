// SPDX-License-Identifier: Apache-2.0
// The service says what it may not do in its folders, and --check-config before it.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "end_to_end/service.h"

using namespace imgdedup::testing;
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

  service.stop();
  fs::permissions(service.root(), fs::perms(0777));
  service.start();
  service.sync();
  CHECK(service.call("status")["degraded"].empty());
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
