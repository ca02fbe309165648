// SPDX-License-Identifier: Apache-2.0
// What help and the manual page say about each command, in words for people.
#include <array>
#include <cassert>

#include "protocol/command_table.h"

namespace imgdedup::protocol {
namespace {

constexpr auto all_words = std::to_array<CommandWords>({
    {"status",
     "The state is starting, scanning while files wait for their decision, idle, paused, or "
     "degraded when something needs a person: a line for each such thing says what is wrong and "
     "what to do. Then the counts, and for each folder how it is looked at: events, polling, or "
     "offline while it is not there.",
     "status"},
    {"sync",
     "The folders are listed anew; no event is trusted. For scripts, instead of waiting. Ends with "
     "4 when the time passes first. While the service is paused and files wait it ends with 1, or "
     "with --timeout waits for resume.",
     "sync --timeout 60s"},
    {"duplicates",
     "Each with what it rests on, what was done about it and the file it is held against. The "
     "number of a decision is also that of the file in quarantine. \"not moved\" is what was to go "
     "to quarantine and could not; the reasons follow.",
     "duplicates --relation exact --limit 2"},
    {"groups",
     "Every duplicate of a group is held against its original itself, never against another "
     "duplicate.",
     "groups"},
    {"query",
     "The files may lie anywhere; they are opened with your own rights and handed to the service. "
     "They are neither copied nor remembered.",
     "query photos/hills.jpg"},
    {"explain",
     "With each threshold. The files may lie anywhere; they are opened with your own rights. For "
     "the question why two files are, or are not, duplicates.",
     "explain photos/hills.jpg photos/hills-small.jpg"},
    {"distinct",
     "Remembered by their contents, so it survives renames and rescans. A file that lies in "
     "quarantine is not brought back by it: see quarantine restore.",
     "distinct photos/town.png photos/forest.jpg"},
    {"quarantine.list",
     "With the number that restore and purge want, where each file lay, and which one is the last "
     "copy of its content.",
     "quarantine list"},
    {"quarantine.apply",
     "A change of actions in the settings holds for decisions to come. This ends those that were "
     "only logged and that the settings would quarantine now; their files are judged anew, with a "
     "new line in the log each, and moved when they are duplicates still. With --all those are "
     "left out whose file has to stay for a reason of its own, such as a protected folder.",
     "quarantine apply --all"},
    {"quarantine.restore",
     "A restored file is not judged again until it changes. A file whose old name is taken stays "
     "in quarantine, and is named.",
     "quarantine restore --all"},
    {"quarantine.purge",
     "The only command that deletes. Before, the bytes are held against those of a copy in the "
     "watched folders. A last copy of its content is refused without --force; a near duplicate is "
     "the last copy of its own bytes, and so is a file that somebody has written into since it "
     "was moved.",
     "quarantine purge --older-than 30d"},
    {"files", "Those of other kinds and those that could not be read as well.", "files"},
    {"unreadable",
     "Damaged, incomplete, over a limit, of a format that is not read, or not to be opened.",
     "unreadable"},
    {"rescan", "Returns at once; sync waits for the end. Without DIR all watched folders.",
     "rescan photos"},
    {"pause", "What is being judged or moved is finished first. Arriving files are noted.",
     "pause"},
    {"resume", "The folders are compared with the catalog, as after a start.", "resume"},
    {"reload",
     "As systemctl reload does, but it returns when the settings are in force. Settings with a "
     "mistake change nothing; the message names file, line and key, and status says so until the "
     "file is put right.",
     "reload"},
    {"events",
     "All there are, oldest first, or with --follow the ten newest and then each as it is taken, "
     "until interrupted.",
     "events"},
    {"metrics",
     "For a scraper or the textfile collector of Prometheus' node exporter; an example of the "
     "latter lies in the examples folder of the package's documentation.",
     "metrics"},
});

}  // namespace

const CommandWords& words_of(const Command& command) {
  for (const CommandWords& words : all_words)
    if (words.name == command.name) return words;
  assert(!"every command has words");
  return all_words.front();
}

}  // namespace imgdedup::protocol
