// SPDX-License-Identifier: Apache-2.0
// What docs/protocol.md says about each command, with an example of each.
#include <array>
#include <cassert>

#include "protocol/command_table.h"

namespace imgdedup::protocol {
namespace {

constexpr auto pages = std::to_array<CommandPage>({
    {"status",
     "`state` is `starting` until the catalog stands, `scanning` while files wait for their "
     "decision, `idle`, `paused`, or `degraded` when something needs a person: `degraded` then "
     "lists what, each as `WORD: what is wrong and what to do`.\n\n"
     "`mode` of a root is `events`, `polling`, or `offline` (the folder is not there; what the "
     "catalog knows of it is kept). `last_reconcile` is when the folder was last compared with the "
     "catalog as a whole, or null. `poison` counts the unreadable files that failed a worker "
     "process twice. `duplicates` counts the decisions that stand, by relation; `orphans` the "
     "quarantined files that are the last copy of their content. `index.embeddings` counts the "
     "pictures that can be found by what the network of `detect.embedding` makes of them; 0 "
     "without a model. `sandbox` tells of the processes that read pictures: the setting, and the "
     "layers that they have to do without (null until the first of them has started). "
     "`last_error_at` is when `last_error` came up. "
     "`log_lines_dropped` counts the lines of the service's own log that whoever reads it did not "
     "take in time.",
     "{}",
     R"({"version": "0.1.0", "state": "idle", "pid": 4711, "uptime_seconds": 86400.0,
      "images": 2000, "contents": 1950, "bytes": 700000000, "pending": 0, "incomplete": 0,
      "unreadable": 1, "poison": 0, "images_per_second": 0.0, "memory_bytes": 27000000,
      "roots": [{"path": "/srv/photos", "mode": "events", "images": 2000, "directories": 12,
                 "polled_directories": 0, "last_reconcile": "2026-05-04T13:30:00.000Z",
                 "lost_events": 0, "error": null}],
      "duplicates": {"exact": 50, "pixels": 2, "near": 11, "edited": 0},
      "quarantined": {"files": 3, "bytes": 900000, "orphans": 0},
      "index": {"hashes": 1950, "features": 1950, "feature_bytes": 24117248,
        "embeddings": 0, "embedding_bytes": 0, "build_seconds": 0.01},
      "sandbox": {"rule": "required", "missing": []}, "last_error": null, "last_error_at": null,
      "watches": 12, "watch_failures": 0, "watch_repairs": 0, "overflows": 0, "reconciles": 6,
      "last_reconcile_ms": 4, "queue_dirs": 0, "queue_files": 0, "inflight": 0,
      "moves_done": 3, "moves_undone": 0, "moves_failed": 0, "log_lines_dropped": 0, "degraded": []})",
     "", ""},
    {"sync",
     "Answers when every file that lay in the watched folders at the time of the call has its "
     "decision: the folders are listed anew, no event is trusted. While it waits, `progress` "
     "notifications tell how many files are left. When `timeout` passes first, the answer is the "
     "error `timed-out`. While the service is paused and files wait, a call without `timeout` is "
     "answered with the error `refused`, for nobody knows how long that will be.",
     R"({"timeout": "60s"})", R"({"files": 12, "seconds": 0.8})", "progress",
     R"({"pending": 5, "total": 12})"},
    {"duplicates",
     "A page of decisions in state `standing` or `quarantined`, newest first. `action` is what was "
     "done, `action_limit` why it is milder than the settings ask: `protected`, `hard-linked`, "
     "`live-photo` "
     "(a film of the same name lies beside it and would stay behind), or, "
     "where names and times show that the two belong together and neither is a copy of the other, "
     "`raw+jpeg`, `sidecar` or `burst`, or, where only a network takes the two for alike, "
     "`similarity`; else null. With these last four neither file is ever moved, and `path` stays "
     "an original that others are held against. Of `evidence` the measures that were taken are "
     "present, the others null. For `edited` it says how the duplicate came from the original: "
     "`mirrored`, then turned clockwise by `rotation_degrees`, then enlarged by `scale`; `overlap` "
     "is the share of the original that the duplicate shows, and `ssim` that of the part which "
     "both show. `similarity` is the cosine of the two vectors that the network gives, where a "
     "model is set and the bytes differ, whatever the decision rests on. `not_moved` is there only "
     "where the file was to be moved to quarantine and that failed, and says why; it is tried "
     "again by itself.",
     R"({"relation": "near", "under": "/srv/photos", "limit": 1})",
     R"({"items": [{"id": 7, "relation": "near", "path": "/srv/photos/copy.jpg",
      "original": "/srv/photos/first.jpg", "action": "log", "action_limit": null,
      "evidence": {"distance_bits": 3, "ssim": 0.972, "inliers": null, "similarity": null,
        "mirrored": null, "rotation_degrees": null, "scale": null, "overlap": null},
      "content": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
      "original_content": "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9",
      "decided_at": "2026-05-04T13:37:00.123Z", "state": "standing", "supersedes": null}], "next": 7})",
     "", ""},
    {"groups",
     "A page of originals, each with the decisions that hold its duplicates against it. `id` is "
     "the original's number in the catalog, `copies` how many duplicates it has in all. `limit` "
     "counts duplicates; a group that does not fit goes on at the next page as an item with the "
     "same `id`. With `under`, the decisions whose duplicate or original lies there.",
     R"({"under": "/srv/photos"})",
     R"({"items": [{"id": 17, "original": "/srv/photos/first.jpg",
      "content": "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9", "copies": 2,
      "duplicates": [{"id": 9, "relation": "exact", "path": "/srv/photos/again.jpg",
      "original": "/srv/photos/first.jpg", "action": "quarantine", "action_limit": null,
      "evidence": {"distance_bits": 0, "ssim": null, "inliers": null, "similarity": null,
        "mirrored": null, "rotation_degrees": null, "scale": null, "overlap": null},
      "content": "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9",
      "original_content": "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9",
      "decided_at": "2026-05-04T13:37:00.123Z", "state": "quarantined", "supersedes": null}]}], "next": "17:9"})",
     "", ""},
    {"query",
     "The service never opens a path for a caller: the caller opens the files with its own rights "
     "and sends the descriptors beside the line of the request (`SCM_RIGHTS`), as many as "
     "`paths` and in the same order. `judged` is `original` (nothing in the catalog is like it), "
     "`duplicate`, `incomplete`, `unreadable`, `unsupported` or `not-an-image`; for the last four "
     "`reason` and `message` say why. An `original` that has a `relation` only looks like the one "
     "that is named, to a network.",
     R"({"paths": ["/home/ada/copy.jpg"]})",
     R"({"items": [{"path": "/home/ada/copy.jpg", "judged": "duplicate",
      "content": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
      "relation": "near", "original": "/srv/photos/first.jpg",
      "evidence": {"distance_bits": 3, "ssim": 0.972, "inliers": null, "similarity": null,
        "mirrored": null, "rotation_degrees": null, "scale": null, "overlap": null},
      "reason": null, "message": null}]})",
     "", ""},
    {"explain",
     "Two open descriptors come with the request, as with `query`. `files` are A and B as they are "
     "now; `id`, `state` and `restored` are null for a file that is not in the catalog. A file "
     "that "
     "is no image has `reason` and `message`; then `measures` and `steps` are empty.\n\n"
     "`measures` has everything that is measured between the two. `bound` says which side of "
     "`threshold` passes (`at-least` or `at-most`, the threshold itself included) and `relation` "
     "what the measure is needed for; these are null where nothing rests on it. More measures may "
     "be added later.\n\n"
     "`steps` are the questions in their order: `one-inode`, `declared-distinct`, `relation`, "
     "`companion`, `keep`, `action`, `limit`, `in-force`; those that were not reached are left "
     "out. "
     "`decides` marks the step that settles what the two are to each other. `relation`, "
     "`duplicate` "
     "(`A`, `B` or null), `action` and `action_limit` are what the two would be decided to be if "
     "there were no other files; `decision` is the id of the decision in force between them, or "
     "null. `companion` is `raw+jpeg`, `sidecar`, `burst` or null.",
     R"({"first": "/srv/photos/first.jpg", "second": "/srv/photos/copy.jpg"})",
     R"({"files": [{"path": "/srv/photos/first.jpg", "id": 17, "state": "judged", "restored": false,
      "protected": false, "hard_links": 1,
      "content": "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9",
      "format": "jpeg", "bytes": 300000, "width": 1024, "height": 768, "detail": 41.5,
      "hashes": {"ahash": "ffe1c1818383c1f3", "dhash": "2b4c1c1c1c1c4c2b",
                 "phash": "9f172786e71f1e00", "whash": "ffe1c18183c3c1ff"},
      "reason": null, "message": null},
     {"path": "/srv/photos/copy.jpg", "id": 18, "state": "judged", "restored": false,
      "protected": false, "hard_links": 1,
      "content": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
      "format": "jpeg", "bytes": 90000, "width": 512, "height": 384, "detail": 40.5,
      "hashes": {"ahash": "ffe1c1818383c1f3", "dhash": "2b4c1c1c1c1c4c2f",
                 "phash": "9f172786e71f1e07", "whash": "ffe1c18183c3c1ff"},
      "reason": null, "message": null}],
      "same_bytes": false, "same_pixels": false,
      "measures": [{"measure": "phash_distance_bits", "value": 3.0, "bound": "at-most",
                    "threshold": 10.0, "passes": true, "relation": "near",
                    "note": "the hash of the settings"},
                   {"measure": "tone_difference", "value": 1.5, "bound": null, "threshold": null,
                    "passes": null, "relation": null,
                    "note": "in levels, before tones are fitted; nothing rests on it"}],
      "steps": [{"step": "one-inode", "decides": false,
                 "text": "they are two files, not two names of one"},
                {"step": "relation", "decides": true,
                 "text": "near: the same picture re-encoded, resized or lightly toned"}],
      "relation": "near", "companion": null, "duplicate": "B", "action": "log",
      "action_limit": null, "decision": 7,
      "conclusion": "B is a duplicate of A (near): it is logged and stays"})",
     "", ""},
    {"distinct",
     "Remembered by content, so it survives renames, moves and rescans. A decision that holds the "
     "two against each other becomes `dismissed`. `undo` takes it back, and they are judged anew. "
     "`changed` is false when it was so already.",
     R"({"first": "/srv/photos/twin-a.jpg", "second": "/srv/photos/twin-b.jpg"})",
     R"({"first_content": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
      "second_content": "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9",
      "distinct": true, "changed": true})",
     "", ""},
    {"quarantine.list",
     "A page of entries. `id` is the number of the decision that moved the file, `path` where it "
     "lay, `quarantine_path` where it lies. `last_copy` is true when no other file in the catalog "
     "has this content any more: an orphan. `changed` is true when somebody has written into the "
     "file since it was moved: then it is the last copy of what it holds.",
     R"({"orphans": false})",
     R"({"items": [{"id": 9, "path": "/srv/photos/again.jpg",
      "quarantine_path": "/srv/photos/.imgdedup-quarantine/q9-fcde2b2edba56bf4.jpg",
      "content": "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9",
      "bytes": 300000, "relation": "exact", "original": "/srv/photos/first.jpg",
      "quarantined_at": "2026-05-04T13:37:00.123Z", "last_copy": false, "changed": false,
      "state": "quarantined"}], "next": null})",
     "", ""},
    {"quarantine.apply",
     "Needs `ids` or `all`. Ends standing decisions whose action was `log` and would be "
     "`quarantine` by the settings of now; their files are judged anew, before all others that "
     "wait. With `all`, those with an `action_limit` are left out; one call looks at `limit` "
     "decisions at most. Where `next` is not null, with `ids` too, it says where to go on. Each "
     "item "
     "says whether it was done, else why not.",
     R"({"ids": [7]})",
     R"({"items": [{"id": 7, "path": "/srv/photos/copy.jpg", "done": true, "message": null}],
      "next": null})",
     "", ""},
    {"quarantine.restore",
     "Needs `ids` or `all`. Never replaces another file. A restored file is not judged again until "
     "it changes. Each item says whether it was done, else why not; a `message` beside `done` "
     "names "
     "what of owner, mode, times and attributes could not be given back. With `all`, one call "
     "restores `limit` files at most. Where `next` is not null, with `ids` too, it says where to "
     "go "
     "on.",
     R"({"ids": [9]})",
     R"({"items": [{"id": 9, "path": "/srv/photos/again.jpg", "done": true, "message": null}],
      "next": null})",
     "", ""},
    {"quarantine.purge",
     "Needs `ids` or `older_than`. Deletes for good, after the bytes in quarantine were held "
     "against "
     "those of a copy in the watched folders. A last copy of its content is refused unless `force` "
     "is true. Each item says whether it was done, else why not. With `older_than`, one "
     "call deletes `limit` files at most. Where `next` is not null, with `ids` too, it says where "
     "to "
     "go on.",
     R"({"older_than": "30d", "force": false})",
     R"({"items": [{"id": 9, "path": "/srv/photos/again.jpg", "done": false,
      "message": "the last copy of its content; purge it with force"}], "next": null})",
     "", ""},
    {"files",
     "A page of all files in the catalog. `state` is `pending`, `judged`, `alias` (another name of "
     "a file that is listed too), `incomplete`, `unreadable`, `unsupported` or `not-an-image`. "
     "`content` is null until it is known.",
     R"({"under": "/srv/photos", "limit": 2})",
     R"({"items": [{"id": 17, "path": "/srv/photos/first.jpg", "state": "judged", "bytes": 300000,
      "content": "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9"},
      {"id": 18, "path": "/srv/photos/bad\\xff.jpg", "path_bytes": "L3Nydi9waG90b3MvYmFk/y5qcGc=",
       "state": "pending", "bytes": 1200, "content": null}], "next": 18})",
     "", ""},
    {"unreadable",
     "A page of the files that are `incomplete`, `unreadable` or `unsupported`. `reason` is "
     "`unsupported`, `incomplete`, `damaged`, `over-limit`, `unreadable`, `timed-out`, `crashed` "
     "or `out-of-memory`; `message` says it for people.",
     "{}",
     R"({"items": [{"id": 20, "path": "/srv/photos/half.jpg", "state": "incomplete",
      "reason": "incomplete", "message": "the JPEG data ends too early"}], "next": null})",
     "", ""},
    {"rescan", "Answers at once; `sync` waits for the end.", R"({"directory": "/srv/photos"})",
     R"({"state": "scanning"})", "", ""},
    {"pause", "What is being judged or moved is finished. The socket goes on answering.", "{}",
     R"({"state": "paused"})", "", ""},
    {"resume", "Compares the folders with the catalog, as after a start.", "{}",
     R"({"state": "scanning"})", "", ""},
    {"reload",
     "As SIGHUP does. The answer comes when the settings are in force; where folders have to be "
     "taken "
     "up anew, all other connections end meanwhile. Settings with a mistake, and such as the "
     "service cannot go on with, change nothing: the answer is the error `refused`, whose message "
     "says why, and `status` says so until the file is put right.",
     "{}", R"({"state": "idle"})", "", ""},
    {"events",
     "Without `follow`: a page of all decisions ever taken, oldest first, as they would stand in "
     "the duplicates log. With `follow`: the ten newest, oldest first and `next` null; from then "
     "on "
     "each decision comes as a `decision` notification until the caller closes the connection.",
     R"({"follow": true})", R"({"items": [], "next": null})", "decision",
     R"({"id": 12, "relation": "near", "path": "/srv/photos/copy.jpg",
      "original": "/srv/photos/first.jpg", "action": "log", "action_limit": null,
      "evidence": {"distance_bits": 3, "ssim": 0.972, "inliers": null, "similarity": null,
        "mirrored": null, "rotation_degrees": null, "scale": null, "overlap": null},
      "content": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
      "original_content": "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9",
      "decided_at": "2026-05-04T13:37:00.123Z", "state": "standing", "supersedes": 7})"},
    {"metrics", "`text` is the Prometheus text exposition format, version 0.0.4.", "{}",
     R"({"text": "# TYPE imgdedupd_images gauge\nimgdedupd_images 2000\n"})", "", ""},
});

}  // namespace

const CommandPage& page_of(const Command& command) {
  for (const CommandPage& page : pages)
    if (page.name == command.name) return page;
  assert(!"every command has a page");
  return pages.front();
}

}  // namespace imgdedup::protocol
