// SPDX-License-Identifier: Apache-2.0
// What the service may do in its folders, in words; the drop-in that lets it.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "config/settings_file.h"
#include "daemon/access_advice.h"
#include "daemon/folder_access.h"
#include "daemon/log_limit.h"
#include "daemon/settings_check.h"
#include "daemon/socket_group.h"
#include "daemon/unit_openings.h"
#include "daemon/unit_state.h"
#include "support/temporary_directory.h"

using namespace imgdedup;
using namespace imgdedup::daemon;
using testing::TemporaryDirectory;
namespace fs = std::filesystem;

namespace {

config::Settings settings_for(const std::string& yaml) {
  return config::parse_settings(yaml, "test.yaml");
}

config::Settings moving(const std::string& path) {
  return settings_for("watch: [{path: \"" + path + "\"}]\nactions: {exact: quarantine}\n");
}

void write_file(const fs::path& path) { std::ofstream(path) << "x"; }

/// What `look` gives when it runs as somebody without rights; as the user of the test, if that is
/// not root.
std::string as_nobody(const std::function<std::string()>& look) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    constexpr uid_t nobody = 65534;
    if (::geteuid() == 0 && (::setgid(nobody) != 0 || ::setuid(nobody) != 0)) ::_exit(1);
    const std::string text = look();
    ::_exit(::write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0
                                                                                            : 1);
  }
  ::close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t got = 0; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(got));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
  return text;
}

std::string described(const config::Settings& settings) {
  const FolderAccess access = examine_folder(settings.watch.front(), -1);
  const AccessReport report =
      describe_access(settings, settings.watch.front(), access, "imgdedupd", Viewpoint::outside);
  std::string text;
  for (const std::string& summary : report.summaries) text += summary + "\n";
  for (const std::string& warning : report.warnings) text += warning + "\n";
  for (const std::string& trouble : report.troubles) text += "trouble: " + trouble + "\n";
  return text;
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

/// A folder that anybody may come to, unlike those of TemporaryDirectory.
struct OpenFolder {
  OpenFolder() {
    fs::permissions(directory.path(), fs::perms(0755));
    fs::create_directories(path);
    fs::permissions(path, fs::perms(0777));
  }
  TemporaryDirectory directory;
  fs::path path = directory / "it's photos";
};

}  // namespace

TEST_CASE("a folder where everything is allowed has a summary and no warning") {
  const OpenFolder folder;
  write_file(folder.path / "a.jpg");
  const config::Settings settings = moving(folder.path);
  const FolderAccess access = examine_folder(settings.watch.front(), -1);
  CHECK(access.open_error == 0);
  CHECK(access.directories == 1);
  CHECK(access.files == 1);
  CHECK(described(settings) ==
        folder.path.string() + ": imgdedupd can list, read, watch, rename, lease\n");
  CHECK_FALSE(fs::exists(folder.path / ".imgdedup-quarantine"));
}

TEST_CASE("what is not allowed is named with the command that would allow it") {
  const OpenFolder folder;
  const std::string root = folder.path.string();
  write_file(folder.path / "open.jpg");
  write_file(folder.path / "shut.jpg");
  fs::permissions(folder.path / "shut.jpg", fs::perms::none);
  fs::create_directories(folder.path / "shut");
  fs::permissions(folder.path / "shut", fs::perms::none);
  fs::permissions(folder.path, fs::perms(0555));
  const std::string text = as_nobody([&] { return described(moving(root)); });
  const std::string word = "'" + std::string(root).replace(root.find('\''), 1, "'\\''") + "'";
  // Nothing is to write the files themselves.
  const std::string command = "setfacl -R -m u:imgdedupd:rX -d -m u:imgdedupd:rX " + word +
                              " && find " + word +
                              " -type d -exec setfacl -m u:imgdedupd:rwx,d:u:imgdedupd:rwx {} +";
  CHECK_MESSAGE(has(text, "cannot list, read, rename"), text);
  CHECK_MESSAGE(
      has(text, "may not list 1 of the 2 folders looked at, the first: " + root + "/shut"), text);
  CHECK_MESSAGE(
      has(text, "may not read 1 of the 2 files looked at, the first: " + root + "/shut.jpg"), text);
  CHECK_MESSAGE(has(text, "may not rename out of 1 of the 2 folders"), text);
  CHECK_MESSAGE(has(text, command), text);
  // An unreadable file is listed as such and is no trouble of the service.
  CHECK_FALSE(has(text, "trouble: " + root + ": imgdedupd may not read"));
  CHECK(has(text, "trouble: " + root + ": imgdedupd may not list"));

  const std::string logging =
      as_nobody([&] { return described(settings_for("watch: [{path: \"" + root + "\"}]\n")); });
  CHECK_MESSAGE(!has(logging, "may not rename"), logging);
  CHECK_MESSAGE(has(logging, "setfacl -R -m u:imgdedupd:rX -d -m u:imgdedupd:rX"), logging);
  fs::permissions(folder.path, fs::perms(0777));
}

