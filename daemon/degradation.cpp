// SPDX-License-Identifier: Apache-2.0
// What degrades the service, in words: what is wrong, what follows, what to do.
#include "daemon/degradation.h"

#include <array>
#include <cassert>

namespace imgdedup::daemon {
namespace {

constexpr auto degradations = std::to_array<Degradation>({
    {"access",
     "Files there are missed, or duplicates stay where they are, until the service has the right; "
     "it looks again each minute, at a rescan and at a reload. `imgdedupd --check-config`, as "
     "root, tells about every folder."},
    {"catalog",
     "The socket answers and nothing is lost. `journalctl -u imgdedupd` tells how it goes on."},
    {"catalog-backup",
     "The service goes on without a new copy of its catalog and tries again each minute. Give it "
     "room where the catalog lies."},
    {"catalog-check",
     "Whether the catalog is whole is not known, so no file is moved until it could be checked; it "
     "is tried again each minute. Look after the disk that it lies on."},
    {"catalog-verdicts",
     "What was declared distinct or restored is in the catalog, but not beside it, where it would "
     "outlast the catalog; it is tried again each minute. Give it room where the catalog lies."},
    {"catalog-wal", "Everything works, but the disk may fill up."},
    {"duplicates-log",
     "Decisions are taken and kept in the catalog; those missing in the log are written as soon as "
     "it can be, which is tried every five seconds. Make room, or give the service the right to "
     "write there."},
    {"offline",
     "Nothing of this folder is forgotten, and nothing is decided by it. Bring it back, which is "
     "noticed by itself, or take it out of the settings."},
    {"quarantine",
     "Duplicates found in that folder are logged and stay where they are until it is put right."},
    {"settings",
     "The service goes on with the settings it had. Put the file right, then reload; "
     "`imgdedupd --check-config` tells what is wrong."},
    {"sandbox",
     "A hostile picture that takes over a worker meets fewer walls. `imgdedupd "
     "--self-test-sandbox` "
     "tells which stand; a newer kernel, or a unit or container that refuses less, gives the "
     "rest."},
    {"watching",
     "What cannot be watched or read there is looked at late or not at all. `imgdedupd "
     "--check-config`, as root, tells what the service needs."},
    {"workers",
     "Files wait for their decision until a worker can be started, which is tried again by itself. "
     "See that imgdedup-worker is installed, and that there are memory and processes left."},
});

}  // namespace

std::span<const Degradation> all_degradations() { return degradations; }

bool is_of_kind(std::string_view word, const Degradation& kind) {
  if (!word.starts_with(kind.word)) return false;
  const std::string_view rest = word.substr(kind.word.size());
  return rest.empty() || rest.starts_with(" of ") || rest.starts_with(":");
}

std::string degradation_line(std::string_view word, std::string_view why) {
  std::string line(word);
  line += ": ";
  line += why;
  for (const Degradation& each : degradations) {
    if (!is_of_kind(word, each)) continue;
    if (!line.ends_with('.')) line += '.';
    return line + " " + std::string(each.advice);
  }
  assert(!"every word has its advice");
  return line;
}

}  // namespace imgdedup::daemon
