// SPDX-License-Identifier: Apache-2.0
// Never the last copy: other names of one file are no copies, and of copies one stays.
#include <doctest/doctest.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdio>
#include <deque>
#include <optional>
#include <set>

#include "faults/fault_support.h"
#include "support/drawn_pictures.h"
#include "support/other_mount.h"

using namespace imgdedup::testing;
using imgdedup::protocol::Json;
namespace fs = std::filesystem;

namespace {

constexpr const char* quarantine_all =
    "actions: {exact: quarantine, pixels: quarantine, near: quarantine, edited: quarantine}\n";

std::size_t in_quarantine(Service& service) { return service.list("quarantine.list").size(); }

/// Looks again in every way there is: by events, a rescan, a restart.
void look_again(Service& service) {
  service.sync();
  service.call("rescan");
  service.sync();
  service.stop();
  service.start();
  service.sync();
}

/// A directory that shows another one, for as long as it lives.
class BindMount {
 public:
  BindMount(const fs::path& from, fs::path to) : to_(std::move(to)) {
    fs::create_directories(to_);
    if (::mount(from.c_str(), to_.c_str(), nullptr, MS_BIND, nullptr) != 0)
      throw std::runtime_error("cannot bind " + from.string());
  }
  ~BindMount() { ::umount2(to_.c_str(), MNT_DETACH); }
  BindMount(const BindMount&) = delete;
  BindMount& operator=(const BindMount&) = delete;

 private:
  fs::path to_;
};

/// An overlay, for as long as it lives.
class Overlay {
 public:
  Overlay(fs::path place, const std::string& options) : place_(std::move(place)) {
    is_mounted_ = ::mount("overlay", place_.c_str(), "overlay", 0, options.c_str()) == 0;
  }
  ~Overlay() {
    if (is_mounted_) ::umount2(place_.c_str(), MNT_DETACH);
  }
  Overlay(const Overlay&) = delete;
  Overlay& operator=(const Overlay&) = delete;
  [[nodiscard]] bool is_mounted() const { return is_mounted_; }

 private:
  fs::path place_;
  bool is_mounted_ = false;
};

}  // namespace

TEST_CASE("k1-hardlink: further names of a file are no copies, whenever they come") {
  Service service(quarantine_all);
  service.start();
  int names = 0;
  for (std::uint64_t i = 0; i < 20; ++i) {
    const fs::path name = service.root() / ("a" + std::to_string(i) + ".jpg");
    write_file(name, small_jpeg(i + 1));
    fs::create_directories(service.root() / "b");
    fs::create_hard_link(name, service.root() / "b" / name.filename());
    fs::create_hard_link(name, service.base() / name.filename());
    names += 2;
    if (i == 9) service.sync();
  }
  look_again(service);
  CHECK(in_quarantine(service) == 0);
  CHECK(service.decisions().empty());
  CHECK(files_on_disk(service.root()).size() == static_cast<std::size_t>(names));
  // The names that were known first go: what is left is the file.
  for (std::uint64_t i = 0; i < 20; ++i)
    fs::remove(service.root() / ("a" + std::to_string(i) + ".jpg"));
  look_again(service);
  CHECK(in_quarantine(service) == 0);
  CHECK(files_on_disk(service.root()).size() == 20);
  // Copies, which are no other names, move.
  write_file(service.root() / "copy.jpg", small_jpeg(1));
  service.sync();
  CHECK(in_quarantine(service) == 1);
  CHECK(read_file(service.root() / "b/a0.jpg") == small_jpeg(1));
  std::printf("k1-hardlink: %d names of 20 files, none moved\n", names);
}

TEST_CASE("k1-hardlink: a file that gets another name in the last moment stays") {
  for (const char* point : {"after_verify", "before_rename"}) {
    INFO("at ", std::string(point));
    Service service(quarantine_all);
    HoldingPoint held(service, point);
    write_file(service.root() / "a.jpg", small_jpeg(1));
    service.start(held.environment());
    service.sync();
    write_file(service.root() / "b.jpg", small_jpeg(1));
    held.wait();
    fs::create_hard_link(service.root() / "b.jpg", service.root() / "c.jpg");
    held.release();
    look_again(service);
    CHECK(read_file(service.root() / "a.jpg") == small_jpeg(1));
    CHECK(read_file(service.root() / "c.jpg") == small_jpeg(1));
    CHECK(read_file(service.root() / "b.jpg") == small_jpeg(1));
    CHECK(in_quarantine(service) == 0);
    const auto decisions = service.list("duplicates");
    REQUIRE(decisions.size() == 1);
    CHECK(decisions[0]["action_limit"] == "hard-linked");
  }
}