TEST_CASE("the folder above that is shut is named") {
  const OpenFolder folder;
  fs::create_directories(folder.path / "shut/inner");
  fs::permissions(folder.path / "shut", fs::perms(0600));
  const std::string text =
      as_nobody([&] { return described(moving((folder.path / "shut/inner").string())); });
  CHECK_MESSAGE(has(text, "may not pass through " + (folder.path / "shut").string()), text);
  CHECK_MESSAGE(has(text, "setfacl -m u:imgdedupd:x "), text);
  fs::permissions(folder.path / "shut", fs::perms(0755));
}

TEST_CASE(
    "a sticky folder of somebody else lets nothing be renamed, a file of theirs not be leased") {
  if (::geteuid() != 0) {
    MESSAGE("skipped: making a file of somebody else needs root");
    return;
  }
  const OpenFolder folder;
  write_file(folder.path / "a.jpg");
  fs::permissions(folder.path, fs::perms(01777));
  const std::string text = as_nobody([&] { return described(moving(folder.path)); });
  CHECK_MESSAGE(has(text, "can list, read, watch; cannot rename, lease"), text);
  // No ACL helps there.
  CHECK_MESSAGE(!has(text, "setfacl -"), text);
  CHECK_MESSAGE(has(text, "To let it: chmod -t "), text);
  CHECK_MESSAGE(has(text, "or else chown imgdedupd "), text);
  CHECK_MESSAGE(has(text, "CAP_LEASE would let it"), text);
}

TEST_CASE("a folder that is not there is said to be so") {
  const TemporaryDirectory directory;
  const std::string text = described(moving((directory / "gone").string()));
  CHECK(has(text, "is not there; it is offline until it comes"));
}

TEST_CASE("settings that the service's user may not read are told with what lets it") {
  const OpenFolder folder;
  const std::string path = folder.path / "x.yaml";
  write_file(path);
  CHECK(describe_settings_access(path, "imgdedupd", "imgdedupd").empty());
  fs::permissions(path, fs::perms::none);
  const auto told = [&] { return describe_settings_access(path, "imgdedupd", "people"); };
  const std::string text = as_nobody(told);
  CHECK_MESSAGE(has(text, "imgdedupd may not read these settings"), text);
  CHECK_MESSAGE(has(text, "To let it: chgrp people '"), text);
  CHECK_MESSAGE(has(text, " && chmod 640 '"), text);
  fs::permissions(folder.path, fs::perms(0700));
  if (::geteuid() == 0) CHECK(has(as_nobody(told), "To let it: setfacl -m u:imgdedupd:x '"));
  fs::permissions(folder.path, fs::perms(0777));
}

