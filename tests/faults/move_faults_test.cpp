// SPDX-License-Identifier: Apache-2.0
// What the system refuses a move, and moves that somebody takes back: each file is where it was or
// in quarantine, and nothing goes round in circles.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <map>

#include "faults/fault_support.h"
#include "support/drawn_pictures.h"
#include "support/other_mount.h"

using namespace imgdedup::testing;
using imgdedup::protocol::Json;
namespace fs = std::filesystem;

namespace {

constexpr const char* quarantine_exact = "actions: {exact: quarantine}\n";
constexpr uid_t nobody = 65534;
constexpr uid_t anna = 12345;

std::string last_error(Service& service) { return service.call("status")["last_error"].dump(); }
std::size_t in_quarantine(Service& service) { return service.list("quarantine.list").size(); }

std::string watch_with(const Service& service, const fs::path& quarantine) {
  return "  - {path: '" + service.root().string() + "', quarantine: '" + quarantine.string() +
         "'}\n";
}

/// chattr +i or +a, for as long as it lives.
class Flagged {
 public:
  Flagged(fs::path path, int flag) : path_(std::move(path)) { is_set_ = set(flag); }
  ~Flagged() { clear(); }
  Flagged(const Flagged&) = delete;
  Flagged& operator=(const Flagged&) = delete;
  [[nodiscard]] bool is_set() const { return is_set_; }
  void clear() { (void)set(0); }