TEST_CASE("k1-bindalias: a folder seen through a second mount holds no copies of itself") {
  if (!may_mount("k1-bindalias")) return;
  Service service(quarantine_all);
  SUBCASE("within one watched folder") {
    // Which of the two is listed first differs from file system to file system.
    constexpr std::uint64_t folders = 8;
    std::deque<BindMount> mounts;
    for (std::uint64_t i = 0; i < folders; ++i) {
      const fs::path folder = service.root() / std::to_string(i);
      fs::create_directories(folder / "real");
      mounts.emplace_back(folder / "real", folder / ("alias" + std::to_string(i)));
      write_file(folder / "real/a.jpg", small_jpeg(i + 1));
    }
    const auto names_left = [&] {
      std::size_t left = 0;
      for (std::uint64_t i = 0; i < folders; ++i)
        left += count_files(service.root() / std::to_string(i) / "real", ".jpg");
      return left;
    };
    service.start();
    look_again(service);
    CHECK(in_quarantine(service) == 0);
    CHECK(names_left() == folders);
    // Of a duplicate that has come under the name that cannot be renamed, the other name moves.
    const auto add_copies = [&](const char* name) {
      for (std::uint64_t i = 0; i < folders; ++i)
        write_file(service.root() / std::to_string(i) /
                       (i % 2 == 0 ? "real" : "alias" + std::to_string(i)) / name,
                   small_jpeg(i + 1));
    };
    add_copies("watched.jpg");
    look_again(service);
    CHECK(in_quarantine(service) == folders);
    service.stop();
    add_copies("stopped.jpg");
    service.start();
    look_again(service);
    CHECK(in_quarantine(service) == 2 * folders);
    CHECK(names_left() == folders);
    for (const Json& file : service.list("files"))
      CHECK(fs::exists(fs::path(file["path"].get<std::string>())));
    service.stop();
  }
  SUBCASE("as a second watched folder") {
    const fs::path second = service.base() / "second";
    const BindMount alias(service.root(), second);
    service.write_settings(quarantine_all, "  - {path: '" + service.root().string() +
                                               "'}\n  - {path: '" + second.string() + "'}\n");
    for (std::uint64_t i = 0; i < 10; ++i)
      write_file(service.root() / (std::to_string(i) + ".jpg"), small_jpeg(i + 1));
    service.start();
    look_again(service);
    CHECK(in_quarantine(service) == 0);
    CHECK(count_files(service.root(), ".jpg") == 10);
    write_file(second / "copy.jpg", small_jpeg(1));
    look_again(service);
    CHECK(in_quarantine(service) == 1);
    CHECK(files_on_disk(service.root()).size() == 10);
    service.stop();
  }
  std::printf("k1-bindalias: files seen twice stay, copies of them move\n");
}

TEST_CASE("k1-bindalias: what lies in a protected folder as well, by another mount, stays there") {
  if (!may_mount("k1-bindalias")) return;
  struct Way {
    const char* shown;      // of the protected folder
    const char* place;      // in the watched one
    const char* duplicate;  // below the protected folder
  };
  for (const Way& way : {Way{"", "archive", "y/k.jpg"}, Way{"y", "deep/er", "y/k.jpg"}}) {
    CAPTURE(std::string(way.place));
    Service service(quarantine_all);
    const fs::path archive = service.base() / "archive";
    const fs::path quarantine = service.base() / "q";
    fs::create_directories(archive / "y");
    const BindMount alias(archive / way.shown, service.root() / way.place);
    const std::string root = "  - {path: '" + service.root().string() + "', quarantine: '" +
                             quarantine.string() + "'}\n";
    // It is known by its name in the folder that is not protected, and is to be moved.
    service.write_settings(quarantine_all, root);
    write_file(quarantine, "in the way");
    write_file(service.root() / "a.jpg", small_jpeg(1));
    service.start();
    service.sync();
    write_file(archive / way.duplicate, small_jpeg(1));
    service.call("rescan");
    service.sync();
    CHECK(service.list("duplicates").size() == 1);
    service.stop();
    service.write_settings(quarantine_all,
                           root + "  - {path: '" + archive.string() + "', protect: true}\n");
    fs::remove(quarantine);
    service.start();
    look_again(service);
    CHECK(read_file(archive / way.duplicate) == small_jpeg(1));
    CHECK(in_quarantine(service) == 0);
    CHECK(service.service_log().find("protected folder " + archive.string()) != std::string::npos);
    // Others move.
    write_file(service.root() / "c.jpg", small_jpeg(1));
    service.sync();
    CHECK(in_quarantine(service) == 1);
    CHECK_FALSE(fs::exists(service.root() / "c.jpg"));
    service.stop();
  }
}