TEST_CASE("a folder of one's own in a unit that hides it, forbids writing, or lets lease") {
  const OpenFolder folder;
  write_file(folder.path / "a.jpg");
  const config::Settings settings = moving(folder.path);
  FolderAccess access = examine_folder(settings.watch.front(), -1);
  access.unleasable = {1, folder.path / "a.jpg"};
  const auto summary = [&](const config::WatchedRoot& root, const UnitOpenings& unit) {
    return describe_access(settings, root, access, "imgdedupd", Viewpoint::outside, &unit)
        .summaries.front();
  };
  config::WatchedRoot root = settings.watch.front();
  UnitOpenings unit;
  CHECK(has(summary(root, unit), "can list, read, watch; cannot rename, lease"));
  unit.writable = unit.visible = {root.path};
  CHECK(has(summary(root, unit), "can list, read, watch, rename; cannot lease"));
  unit = openings_in(
      "AmbientCapabilities=CAP_LEASE\nCapabilityBoundingSet=CAP_LEASE\nProtectSystem=full\n");
  CHECK(has(summary(root, unit), "can list, read, watch, rename, lease"));
  CHECK_FALSE(openings_in("AmbientCapabilities=CAP_LEASE\n").lets_lease());
  root.path = "/home/ben/Pics";
  CHECK(has(summary(root, unit),
            "imgdedupd cannot do anything there, for the unit hides it; once it is opened: can "
            "list, read, watch, rename, lease"));
  CHECK(has(summary(root, openings_in("ProtectHome=read-only\n")), "cannot rename"));
  CHECK(has(summary(root, openings_in("ProtectHome=no\n")), "can list, read, watch, rename"));
}

TEST_CASE("the files of a unit count in systemd's order, and as systemd has read them") {
  const TemporaryDirectory directory;
  const std::vector<std::string> directories{directory / "usr", directory / "etc"};
  CHECK(unit_files_on_disk(directories).empty());
  for (const std::string& each : directories) fs::create_directories(each + "/imgdedupd.service.d");
  const auto put = [&](const char* name, const char* text) {
    std::ofstream(directory / name) << text;
  };
  put("usr/imgdedupd.service", "ProtectHome=tmpfs\nReadWritePaths=/a");
  put("usr/imgdedupd.service.d/20.conf", "ReadWritePaths=/hidden\n");
  put("etc/imgdedupd.service.d/20.conf", "User=anna\nReadWritePaths=/c\n");
  put("etc/imgdedupd.service.d/10.conf", "ReadWritePaths=\nReadWritePaths=/b\n");
  put("etc/imgdedupd.service.d/30.txt", "ReadWritePaths=/no\n");
  const UnitOpenings openings = read_unit_files(unit_files_on_disk(directories));
  CHECK(openings.writable == std::vector<std::string>{"/b", "/c"});
  CHECK(openings.user == "anna");

  const auto loaded = loaded_unit_in(
      "FragmentPath=/lib/systemd/system/imgdedupd.service\nDropInPaths=/etc/x.conf /run/y.conf\n"
      "NeedDaemonReload=yes\n");
  REQUIRE(loaded);
  CHECK(loaded->files == std::vector<std::string>{"/lib/systemd/system/imgdedupd.service",
                                                  "/etc/x.conf", "/run/y.conf"});
  CHECK(loaded->has_changed_on_disk);
  CHECK(loaded_unit_in("FragmentPath=\nDropInPaths=\nNeedDaemonReload=no\n")->files.empty());
  CHECK_FALSE(loaded_unit_in("").has_value());
  CHECK_FALSE(loaded_unit_in("FragmentPath=/a\nDropInPaths=[unprintable]\n").has_value());
}

TEST_CASE("a group that is not there is told with the command that makes it") {
  CHECK(problem_with_group("").empty());
  CHECK(problem_with_group("root").empty());
  CHECK(problem_with_group("no-such-group-here") ==
        "there is no group no-such-group-here, must be the name of a group, or \"\". To make it: "
        "groupadd --system no-such-group-here");
}

TEST_CASE("moving what is alike while the first seen is kept is doubted") {
  const auto doubts = [](const std::string& more) {
    return doubts_about(settings_for("watch: [{path: /srv/photos}]\n" + more));
  };
  CHECK(doubts("").empty());
  CHECK(doubts("actions: {exact: quarantine, pixels: quarantine}\n").empty());
  CHECK(doubts("actions: {near: quarantine}\nkeep: largest\n").empty());
  const auto both = doubts("actions: {near: quarantine, edited: quarantine}\n");
  REQUIRE(both.size() == 1);
  CHECK(has(both.front(), "actions.near and actions.edited are quarantine and keep is first"));
  CHECK(has(both.front(), "`keep: largest` keeps the better picture"));
  CHECK(doubts("actions: {near: quarantine}\ndetect: {near: {enabled: false}}\n").empty());
  CHECK(has(doubts("actions: {edited: quarantine}\n").at(0), "actions.edited is quarantine"));
}

