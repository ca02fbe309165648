// SPDX-License-Identifier: Apache-2.0
// k1, as a property: whatever arrives, changes, goes, is restored or purged in whatever order,
// under whatever policy, and wherever kills strike, no copy is lost and none is made.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <map>

#include <nlohmann/json.hpp>

#include "faults/random_people.h"
#include "faults/random_store.h"
#include "posix/unique_descriptor.h"
#include "store/sidecar.h"
#include "support/other_mount.h"
#include "support/temporary_directory.h"

using namespace imgdedup;
using namespace imgdedup::testing;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t usual_seed = 20261121;
constexpr int usual_steps =
    2000;  // IMGDEDUP_PROPERTY_STEPS, IMGDEDUP_PROPERTY_SEED: others, by hand
constexpr const char* kills_of_moves[] = {
    "before_intent",     "after_intent",     "after_sidecar", "before_rename", "after_rename",
    "after_sync",        "after_commit",     "copy_begun",    "copy_written",  "copy_synced",
    "copy_written_down", "copy_named",       "after_copied",  "after_hidden",  "after_removed",
    "before_log_append", "after_log_append", "recovery_step"};
constexpr const char* kills_of_restores[] = {
    "restore_after_rename", "restore_copy_written_down", "copy_begun",          "copy_written",
    "copy_synced",          "restore_copy_named",        "restore_copy_removed"};
constexpr const char* kills_of_purges[] = {"purge_after_commit"};

std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = ::getenv(name);
  return text && *text ? std::strtoull(text, nullptr, 10) : otherwise;
}

class World : private RandomPeople {
 public:
  explicit World(std::uint64_t seed) : RandomPeople(seed) {
    // Memory syncs quickly: most of it lies there, and what is copied goes to the disk.
    const bool is_on_disk = number_from_environment("IMGDEDUP_PROPERTY_ON_DISK", 0) != 0;
    has_other_mount_ = memory_.is_there();
    base_ = has_other_mount_ && !is_on_disk ? memory_.path() : disk_.path();
    other_ = is_on_disk ? memory_.path() : disk_.path();
    for (const char* name : {"r0", "r1"}) fs::create_directories(base_ / name / "d0");
    settings_.catalog = base_ / "catalog.sqlite3";
    settings_.log = base_ / "duplicates.jsonl";
    change_policy();
    open();
  }

  void run(int steps) {
    for (step_ = 0; step_ < steps; ++step_) {
      said_.clear();
      do_something();
      INFO("step ", step_, ": ", said_);
      check();
      if (current_test_failed()) return;
    }
    std::printf("%d moves, %d of them copied; %d restores, %d purges, %d kills, %d lost catalogs\n",
                moved_, copied_, restored_, purged_, kills_, lost_);
  }

 private:
  void open() {
    store_ = std::make_unique<RandomStore>(settings_);
    CHECK(store_->recovered().problems.empty());
    CHECK(store_->recovered().waiting == 0);
    CHECK(store_->recovered().lost.empty());
  }

  // --- what their owner asks of the service ---

  void change_policy() {
    settings_.policy.near_enabled = false;
    settings_.policy.edited_enabled = false;
    settings_.policy.actions[0] = one_in(4) ? matching::Action::log : matching::Action::quarantine;
    settings_.policy.keep = static_cast<matching::KeepRule>(below(3));
    // The folders change seldom, for a catalog that is lost has to find them by the settings.
    if (settings_.roots.empty() || one_in(4)) change_folders();
  }
  void change_folders() {
    settings_.roots.clear();
    for (const std::string name : {"r0", "r1"}) {
      config::WatchedRoot root;
      root.path = base_ / name;
      root.protect = name == "r1" && one_in(3);
      const std::size_t where = below(has_other_mount_ ? 4 : 2);
      root.quarantine = where == 0   ? base_ / name / ".imgdedup-quarantine"
                        : where == 1 ? base_ / name / "kept"
                                     : other_ / name;
      settings_.roots.push_back(root);
    }
  }

  std::vector<fs::path> quarantines() const {
    std::vector<fs::path> folders;
    for (const char* name : {"r0", "r1"}) {
      folders.push_back(base_ / name / ".imgdedup-quarantine");
      folders.push_back(base_ / name / "kept");
      if (has_other_mount_) folders.push_back(other_ / name);
    }
    return folders;
  }

  std::optional<store::QuarantineEntry> some_quarantined() {
    const auto entries = store_->quarantined();
    if (entries.empty()) return std::nullopt;
    return entries[below(entries.size())];
  }
  static std::string bytes_in_quarantine(const store::QuarantineEntry& entry) {
    return bytes_at(store::quarantine_path(entry)).value_or("");
  }

