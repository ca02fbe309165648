// SPDX-License-Identifier: Apache-2.0
// A watched folder with an original and its copy, which a decision sends to quarantine.
#pragma once

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/catalog_backends.h"
#include "store/quarantine.h"
#include "store/quarantine_directory.h"
#include "store/sidecar.h"

namespace imgdedup::testing {

inline matching::FileStamp stamp_on_disk(const std::filesystem::path& path) {
  struct stat status {};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  const auto nanoseconds = [](const timespec& time) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
                                     static_cast<std::uint64_t>(time.tv_nsec));
  };
  return {status.st_dev, status.st_ino, status.st_size, nanoseconds(status.st_mtim),
          nanoseconds(status.st_ctim)};
}

struct QuarantineScene {
  inline static const std::string bytes = "the only picture of grandmother";

  TemporaryDirectory directory;
  std::filesystem::path root = directory / "root";
  std::filesystem::path keeper = root / "keep.jpg";
  std::filesystem::path copy = root / "sub/copy \xff.JPG";
  std::filesystem::path quarantine = root / ".imgdedup-quarantine";
  std::unique_ptr<store::Catalog> catalog;
  store::FileId keeper_id = 0, copy_id = 0;
  store::DecisionId decision = 0;

  QuarantineScene() {
    write_file(keeper, bytes);
    write_file(copy, bytes);
    open();
    const auto content = catalog->add_content(fingerprint(1));
    keeper_id = add(keeper, content, store::FileRole::original);
    copy_id = add(copy, content, store::FileRole::duplicate);
    matching::DuplicateVerdict verdict;
    verdict.original_file_id = keeper_id;
    verdict.action = matching::Action::quarantine;
    decision = catalog->add_decision({copy_id, verdict, 5, std::nullopt});
  }

  void open() { catalog = SqliteBackend::open(directory.path()); }
  void close() { catalog.reset(); }
  /// As if the catalog's file had been lost.
  void lose_catalog() {
    close();
    for (const char* ending : {"", "-wal", "-shm"})
      std::filesystem::remove(directory / (std::string("catalog.sqlite3") + ending));
    open();
  }

  store::FileId add(const std::filesystem::path& path, store::ContentId content,
                    store::FileRole role) const {
    const auto id =
        catalog->add_file(path.string(), stamp_on_disk(path), 1, matching::FileState::pending);
    catalog->set_judged(id, content, role);
    return id;
  }

  [[nodiscard]] store::MoveRequest request() const {
    return {decision,
            copy_id,
            root.string(),
            copy.string(),
            quarantine.string(),
            stamp_on_disk(copy),
            digest(1),
            keeper.string(),
            matching::Relation::exact};
  }
  [[nodiscard]] std::filesystem::path quarantined() const {
    return quarantine / ("q" + std::to_string(decision) + "-0000000000000001.JPG");
  }
  [[nodiscard]] bool has_sidecar() const {
    return std::filesystem::exists(quarantine / store::sidecar_name(decision));
  }
  [[nodiscard]] std::optional<store::MoveState> journal() const {
    const auto entry = catalog->quarantine_entry(decision);
    if (!entry) return std::nullopt;
    return entry->state;
  }
  [[nodiscard]] matching::DecisionState decision_state() const {
    return catalog->decision(decision)->state;
  }
  [[nodiscard]] store::RecoveryReport recover() const {
    return store::recover_quarantine(*catalog, {quarantine.string()});
  }

  /// What went wrong; empty if the file lies in quarantine.
  [[nodiscard]] std::optional<store::MoveProblem> move() const {
    store::QuarantineMove move(*catalog, request());
    if (auto problem = move.prepare()) return problem;
    if (auto problem = move.take(42)) return problem;
    return move.finish();
  }

  void check_in_place() const {
    CHECK(std::filesystem::exists(copy));
    if (std::filesystem::exists(copy)) CHECK(read_file(copy) == bytes);
    CHECK_FALSE(std::filesystem::exists(quarantined()));
    CHECK_FALSE(has_sidecar());
    CHECK(decision_state() == matching::DecisionState::standing);
    CHECK(catalog->file(copy_id));
  }
  void check_in_quarantine() const {
    CHECK_FALSE(std::filesystem::exists(copy));
    check_in_quarantine_but_name();
  }
  /// Whatever has its name by now.
  void check_in_quarantine_but_name() const {
    CHECK(std::filesystem::exists(quarantined()));
    if (std::filesystem::exists(quarantined())) CHECK(read_file(quarantined()) == bytes);
    CHECK(has_sidecar());
    CHECK(journal() == store::MoveState::quarantined);
    CHECK(decision_state() == matching::DecisionState::quarantined);
    CHECK_FALSE(catalog->file(copy_id));
  }
};

/// Runs `work` in a child with a hook set (IMGDEDUPD_CRASH_AT, IMGDEDUPD_PAUSE_AT); `meanwhile`
/// runs here. The child's wait status. SQLite connections must not be open: they do not survive a
/// fork.
inline int in_child(
    const char* hook, const std::string& setting, const std::function<void()>& work,
    const std::function<void()>& meanwhile = [] {}) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::setenv(hook, setting.c_str(), 1);
    try {
      work();
    } catch (...) {
      ::_exit(3);
    }
    ::_exit(0);
  }
  meanwhile();
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return status;
}

}  // namespace imgdedup::testing