TEST_CASE("k1-symlink-root: links to folders and files are no copies") {
  Service service(quarantine_all);
  const fs::path link = service.base() / "link";
  fs::create_directory_symlink(service.root(), link);
  service.write_settings(quarantine_all, "  - {path: '" + service.root().string() +
                                             "'}\n  - {path: '" + link.string() + "'}\n");
  for (std::uint64_t i = 0; i < 10; ++i)
    write_file(service.root() / "deep" / (std::to_string(i) + ".jpg"), small_jpeg(i + 1));
  fs::create_directory_symlink(service.root() / "deep", service.root() / "deeper");
  fs::create_directory_symlink(service.root(), service.root() / "deep/round");
  fs::create_symlink(service.root() / "deep/0.jpg", service.root() / "0.jpg");
  service.start();
  look_again(service);
  CHECK(in_quarantine(service) == 0);
  CHECK(count_files(service.root() / "deep", ".jpg") == 10);
  write_file(link / "copy.jpg", small_jpeg(1));
  look_again(service);
  CHECK(in_quarantine(service) == 1);
  CHECK(files_on_disk(service.root()).size() == 10);
  std::printf("k1-symlink-root: 10 files by two roots and three links, none moved\n");
}

TEST_CASE("k1-overlay: a file seen through an overlay and in its upper folder is never taken") {
  if (!may_mount("k1-overlay")) return;
  for (const bool is_copied : {false, true}) {
    CAPTURE(is_copied);
    const OtherMount other("k1-overlay");
    if (!other.is_there()) return;
    Service service(quarantine_all);
    const SmallMount disk(service.base() / "disk", "16m");
    const fs::path layers = service.base() / "disk";
    const fs::path merged = service.base() / "merged";
    for (const char* name : {"lower", "upper/photos", "work"})
      fs::create_directories(layers / name);
    fs::create_directories(merged);
    const std::string options = "lowerdir=" + (layers / "lower").string() +
                                ",upperdir=" + (layers / "upper").string() +
                                ",workdir=" + (layers / "work").string();
    const Overlay overlay(merged, options);
    if (!overlay.is_mounted()) {
      std::printf("SKIPPED: k1-overlay (no overlay on a tmpfs here)\n");
      return;
    }
    const fs::path shown = merged / "photos";
    const fs::path upper = layers / "upper/photos";
    const fs::path quarantine = is_copied ? other.path() / "q" : upper / ".imgdedup-quarantine";
    service.write_settings(quarantine_all, "  - {path: '" + shown.string() +
                                               "', protect: true}\n  - {path: '" + upper.string() +
                                               "', quarantine: '" + quarantine.string() + "'}\n");
    write_file(shown / "only.jpg", small_jpeg(1));
    service.start();
    service.sync();
    const auto undone = [&] { return service.call("status")["moves_undone"].get<unsigned>(); };
    wait_until([&] { return undone() > 0; }, "a move that was taken back");
    look_again(service);
    // It is not taken and put back for ever.
    wait_until(
        [&] { return service.service_log().find("are the two one file") != std::string::npos; },
        "the end of the trials");
    CHECK(read_file(upper / "only.jpg") == small_jpeg(1));
    CHECK(read_file(shown / "only.jpg") == small_jpeg(1));
    CHECK(in_quarantine(service) == 0);
    CHECK(count_files(quarantine, "") == 0);
    CHECK(undone() <= 3);
    service.stop();
  }
}

TEST_CASE("k1-two-at-once: of a thousand pairs that arrive together one of each stays") {
  constexpr std::size_t pairs = 1000;
  // Only the same bytes count here: small drawings resemble one another.
  Service service(
      "actions: {exact: quarantine}\nworkers: 8\n"
      "detect: {near: {enabled: false}, edited: {enabled: false}}\n");
  const fs::path fresh = service.base() / "fresh";
  for (std::size_t i = 0; i < pairs; ++i) {
    const std::string bytes = encode_picture(draw_picture(i + 1, {64, 48}), ".jpg", 90);
    write_small_file(fresh / ("x" + std::to_string(i) + ".jpg"), bytes);
    write_small_file(fresh / ("y" + std::to_string(i) + ".jpg"), bytes);
  }
  service.start();
  const auto begin = std::chrono::steady_clock::now();
  fs::rename(fresh, service.root() / "fresh");
  service.sync(std::chrono::seconds(300));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < pairs; ++i)
    if (fs::exists(service.root() / ("fresh/x" + std::to_string(i) + ".jpg")) ==
        fs::exists(service.root() / ("fresh/y" + std::to_string(i) + ".jpg")))
      ++wrong;
  CHECK(wrong == 0);
  const fs::path quarantine = service.root() / ".imgdedup-quarantine";
  CHECK(in_quarantine(service) == pairs);
  CHECK(count_files(quarantine, ".jpg") == pairs);
  CHECK(count_files(quarantine, ".json") == pairs);
  std::set<std::string> logged;
  for (const Json& line : service.log_lines()) logged.insert(line["path"].get<std::string>());
  CHECK(logged.size() == pairs);
  CHECK(service.log_lines().size() == pairs);
  std::printf("k1-two-at-once: %zu pairs in %.1f s, one of each stays\n", pairs, took.count());
}

