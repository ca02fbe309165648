// SPDX-License-Identifier: Apache-2.0
// The power goes: an ext4 of its own that is shut down without writing its log.
#include <doctest/doctest.h>

#include <cstdio>

#include "faults/catalog_support.h"
#include "faults/own_disk.h"

using namespace imgdedup::testing;
using imgdedup::protocol::Json;
namespace fs = std::filesystem;

TEST_CASE("d1-powerloss: what was moved is in the journal, what was declared is remembered") {
  int cuts = 0;
  for (const char* point :
       {"after_intent", "after_sidecar", "after_rename", "after_sync", "after_commit"}) {
    INFO("at ", std::string(point));
    TemporaryDirectory base;
    OwnDisk disk(base.path());
    if (!disk.is_mounted()) {
      std::printf("SKIPPED: d1-powerloss (this user may not mount a file)\n");
      return;
    }
    const fs::path root = disk.place() / "photos";
    fs::create_directories(root);
    Service service("actions: {exact: quarantine}\n", "  - path: '" + root.string() + "'\n");
    put_catalog_at(service, disk.place() / "catalog.sqlite3");
    write_file(root / "a.jpg", photo(1));
    write_file(root / "near.jpg", photo(1, 60));
    // All that the test itself has synced: what comes later survives by the service's doing alone.
    const fs::path fresh = disk.place() / "fresh.jpg";
    write_file(fresh, photo(1));
    ::sync();
    HoldingPoint held(service, point);
    service.start(held.environment());
    service.sync();
    service.call("distinct",
                 {{"first", (root / "a.jpg").string()}, {"second", (root / "near.jpg").string()}});
    wait_until(
        [&] {
          return read_file(disk.place() / "catalog.sqlite3.verdicts").find("\"distinct\":[") !=
                 std::string::npos;
        },
        "the verdicts to be saved");
    service.sync();
    fs::rename(fresh, root / "b.jpg");
    held.wait();
    REQUIRE(disk.cut_power());
    service.kill();
    disk.mount_again();
    ++cuts;
    // Before anything has mended it: a file in quarantine has its row, and its sidecar beside it.
    const auto in_quarantine = count_files(root / ".imgdedup-quarantine", ".jpg");
    {
      OtherProgram look(disk.place() / "catalog.sqlite3");
      CHECK(look.text("PRAGMA integrity_check") == "ok");
      CHECK(look.integer("SELECT COUNT(*) FROM quarantine") >=
            static_cast<std::int64_t>(in_quarantine));
      CHECK(look.integer("SELECT COUNT(*) FROM distinct_pairs") == 1);
    }
    CHECK(fs::exists(root / "b.jpg") != (in_quarantine == 1));
    service.start();
    service.sync();
    CHECK(read_file(root / "a.jpg") == photo(1));
    CHECK(read_file(root / "near.jpg") == photo(1, 60));
    CHECK_FALSE(fs::exists(root / "b.jpg"));
    const auto entries = service.list("quarantine.list");
    REQUIRE(entries.size() == 1);
    CHECK(read_file(entries[0]["quarantine_path"].get<std::string>()) == photo(1));
    CHECK(service.decisions().size() == 1);
    CHECK(service.stop() == 0);
  }
  std::printf("d1-powerloss: %d cuts during a move, no journal row and no verdict missing\n", cuts);
}
