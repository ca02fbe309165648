// SPDX-License-Identifier: Apache-2.0
// People and programs do things in any order while the service moves, is restarted and killed; the
// service makes no copy and destroys none, and what it says agrees with the disk.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <map>
#include <random>
#include <set>

#include "faults/fault_support.h"
#include "support/drawn_pictures.h"

using namespace imgdedup::testing;
using imgdedup::posix::UniqueDescriptor;
using imgdedup::protocol::Json;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t usual_seed = 20260801;
constexpr int steps = 150;  // IMGDEDUP_FAULT_STEPS, IMGDEDUP_FAULT_SEED: others, by hand
constexpr int pictures = 6;
constexpr const char* crash_points[] = {
    "after_verify",      "before_intent",    "after_intent",         "after_sidecar",
    "before_rename",     "after_rename",     "after_sync",           "after_commit",
    "before_log_append", "after_log_append", "restore_after_rename", "purge_after_commit"};

std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = ::getenv(name);
  return text && *text ? std::strtoull(text, nullptr, 10) : otherwise;
}

struct Found {
  std::string path;
  ino_t inode = 0;
  nlink_t links = 0;
  std::string bytes;
};

class World {
 public:
  explicit World(std::uint64_t seed)
      : random_(seed),
        service_("actions: {exact: quarantine, pixels: quarantine, near: quarantine}\n") {
    for (std::uint64_t i = 0; i < pictures; ++i) {
      const cv::Mat picture = draw_picture(seed * 100 + i, {160, 120});
      const std::string file = encode_picture(picture, ".jpg", 92);
      pool_.push_back(file);
      pool_.push_back(with_jpeg_comment(file, "pixels"));
      pool_.push_back(encode_picture(picture, ".jpg", 60));
      pool_.push_back(encode_picture(picture, ".png"));
    }
    service_.start();
  }

  void run(int count) {
    for (int step = 0; step < count;) {
      std::string done;
      for (std::size_t batch = 1 + below(5); batch > 0; --batch, ++step)
        done += do_something() + "; ";
      INFO("step ", step, ": ", done);
      settle();
      check();
    }
  }

 private:
  std::size_t below(std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
  }
  const std::string& some_bytes() { return pool_[below(pool_.size())]; }
  std::string some_path() {
    return service_.root() / ("d" + std::to_string(below(4))) /
           ("f" + std::to_string(below(12)) + ".jpg");
  }
  std::string short_name(const std::string& path) {
    return path.substr(service_.root().string().size() + 1);
  }
  fs::path quarantine() { return service_.root() / ".imgdedup-quarantine"; }

  std::vector<Found> files_in_root() {
    std::vector<Found> files;
    for (const std::string& path : files_on_disk(service_.root())) {
      struct stat status {};
      if (::lstat(path.c_str(), &status) == 0)
        files.push_back({path, status.st_ino, status.st_nlink, ""});
    }
    return files;
  }
  /// Of the files in the root; empty if there is none.
  std::string some_file() {
    const auto files = files_in_root();
    return files.empty() ? "" : files[below(files.size())].path;
  }

  void came(const std::string& bytes) { ++copies_[bytes]; }
  void went(const std::string& bytes) { --copies_[bytes]; }