  void restore() {
    const auto entry = some_quarantined();
    if (!entry) return;
    say("restore " + std::to_string(entry->id));
    if (store_->restore(*entry)) ++restored_;
  }
  void purge() {
    const auto entry = some_quarantined();
    if (!entry) return;
    const std::string bytes = bytes_in_quarantine(*entry);
    say("purge " + std::to_string(entry->id));
    if (!store_->purge(*entry)) return;
    ++purged_;
    --expected_[bytes];
  }

  void settle(const RandomStore::Meanwhile& meanwhile = [] {}) {
    const std::size_t before = copies_on_other_mount();
    const std::size_t moved = store_->settle(meanwhile);
    moved_ += static_cast<int>(moved);
    const std::size_t after = copies_on_other_mount();
    if (after > before) copied_ += static_cast<int>(after - before);
  }
  std::size_t copies_on_other_mount() const {
    if (!has_other_mount_) return 0;
    std::size_t count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(other_))
      if (entry.is_regular_file() && entry.path().extension() != ".json") ++count;
    return count;
  }

  /// A life that ends by a kill in the middle of what it does.
  void live_and_be_killed() {
    const std::size_t choice = below(3);
    const auto entry = choice < 2 ? some_quarantined() : std::nullopt;
    const char* point = entry && choice == 0 ? some_of(kills_of_restores)
                        : entry              ? some_of(kills_of_purges)
                                             : some_of(kills_of_moves);
    const std::string bytes = entry ? bytes_in_quarantine(*entry) : "";
    store_.reset();
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      ::setenv("IMGDEDUPD_CRASH_AT", point, 1);
      try {
        RandomStore life(settings_);
        if (entry && choice == 0) (void)life.restore(*entry);
        if (entry && choice == 1) (void)life.purge(*entry);
        (void)life.settle();
      } catch (...) {
        ::_exit(3);
      }
      ::_exit(0);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK((WIFSIGNALED(status) || WEXITSTATUS(status) == 0));
    if (WIFSIGNALED(status)) ++kills_;
    say(std::string(WIFSIGNALED(status) ? "killed at " : "not killed at ") + point +
        (entry ? choice == 0 ? " in a restore" : " in a purge" : ""));
    // A kill in the next life meets what this one left.
    if (one_in(3)) {
      const pid_t second = ::fork();
      REQUIRE(second >= 0);
      if (second == 0) {
        ::setenv("IMGDEDUPD_CRASH_AT", "recovery_step", 1);
        try {
          const RandomStore life(settings_);
        } catch (...) {
          ::_exit(3);
        }
        ::_exit(0);
      }
      REQUIRE(::waitpid(second, &status, 0) == second);
      if (WIFSIGNALED(status)) {
        ++kills_;
        say("and in the recovery");
      }
    }
    open();
    if (!entry || choice != 1) return;
    // Only its disk says whether it was purged.
    const auto now = store_->catalog().quarantine_entry(entry->id);
    if (now && now->state == store::MoveState::purged &&
        !fs::exists(store::quarantine_path(*entry)))
      --expected_[bytes];
  }

  void lose_catalog() {
    // A new one learns of the folders that the settings name, and of no others.
    for (const auto& entry : store_->quarantined())
      if (std::none_of(settings_.roots.begin(), settings_.roots.end(), [&](const auto& root) {
            return root.quarantine == entry.quarantine_directory;
          }))
        return;
    say("the catalog is lost");
    ++lost_;
    store_.reset();
    for (const char* ending : {"", "-wal", "-shm"}) fs::remove(settings_.catalog.string() + ending);
    open();
    last_decision_ = last_line_;
  }

  void do_something() {
    const std::size_t choice = below(100);
    if (choice < 55) {
      user_does_something();
      settle();
    } else if (choice < 75) {
      user_does_something();
      settle([&] {
        if (one_in(4)) {
          say("meanwhile");
          user_does_something();
        }
      });
    } else if (choice < 82) {
      restore();
      settle();
    } else if (choice < 84) {
      purge();
      settle();
    } else if (choice < 88) {
      say("other settings");
      store_.reset();
      change_policy();
      open();
      settle();
    } else if (choice < 99) {
      // So that there is something to move.
      const auto files = files_in_roots();
      if (!files.empty()) put(some_path(), *bytes_at(files[below(files.size())]));
      live_and_be_killed();
      settle();
    } else {
      lose_catalog();
      settle();
    }
  }

  // --- what must hold ---

  void check() {
    std::map<std::string, int> found;
    std::set<std::pair<dev_t, ino_t>> inodes;
    const auto count = [&](const fs::path& path) {
      struct stat status {};
      REQUIRE(::lstat(path.c_str(), &status) == 0);
      if (inodes.emplace(status.st_dev, status.st_ino).second) ++found[*bytes_at(path)];
    };
    std::vector<fs::path> in_roots;
    for (const fs::path& file : files_in_roots()) {
      count(file);
      in_roots.push_back(file);
    }
    check_quarantine(count);
    for (const auto& [bytes, copies] : expected_) {
      CAPTURE(bytes);
      CHECK(found[bytes] == copies);
      found.erase(bytes);
    }
    CHECK(found.empty());  // no bytes but those that people wrote
    check_rows(in_roots);
    check_log();
  }

  /// Each file in quarantine has its row and its sidecar, each row and each sidecar its file;
  /// nothing else lies there, and nothing hidden anywhere.
  template <typename Count>
  void check_quarantine(const Count& count) {
    std::set<fs::path> listed;
    for (const auto& entry : store_->quarantined()) {
      listed.insert(store::quarantine_path(entry));
      listed.insert(fs::path(entry.quarantine_directory) / store::sidecar_name(entry.id));
      CHECK(RandomStore::fingerprint(bytes_in_quarantine(entry)).content_digest == entry.content);
    }
    std::set<fs::path> there;
    for (const fs::path& folder : quarantines())
      if (fs::exists(folder))
        for (const auto& entry : fs::directory_iterator(folder)) {
          there.insert(entry.path());
          if (entry.path().extension() != ".json") count(entry.path());
        }
    CHECK(there == listed);
    int hidden = 0;
    for (const char* name : {"r0", "r1"})
      for (const auto& entry : fs::recursive_directory_iterator(base_ / name))
        hidden += entry.path().filename().string().starts_with(".imgdedup-moving");
    CHECK(hidden == 0);
    for (const auto state : {store::MoveState::intent, store::MoveState::copying,
                             store::MoveState::copied, store::MoveState::restoring})
      CHECK(store_->catalog().quarantine_entries(state, 0, 1).empty());
  }

  /// Each file in the roots is one row, and no row is of anything else.
  void check_rows(const std::vector<fs::path>& in_roots) {
    std::set<std::string> on_disk, rows;
    for (const fs::path& file : in_roots) on_disk.insert(file);
    for (const auto& file : store_->catalog().files_below("", 0, 100'000).rows)
      rows.insert(file.path);
    CHECK(rows == on_disk);
  }

  void check_log() {
    std::ifstream log(settings_.log);
    log.seekg(log_read_);
    std::vector<store::DecisionId> ids;
    for (std::string line; std::getline(log, line);) {
      log_read_ += static_cast<std::streamoff>(line.size()) + 1;
      const auto id = nlohmann::json::parse(line).at("id").get<store::DecisionId>();
      CHECK(id > last_line_);
      last_line_ = id;
      ids.push_back(id);
    }
    std::vector<store::DecisionId> taken;
    for (const auto& decision : store_->catalog().decisions_after(last_decision_, 100'000)) {
      taken.push_back(decision.id);
      last_decision_ = decision.id;
    }
    CHECK(ids == taken);
  }

  TemporaryDirectory disk_;
  OtherMount memory_{"the other mount of k1-property"};
  bool has_other_mount_ = false;
  fs::path other_;
  StoreSettings settings_;
  std::unique_ptr<RandomStore> store_;
  std::streamoff log_read_ = 0;
  store::DecisionId last_line_ = 0;
  store::DecisionId last_decision_ = 0;
  int step_ = 0;
  int moved_ = 0, copied_ = 0, restored_ = 0, purged_ = 0, kills_ = 0, lost_ = 0;
};

}  // namespace

TEST_CASE("k1-property: in any order of events no copy is lost or made, and each is known once") {
  const std::uint64_t seed = number_from_environment("IMGDEDUP_PROPERTY_SEED", usual_seed);
  const auto steps =
      static_cast<int>(number_from_environment("IMGDEDUP_PROPERTY_STEPS", usual_steps));
  std::printf("IMGDEDUP_PROPERTY_SEED=%llu\n", static_cast<unsigned long long>(seed));
  INFO("IMGDEDUP_PROPERTY_SEED=", seed);
  World world(seed);
  const auto begin = std::chrono::steady_clock::now();
  std::printf("k1-property: ");
  world.run(steps);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("k1-property: %d steps in %.1f s\n", steps, took.count());
}