 private:
  bool set(int flags) const {
    const imgdedup::posix::UniqueDescriptor file(
        ::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    int now = 0;
    if (!file || ::ioctl(file.get(), FS_IOC_GETFLAGS, &now) != 0) return false;
    now = (now & ~(FS_IMMUTABLE_FL | FS_APPEND_FL)) | flags;
    return ::ioctl(file.get(), FS_IOC_SETFLAGS, &now) == 0;
  }
  fs::path path_;
  bool is_set_ = false;
};

/// A service that is not root, over folders that belong to it.
bool become_nobody(Service& service) {
  if (::geteuid() != 0) {
    std::printf("SKIPPED: a service without rights (only root may give them up)\n");
    return false;
  }
  fs::create_directories(service.root());
  for (const fs::path& path : {service.base(), service.root()})
    REQUIRE(::chown(path.c_str(), nobody, nobody) == 0);
  for (fs::path above = service.base().parent_path(); above != "/"; above = above.parent_path())
    if ((fs::status(above).permissions() & fs::perms::others_exec) == fs::perms::none) {
      std::printf("SKIPPED: a service without rights (it cannot enter %s)\n", above.c_str());
      return false;
    }
  service.run_through({"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"});
  return true;
}

}  // namespace

TEST_CASE("m3-fault: a file that may not be changed stays, and moves when it may") {
  for (const int flag : {FS_IMMUTABLE_FL, FS_APPEND_FL})
    for (const bool is_copied : {false, true}) {
      CAPTURE(flag);
      CAPTURE(is_copied);
      const OtherMount other("m3-fault: chattr");
      if (!other.is_there()) return;
      Service service;
      const fs::path quarantine =
          is_copied ? other.path() / "q" : service.root() / ".imgdedup-quarantine";
      service.write_settings(quarantine_exact, watch_with(service, quarantine));
      service.start();
      write_file(service.root() / "a.jpg", small_jpeg(1));
      service.sync();
      service.call("pause");
      write_file(service.root() / "b.jpg", small_jpeg(1));
      Flagged flagged(service.root() / "b.jpg", flag);
      if (!flagged.is_set()) {
        std::printf("SKIPPED: m3-fault: chattr (not on this file system, or not for this user)\n");
        return;
      }
      service.call("resume");
      service.sync();
      CHECK(read_file(service.root() / "b.jpg") == small_jpeg(1));
      CHECK(in_quarantine(service) == 0);
      CHECK(last_error(service).find("Operation not permitted") != std::string::npos);
      CHECK(count_files(quarantine, "") == 0);
      CHECK(count_files(service.root(), "") == 2);
      flagged.clear();
      service.call("rescan");
      service.sync();
      CHECK(in_quarantine(service) == 1);
      CHECK(service.log_lines().size() == 1);
    }
  std::printf("m3-fault: immutable and append-only files stayed, renamed or copied\n");
}

TEST_CASE("m3-fault: on a file system that is read-only the file stays, and moves afterwards") {
  if (!may_mount("m3-fault: read-only")) return;
  TemporaryDirectory folders;
  const fs::path root = folders / "photos";
  const SmallMount disk(root, "1m");
  Service service(quarantine_exact, "  - {path: '" + root.string() + "'}\n");
  service.start();
  write_file(root / "a.jpg", small_jpeg(1));
  service.sync();
  service.call("pause");
  write_file(root / "b.jpg", small_jpeg(1));
  const auto remount = [&](unsigned long flags) {
    REQUIRE(::mount(nullptr, root.c_str(), nullptr, MS_REMOUNT | flags, "size=1m") == 0);
  };
  remount(MS_RDONLY);
  service.call("resume");
  service.sync();
  CHECK(read_file(root / "b.jpg") == small_jpeg(1));
  CHECK(in_quarantine(service) == 0);
  CHECK(last_error(service).find("Read-only") != std::string::npos);
  remount(0);
  service.call("rescan");
  service.sync();
  CHECK(in_quarantine(service) == 1);
  std::printf("m3-fault: a read-only file system kept its files\n");
}

TEST_CASE("m3-fault: a folder that the service may not change keeps its files") {
  struct Folder {
    const char* name;
    uid_t owner;
    mode_t mode;
  };
  for (const Folder& folder : {Folder{"sticky", 0, 01777}, Folder{"closed", anna, 0755}})
    for (const bool is_copied : {false, true}) {
      CAPTURE(std::string(folder.name));
      CAPTURE(is_copied);
      const OtherMount other("m3-fault: EACCES");
      if (!other.is_there()) return;
      Service service;
      if (!become_nobody(service)) return;
      REQUIRE(::chown(other.path().c_str(), nobody, nobody) == 0);
      const fs::path quarantine =
          is_copied ? other.path() / "q" : service.root() / ".imgdedup-quarantine";
      service.write_settings(quarantine_exact, watch_with(service, quarantine));
      const fs::path place = service.root() / folder.name;
      fs::create_directories(place);
      REQUIRE(::chown(place.c_str(), folder.owner, folder.owner) == 0);
      REQUIRE(::chmod(place.c_str(), folder.mode) == 0);
      service.start();
      write_file(service.root() / "a.jpg", small_jpeg(1));
      service.sync();
      const fs::path fresh = service.base() / "fresh.jpg";
      write_file(fresh, small_jpeg(1));
      REQUIRE(::chown(fresh.c_str(), anna, anna) == 0);
      fs::rename(fresh, place / "b.jpg");
      service.sync();
      wait_until([&] { return service.call("status")["moves_failed"] > 0; }, "the refusal");
      CHECK(read_file(place / "b.jpg") == small_jpeg(1));
      CHECK(in_quarantine(service) == 0);
      const std::string said = last_error(service);
      CHECK((said.find("not permitted") != std::string::npos ||
             said.find("Permission denied") != std::string::npos));
      CHECK(count_files(quarantine, "") == 0);
      CHECK(count_files(service.root(), "") == 2);
      REQUIRE(::chown(place.c_str(), nobody, nobody) == 0);
      service.call("rescan");
      service.sync();
      wait_until([&] { return in_quarantine(service) == 1; }, "the move");
      CHECK(service.log_lines().size() == 1);
      if (!is_copied) continue;
      // It was another's; the service may not give it away, and says so both times.
      CHECK(service.service_log().find("owner 12345:12345") != std::string::npos);
      const auto answer = service.call("quarantine.restore",
                                       {{"ids", {service.list("quarantine.list").at(0)["id"]}}});
      CHECK(answer["items"][0]["done"] == true);
      CHECK(answer["items"][0]["message"].dump().find("owner 12345:12345") != std::string::npos);
      CHECK(read_file(place / "b.jpg") == small_jpeg(1));
    }
  std::printf("m3-fault: sticky and closed folders kept their files, renamed or copied\n");
}

TEST_CASE("m3-fault: a name that is taken in quarantine replaces nothing there") {
  Service service(quarantine_exact);
  service.start();
  write_file(service.root() / "a.jpg", small_jpeg(1));
  service.sync();
  write_file(service.root() / "b.jpg", small_jpeg(1));
  service.sync();
  const fs::path first =
      service.list("quarantine.list").at(0)["quarantine_path"].get<std::string>();
  const auto id = service.list("quarantine.list").at(0)["id"].get<int>();
  // The name that the next one will have.
  std::string name = first.filename();
  name.replace(0, name.find('-'), "q" + std::to_string(id + 1));
  write_file(first.parent_path() / name, "somebody's own");
  write_file(service.root() / "c.jpg", small_jpeg(1));
  service.sync();
  CHECK(read_file(service.root() / "c.jpg") == small_jpeg(1));
  CHECK(read_file(first.parent_path() / name) == "somebody's own");
  CHECK(read_file(first) == small_jpeg(1));
  CHECK(last_error(service).find("another file has its number") != std::string::npos);
  std::printf("m3-fault: a name taken in quarantine: both files kept, the third in its place\n");
}

TEST_CASE("m5-restore-nodb: without the catalog each file comes back by its sidecar, as it was") {
  for (const bool is_copied : {false, true}) {
    CAPTURE(is_copied);
    const OtherMount other("m5-restore-nodb");
    if (!other.is_there()) return;
    Service service;
    const fs::path quarantine =
        is_copied ? other.path() / "q" : service.root() / ".imgdedup-quarantine";
    service.write_settings(quarantine_exact, watch_with(service, quarantine));
    const std::vector<std::string> names{
        "plain.jpg", "bad\xff.jpg", "nl\n.jpg", "\x1b]0;x\a.jpg", std::string(200, 'x') + ".jpg",
        "no ending"};
    std::map<std::string, timespec> times;
    for (std::uint64_t i = 0; i < names.size(); ++i)
      write_file(service.root() / ("a" + std::to_string(i) + ".jpg"), small_jpeg(i + 1));
    service.start();
    service.sync();
    for (std::uint64_t i = 0; i < names.size(); ++i) {
      const fs::path place = service.root() / "deep/er" / names[i];
      write_file(place, small_jpeg(i + 1));
      REQUIRE(::chmod(place.c_str(), 0600 + static_cast<mode_t>(i)) == 0);
      const timespec time{1'000'000'000 + static_cast<time_t>(i), 123'456'789};
      const timespec both[]{time, time};
      REQUIRE(::utimensat(AT_FDCWD, place.c_str(), both, 0) == 0);
      times[names[i]] = time;
    }
    service.sync();
    REQUIRE(in_quarantine(service) == names.size());
    service.stop();
    for (const auto& entry : fs::directory_iterator(service.base()))
      if (entry.path().filename().string().starts_with("catalog.sqlite3")) fs::remove(entry.path());
    fs::remove_all(service.root() / "deep");
    service.start();
    service.sync();
    CHECK(in_quarantine(service) == names.size());
    CHECK(service.ctl({"quarantine", "restore", "--all"}).exit_status == 0);
    service.sync();
    for (std::uint64_t i = 0; i < names.size(); ++i) {
      CAPTURE(names[i]);
      const fs::path place = service.root() / "deep/er" / names[i];
      CHECK(read_file(place) == small_jpeg(i + 1));
      struct stat status {};
      REQUIRE(::lstat(place.c_str(), &status) == 0);
      CHECK((status.st_mode & 07777) == 0600 + static_cast<mode_t>(i));
      CHECK(status.st_mtim.tv_sec == times[names[i]].tv_sec);
      CHECK(status.st_mtim.tv_nsec == times[names[i]].tv_nsec);
    }
    CHECK(in_quarantine(service) == 0);
    CHECK(count_files(quarantine, "") == 0);
    std::printf("m5-restore-nodb: %zu files came back without a catalog, %s\n", names.size(),
                is_copied ? "copied" : "renamed");
  }
}

TEST_CASE("m7-loop: a hundred duplicates are a hundred moves, and then nothing moves any more") {
  constexpr std::size_t duplicates = 100;
  Service service(quarantine_exact);
  service.start();
  for (std::size_t i = 0; i < duplicates; ++i)
    write_file(service.root() / ("a" + std::to_string(i) + ".jpg"), small_jpeg(i % 10 + 1));
  service.sync();
  for (std::size_t i = 0; i < 10; ++i)
    write_file(service.root() / ("b" + std::to_string(i) + ".jpg"), small_jpeg(i + 1));
  service.sync();
  const auto moves = [&] { return service.call("status")["moves_done"].get<std::size_t>(); };
  CHECK(moves() == duplicates);
  CHECK(service.ctl({"quarantine", "restore", "--all"}).exit_status == 0);
  const auto lines = service.log_lines().size();
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(6);
  int rescans = 0;
  for (; std::chrono::steady_clock::now() < until; ++rescans) {
    service.call("rescan");
    service.sync();
  }
  CHECK(moves() == duplicates);
  CHECK(service.log_lines().size() == lines);
  CHECK(in_quarantine(service) == 0);
  CHECK(files_on_disk(service.root()).size() == duplicates + 10);
  std::printf("m7-loop: %zu moves, all restored; 0 more in 6 s with %d rescans\n", duplicates,
              rescans);
}

TEST_CASE("m7-loop: a file that a sync tool brings back each time is left in peace in the end") {
  Service service(quarantine_exact);
  service.start();
  write_file(service.root() / "a.jpg", small_jpeg(1));
  service.sync();
  int brought = 0;
  for (int round = 0; round < 8; ++round) {
    if (!fs::exists(service.root() / "b.jpg")) {
      write_file(service.root() / "b.jpg", small_jpeg(1));
      ++brought;
    }
    service.sync();
    if (round == 1) {
      service.stop();
      service.start();
    }
  }
  CHECK(fs::exists(service.root() / "b.jpg"));
  CHECK(brought == 4);
  CHECK(in_quarantine(service) == 3);
  CHECK(service.log_lines().size() == 4);
  CHECK(last_error(service).find("again and again") != std::string::npos);
  // Another file there moves as ever.
  write_file(service.root() / "c.jpg", small_jpeg(1));
  service.sync();
  CHECK(in_quarantine(service) == 4);
  std::printf("m7-loop: brought back %d times, moved 3 times, then left in place\n", brought);
}