TEST_CASE("what a unit opens is read as systemd reads it") {
  const UnitOpenings openings = openings_in(
      "[Service]\n# ReadWritePaths=/no\nReadWritePaths=-/a \"-/b c\" \\\n  +/d/\n"
      "BindPaths=-/home/anna/Pictures /x:/y:rbind\nReadOnlyPaths=/50%%\nBindReadOnlyPaths=/m\n"
      "SupplementaryGroups=photos audio\n");
  CHECK(openings.writable ==
        std::vector<std::string>{"/a", "/b c", "/d", "/home/anna/Pictures", "/y"});
  CHECK(UnitOpenings::covers(openings.visible, "/50%/deep"));
  CHECK(UnitOpenings::covers(openings.visible, "/m"));
  CHECK_FALSE(UnitOpenings::covers(openings.writable, "/m"));
  CHECK_FALSE(UnitOpenings::covers(openings.writable, "/ab"));
  CHECK(openings.groups == std::vector<std::string>{"photos", "audio"});
  CHECK(openings_in("ReadWritePaths=/a\nReadWritePaths=\nReadWritePaths=/b\n").writable ==
        std::vector<std::string>{"/b"});
}

TEST_CASE("the drop-in opens to the unit what the settings name") {
  const config::Settings settings = settings_for(
      "watch:\n  - path: /srv/photos\n  - {path: \"/srv/50% \\\"x\\\" y\", quarantine: /srv/q}\n"
      "  - {path: /srv/archive, protect: true}\n  - path: /home/anna/Pictures\n"
      "catalog: /srv/state/catalog.sqlite3\nsocket: {group: photos}\n"
      "actions: {exact: quarantine}\n");
  const UnitOpenings openings = openings_in(drop_in_text(settings, "x.yaml"));
  for (const char* path :
       {"/srv/photos", "/srv/50% \"x\" y", "/srv/q", "/home/anna/Pictures", "/srv/state"})
    CHECK_MESSAGE(UnitOpenings::covers(openings.writable, path), path);
  CHECK_FALSE(UnitOpenings::covers(openings.writable, "/srv/archive"));
  CHECK_FALSE(UnitOpenings::covers(openings.writable, "/srv"));
  CHECK_FALSE(UnitOpenings::covers(openings.visible, "/home/anna"));
  CHECK(describe_openings(settings, openings).empty());
  CHECK(describe_openings(settings, {}).size() == 4);
}

TEST_CASE("homes stay shut unless a folder lies there; a name no unit can hold is told") {
  CHECK(has(drop_in_text(moving("/srv/photos"), "x.yaml"), "\nInaccessiblePaths=-/home -/root\n"));
  CHECK_FALSE(has(drop_in_text(moving("/home/anna/Pictures"), "x.yaml"), "InaccessiblePaths"));
  const std::string odd = drop_in_text(moving("/srv/a\\nReadWritePaths=/"), "x.yaml");
  CHECK(has(odd, "# No unit file can name this folder"));
  CHECK_FALSE(UnitOpenings::covers(openings_in(odd).writable, "/"));
}

TEST_CASE("a burst of log lines is cut short, counted, and forgotten after a while") {
  LogLimit limit(2, std::chrono::seconds(30));
  const LogLimit::Time begin{std::chrono::hours(1)};
  CHECK(limit.admit(begin) == 0);
  CHECK(limit.admit(begin + std::chrono::seconds(1)) == 0);
  CHECK_FALSE(limit.admit(begin + std::chrono::seconds(2)));
  CHECK_FALSE(limit.admit(begin + std::chrono::seconds(29)));
  CHECK(limit.admit(begin + std::chrono::seconds(30)) == 2);
  CHECK(limit.admit(begin + std::chrono::seconds(31)) == 0);
  CHECK_FALSE(limit.admit(begin + std::chrono::seconds(32)));
  // A clock that was set back does not silence the log.
  CHECK(limit.admit(begin - std::chrono::hours(1)) == 1);
}