TEST_CASE("k1-rebuild: with a lost catalog another one of equal files may move, never both") {
  constexpr std::size_t pairs = 20;
  Service service("actions: {exact: log}\nkeep: first\n");
  service.start();
  for (const char* name : {"x", "y"}) {
    for (std::size_t i = 0; i < pairs; ++i)
      write_file(service.root() / (name + std::to_string(i) + ".jpg"), small_jpeg(i + 1));
    service.sync();
  }
  const auto forget = [&] {
    service.stop();
    for (const char* ending : {"", "-wal", "-shm"}) fs::remove(service.catalog().string() + ending);
  };
  const auto check = [&] {
    for (std::size_t i = 0; i < pairs; ++i) {
      CAPTURE(i);
      CHECK(fs::exists(service.root() / ("x" + std::to_string(i) + ".jpg")) !=
            fs::exists(service.root() / ("y" + std::to_string(i) + ".jpg")));
    }
    CHECK(in_quarantine(service) == pairs);
  };
  forget();
  // Now the younger one is found first.
  for (std::size_t i = 0; i < pairs; ++i) {
    const fs::path x = service.root() / ("x" + std::to_string(i) + ".jpg");
    fs::rename(x, service.base() / "aside.jpg");
    fs::copy_file(service.base() / "aside.jpg", x);
  }
  service.write_settings("actions: {exact: quarantine}\nkeep: oldest\n");
  service.start();
  service.sync();
  wait_until([&] { return in_quarantine(service) == pairs; }, "the moves");
  check();
  // What lies in quarantine is not a copy by which the other could go.
  for (int i = 0; i < 2; ++i) {
    forget();
    service.start();
    service.sync();
    check();
  }
  CHECK(service.ctl({"quarantine", "restore", "--all"}).exit_status == 0);
  CHECK(files_on_disk(service.root()).size() == 2 * pairs);
  look_again(service);
  CHECK(files_on_disk(service.root()).size() == 2 * pairs);
  std::printf("k1-rebuild: %zu pairs, three catalogs lost, no last copy moved\n", pairs);
}

TEST_CASE("m7-exclude: a quarantine folder with a visible name is not entered, under no name") {
  Service service;
  const fs::path kept = service.root() / "kept";
  service.write_settings(quarantine_all, "  - {path: '" + service.root().string() +
                                             "', quarantine: '" + kept.string() + "'}\n");
  service.start();
  write_file(service.root() / "a.jpg", small_jpeg(1));
  service.sync();
  write_file(service.root() / "b.jpg", small_jpeg(1));
  service.sync();
  REQUIRE(count_files(kept, ".jpg") == 1);
  // Notes beside files tell a quarantine as well; here only the folder itself does.
  for (const auto& entry : fs::directory_iterator(kept))
    if (entry.path().extension() == ".json") fs::remove(entry.path());
  write_file(kept / "c.jpg", small_jpeg(3));
  std::optional<BindMount> alias;
  if (may_mount("m7-exclude by a second mount")) alias.emplace(kept, service.root() / "alias");
  look_again(service);
  CHECK(files_known(service) == std::set<std::string>{service.root() / "a.jpg"});
  CHECK(count_files(kept, ".jpg") == 2);
}

TEST_CASE("m7-exclude: what lies in an earlier quarantine folder is not found as new files") {
  Service service;
  const auto settings = [&](const char* name) {
    service.write_settings(quarantine_all, "  - {path: '" + service.root().string() +
                                               "', quarantine: '" +
                                               (service.root() / name).string() + "'}\n");
  };
  settings("kept");
  service.start();
  write_file(service.root() / "a.jpg", small_jpeg(1));
  service.sync();
  write_file(service.root() / "b.jpg", small_jpeg(1));
  service.sync();
  CHECK(count_files(service.root() / "kept", ".jpg") == 1);
  service.stop();
  settings("other");
  service.start();
  look_again(service);
  const std::set<std::string> only_original{service.root() / "a.jpg"};
  CHECK(files_known(service) == only_original);
  CHECK(in_quarantine(service) == 1);
  CHECK(count_files(service.root() / "kept", ".jpg") == 1);
  // Nor when nobody remembers that it was one.
  service.stop();
  for (const char* ending : {"", "-wal", "-shm"}) fs::remove(service.catalog().string() + ending);
  service.start();
  look_again(service);
  CHECK(files_known(service) == only_original);
  CHECK(count_files(service.root() / "kept", ".jpg") == 1);
  CHECK(count_files(service.root() / "other", ".jpg") == 0);
}