  /// Puts a new file at `path`; what was there is no more.
  void put(const std::string& path, const std::string& bytes) {
    const fs::path fresh = service_.base() / "fresh";
    write_small_file(fresh, bytes);
    fs::create_directories(fs::path(path).parent_path());
    came(bytes);
    if (::renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) == 0) return;
    if (::renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, path.c_str(), RENAME_EXCHANGE) == 0)
      destroy(fresh);
    else
      fs::rename(fresh, path);
  }

  /// A file that the service cannot reach any more.
  void destroy(const fs::path& path) {
    struct stat status {};
    REQUIRE(::lstat(path.c_str(), &status) == 0);
    if (status.st_nlink == 1) went(read_file(path));
    fs::remove(path);
  }

  void edit(const std::string& path, const std::string& bytes) {
    const UniqueDescriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (!file) return;
    std::string before(1 << 20, '\0');
    const ssize_t size = ::pread(file.get(), before.data(), before.size(), 0);
    REQUIRE(size >= 0);
    before.resize(static_cast<std::size_t>(size));
    went(before);
    REQUIRE(::ftruncate(file.get(), 0) == 0);
    REQUIRE(::pwrite(file.get(), bytes.data(), bytes.size(), 0) ==
            static_cast<ssize_t>(bytes.size()));
    came(bytes);
  }

  std::string quarantine_command(const char* method) {
    if (!service_.is_running()) return "nothing";
    try {
      const auto entries = service_.list("quarantine.list");
      if (entries.empty()) return "nothing";
      const Json& entry = entries[below(entries.size())];
      const std::string place = entry["quarantine_path"];
      const std::string bytes = read_file(place);
      if (std::string_view(method) == "quarantine.restore") restored_.insert(bytes);
      std::string said;
      try {
        const Json answer = service_.call(method, {{"ids", {entry["id"]}}});
        said = answer["items"][0]["done"] == true ? " done" : " refused";
      } catch (const std::exception&) {
        said = " broken off";
      }
      if (std::string_view(method) == "quarantine.purge" && said != " refused") {
        if (said == " broken off") service_.wait_for_end();
        if (!fs::exists(place) && !fs::exists(entry["path"].get<std::string>())) went(bytes);
      }
      return std::string(method) + " " + entry["id"].dump() + said;
    } catch (const std::exception&) {
      return std::string(method) + " of a service that went";
    }
  }

  std::string do_something() {
    const std::string file = some_file();
    const std::size_t choice = below(20);
    if (file.empty() || choice < 4) {
      const std::string path = some_path();
      put(path, some_bytes());
      return "put " + short_name(path);
    }
    switch (choice) {
      case 4:
      case 5:
      case 6: {
        const std::string path = some_path();
        std::string bytes;
        try {
          bytes = read_file(file);
        } catch (const std::exception&) {
          return "nothing";
        }
        put(path, bytes);
        return "copy " + short_name(file) + " " + short_name(path);
      }
      case 7:
      case 8:
        edit(file, some_bytes());
        return "edit " + short_name(file);
      case 9:
      case 10:
      case 11: {
        const fs::path out = service_.base() / "out";
        if (::rename(file.c_str(), out.c_str()) == 0) destroy(out);
        return "delete " + short_name(file);
      }
      case 12: {
        const std::string path = some_path();
        fs::create_directories(fs::path(path).parent_path());
        (void)::renameat2(AT_FDCWD, file.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE);
        return "move " + short_name(file) + " " + short_name(path);
      }
      case 13: {
        const fs::path a = service_.root() / ("d" + std::to_string(below(4)));
        const fs::path b = service_.root() / ("d" + std::to_string(below(6)));
        if (::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_NOREPLACE) != 0)
          (void)::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE);
        return "move " + a.filename().string() + " " + b.filename().string();
      }
      case 14: {
        std::error_code ignored;
        fs::last_write_time(file, fs::file_time_type::clock::now(), ignored);
        return "touch " + short_name(file);
      }
      case 15: {
        const std::string path = some_path();
        std::error_code ignored;
        fs::create_directories(fs::path(path).parent_path());
        fs::create_hard_link(file, path, ignored);
        return "link " + short_name(file) + " " + short_name(path);
      }
      case 16:
      case 17:
        return quarantine_command("quarantine.restore");
      case 18:
        return quarantine_command("quarantine.purge");
      default:
        return end_and_start();
    }
  }

  std::string end_and_start() {
    std::string how = "kill";
    if (!service_.is_running()) {
      service_.wait_for_end();
    } else if (below(2) == 0) {
      service_.kill();
    } else {
      how = "stop";
      const int status = service_.stop();
      // One that was to crash may do so on its way.
      CHECK((status == 0 || status == 128 + SIGKILL));
    }
    if (below(2) == 0) {
      service_.start();
      return how + " and start";
    }
    const char* point = crash_points[below(std::size(crash_points))];
    try {
      service_.start({{"IMGDEDUPD_CRASH_AT", point}});
    } catch (const std::runtime_error&) {
      // It has crashed already.
    }
    return how + " and start, to crash at " + point;
  }

  void settle() {
    try {
      if (service_.is_running()) {
        service_.sync();
        return;
      }
    } catch (const std::exception& error) {
      // One that crashes has closed its socket a moment before it ends.
      wait_until([&] { return !service_.is_running(); }, error.what(), std::chrono::seconds(2));
    }
    if (service_.pid() > 0) service_.wait_for_end();
    service_.start();
    service_.sync();
  }

  void check() {
    wait_for_moves();
    // A listing that was under way while a file was moved may bring it back for a moment.
    check_files_become_known(service_, std::chrono::seconds(5));
    check_copies();
    check_quarantine();
    check_decisions();
    check_log();
  }

  void check_copies() {
    std::map<std::string, int> found;
    std::set<ino_t> seen;
    for (const Found& file : files_in_root())
      if (seen.insert(file.inode).second) ++found[read_file(file.path)];
    if (fs::exists(quarantine()))
      for (const auto& entry : fs::directory_iterator(quarantine())) {
        struct stat status {};
        REQUIRE(::lstat(entry.path().c_str(), &status) == 0);
        if (entry.path().extension() != ".json" && seen.insert(status.st_ino).second)
          ++found[read_file(entry.path())];
      }
    for (std::size_t i = 0; i < pool_.size(); ++i) {
      CAPTURE(i);
      CHECK(found[pool_[i]] == copies_[pool_[i]]);
      found.erase(pool_[i]);
    }
    // No bytes but those that we wrote.
    CHECK(found.empty());
  }

  void check_quarantine() {
    std::set<std::string> listed;
    for (const Json& entry : service_.list("quarantine.list")) {
      const fs::path sidecar = quarantine() / ("q" + entry["id"].dump() + ".json");
      CAPTURE(sidecar.string());
      CHECK(fs::exists(sidecar));
      listed.insert(entry["quarantine_path"].get<std::string>());
    }
    std::set<std::string> there;
    if (fs::exists(quarantine()))
      for (const auto& entry : fs::directory_iterator(quarantine()))
        if (entry.path().extension() != ".json") there.insert(entry.path());
    CHECK(there == listed);
  }

  /// A move whose file or original moved away at the same moment is tried again after a while.
  void wait_for_moves() {
    wait_until(
        [&] {
          for (const Json& decision : service_.list("duplicates"))
            if (decision["state"] == "standing" && decision["action"] == "quarantine") return false;
          return true;
        },
        "the moves");
  }

  void check_decisions() {
    std::set<std::string> originals;
    std::set<std::string> duplicates;
    for (const Json& decision : service_.list("duplicates")) {
      if (decision["state"] != "standing") continue;
      CHECK(duplicates.insert(decision["path"].get<std::string>()).second);
      originals.insert(decision["original"].get<std::string>());
      CHECK(fs::exists(decision["path"].get<std::string>()));
      CHECK(fs::exists(decision["original"].get<std::string>()));
    }
    for (const std::string& path : originals) CHECK_FALSE(duplicates.contains(path));

    std::map<std::string, std::string> states;
    for (const Json& file : service_.list("files"))
      states[file["path"].get<std::string>()] = file["state"].get<std::string>();
    std::map<std::string, std::string> original_with;
    for (const Found& file : files_in_root()) {
      // Of a file with several names one alone has the decision.
      if (duplicates.contains(file.path) || file.links > 1) continue;
      const std::string bytes = read_file(file.path);
      if (restored_.contains(bytes)) continue;
      const auto [other, is_first] = original_with.emplace(bytes, file.path);
      INFO(file.path, " is ", states[file.path], ", ", other->second, " is ",
           states[other->second]);
      CHECK(is_first);
    }
  }

  void check_log() {
    std::int64_t last = 0;
    for (const Json& line : service_.log_lines()) {
      CHECK(line["id"].get<std::int64_t>() > last);
      last = line["id"].get<std::int64_t>();
    }
  }

  std::mt19937_64 random_;
  Service service_;
  std::vector<std::string> pool_;
  std::map<std::string, int> copies_;  ///< of each content, wherever they lie
  std::set<std::string> restored_;     ///< contents: their files are left alone
};

}  // namespace

TEST_CASE("whatever happens in whatever order, every copy is somewhere and is known") {
  const std::uint64_t seed = number_from_environment("IMGDEDUP_FAULT_SEED", usual_seed);
  const auto count = static_cast<int>(number_from_environment("IMGDEDUP_FAULT_STEPS", steps));
  std::printf("IMGDEDUP_FAULT_SEED=%llu\n", static_cast<unsigned long long>(seed));
  INFO("IMGDEDUP_FAULT_SEED=", seed);
  World world(seed);
  world.run(count);
}
