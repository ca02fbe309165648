// SPDX-License-Identifier: Apache-2.0
// Bad settings: each gives exactly these problems.
#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "config/settings_file.h"

using namespace imgdedup::config;

namespace {

/// The problems of `text` as they are printed; "" if there is none.
std::string problems_of(std::string_view text) {
  try {
    parse_settings(text, "f");
    return "";
  } catch (const ConfigError& error) {
    CHECK_FALSE(error.problems.empty());
    return error.what();
  }
}

struct BadText {
  std::string_view text, problems;
};

/// `text` after a line that watches a folder.
void check_after_watch(const std::vector<BadText>& table) {
  for (const auto& [text, problems] : table) {
    CAPTURE(text);
    CHECK(problems_of("watch: [{path: /srv/photos}]\n" + std::string(text)) == problems);
  }
}

void check(const std::vector<BadText>& table) {
  for (const auto& [text, problems] : table) {
    CAPTURE(text);
    CHECK(problems_of(text) == problems);
  }
}

}  // namespace

TEST_CASE("a folder to watch must be there, and be a path") {
  check({
      {"", "f: watch: is missing, add a folder to watch, such as watch: [{path: /srv/photos}]"},
      {"# only a comment\n",
       "f: watch: is missing, add a folder to watch, such as watch: [{path: /srv/photos}]"},
      {"watch:",
       "f:1: watch: is empty, must be a list of folders, at least one and at most 1000, such as "
       "[{path: /srv/photos}]"},
      {"watch: []",
       "f:1: watch: has 0 folders, must be a list of folders, at least one and at most 1000, such "
       "as [{path: /srv/photos}]"},
      {"watch: /a",
       "f:1: watch: is \"/a\", must be a list of folders, at least one and at most 1000, such as "
       "[{path: /srv/photos}]"},
      {"watch: [/a]",
       "f:1: watch[0]: is \"/a\", must be a mapping with the keys path, recursive, protect, "
       "poll_interval, include, exclude, quarantine"},
      {"watch: [{}]",
       "f:1: watch[0].path: is missing, must be an absolute path without \".\" and \"..\", such as "
       "/srv/photos"},
      {"watch: [~]",
       "f:1: watch[0]: is empty, must be a mapping with the keys path, recursive, protect, "
       "poll_interval, include, exclude, quarantine"},
      {"watch: [{path: a}]",
       "f:1: watch[0].path: is \"a\", must be an absolute path without \".\" and \"..\", such as "
       "/srv/photos; / itself cannot be watched"},
      {"watch: [{path: ~/x}]",
       "f:1: watch[0].path: is \"~/x\", must be an absolute path without \".\" and \"..\", such as "
       "/srv/photos; / itself cannot be watched"},
      {"watch: [{path: /a/../b}]",
       "f:1: watch[0].path: is \"/a/../b\", must be an absolute path without \".\" and \"..\", "
       "such as /srv/photos; / itself cannot be watched"},
      {"watch: [{path: /./b}]",
       "f:1: watch[0].path: is \"/./b\", must be an absolute path without \".\" and \"..\", such "
       "as /srv/photos; / itself cannot be watched"},
      {"watch: [{path: /}]",
       "f:1: watch[0].path: is \"/\", must be an absolute path without \".\" and \"..\", such as "
       "/srv/photos; / itself cannot be watched"},
      {"watch: [{path: \"\"}]",
       "f:1: watch[0].path: is \"\", must be an absolute path without \".\" and \"..\", such as "
       "/srv/photos; / itself cannot be watched"},
      {"watch: [{path: \"/a\\0b\"}]",
       "f:1: watch[0].path: is \"/a\\x00b\", must be an absolute path without \".\" and \"..\", "
       "such as /srv/photos; / itself cannot be watched"},
      {"watch: [{path: "
       "/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
       "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
       "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx}]",
       "f:1: watch[0].path: is "
       "\"/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...\", "
       "must be an absolute path without \".\" and \"..\", such as /srv/photos; / itself cannot be "
       "watched"},
  });
}

TEST_CASE("folders in one another are refused") {
  check({
      {"watch: [{path: /a}, {path: /a//}]",
       "f:1: watch[1].path: is \"/a\", the same as watch[0].path \"/a\" (line 1); watched folders "
       "must lie beside each other, not in one another"},
      {"watch:\n- path: /a\n- path: /a/b",
       "f:3: watch[1].path: is \"/a/b\", inside watch[0].path \"/a\" (line 2); watched folders "
       "must lie beside each other, not in one another"},
      {"watch:\n- path: /a/b\n- path: /a",
       "f:3: watch[1].path: is \"/a\", around watch[0].path \"/a/b\" (line 2); watched folders "
       "must lie beside each other, not in one another"},
      {"watch:\n- path: /a\n  quarantine: q",
       "f:3: watch[0].quarantine: is \"q\", must be an absolute path without \".\" and \"..\", "
       "such as /srv/photos, or \"\": .imgdedup-quarantine in the watched folder"},
      {"watch:\n- path: /a\n  quarantine: /a",
       "f:3: watch[0].quarantine: is \"/a\", the same as watch[0].path \"/a\" (line 2); a "
       "quarantine folder must lie inside its own watched folder or outside all of them"},
      {"watch:\n- path: /a/b\n  quarantine: /a",
       "f:3: watch[0].quarantine: is \"/a\", around watch[0].path \"/a/b\" (line 2); a quarantine "
       "folder must lie inside its own watched folder or outside all of them"},
      {"watch:\n- path: /a\n  quarantine: /b/q\n- path: /b",
       "f:3: watch[0].quarantine: is \"/b/q\", inside watch[1].path \"/b\" (line 4); a quarantine "
       "folder must lie inside its own watched folder or outside all of them"},
  });
}

TEST_CASE("the service's own files lie outside the folders and apart") {
  check({
      {"watch: [{path: /var}]",
       "f:1: watch[0].path: is \"/var\", around catalog \"/var/lib/imgdedupd/catalog.sqlite3\"; "
       "the service's own files must lie outside the watched folders\n"
       "f:1: watch[0].path: is \"/var\", around duplicates_log "
       "\"/var/lib/imgdedupd/duplicates.jsonl\"; the service's own files must lie outside the "
       "watched folders"},
      {"watch: [{path: /run/imgdedupd}]",
       "f:1: watch[0].path: is \"/run/imgdedupd\", around socket.path "
       "\"/run/imgdedupd/control.sock\"; the service's own files must lie outside the watched "
       "folders"},
      {"watch: [{path: /a}]\ncatalog: /a/c.db\nduplicates_log: "
       "/a/.imgdedup-quarantine/log\nsocket: {path: /a}",
       "f:2: catalog: is \"/a/c.db\", inside watch[0].path \"/a\" (line 1); the service's own "
       "files must lie outside the watched folders\n"
       "f:3: duplicates_log: is \"/a/.imgdedup-quarantine/log\", inside watch[0].path \"/a\" (line "
       "1); the service's own files must lie outside the watched folders\n"
       "f:4: socket.path: is \"/a\", the same as watch[0].path \"/a\" (line 1); the service's own "
       "files must lie outside the watched folders\n"
       "f:4: socket.path: is \"/a\", around catalog \"/a/c.db\" (line 2); catalog, duplicates_log "
       "and socket.path must be three files\n"
       "f:4: socket.path: is \"/a\", around duplicates_log \"/a/.imgdedup-quarantine/log\" (line "
       "3); catalog, duplicates_log and socket.path must be three files"},
      {"watch:\n- path: /a\n  quarantine: /var/lib/imgdedupd",
       "f:3: watch[0].quarantine: is \"/var/lib/imgdedupd\", around catalog "
       "\"/var/lib/imgdedupd/catalog.sqlite3\"; the service's own files must lie outside the "
       "quarantine folders\n"
       "f:3: watch[0].quarantine: is \"/var/lib/imgdedupd\", around duplicates_log "
       "\"/var/lib/imgdedupd/duplicates.jsonl\"; the service's own files must lie outside the "
       "quarantine folders"},
      {"watch: [{path: /a}]\ncatalog: /x\nduplicates_log: /x",
       "f:3: duplicates_log: is \"/x\", the same as catalog \"/x\" (line 2); catalog, "
       "duplicates_log and socket.path must be three files"},
  });
}

TEST_CASE("each key of a folder has its type") {
  check({
      {"watch:\n- path: /a\n  recursive: yes\n  protect: 1\n  poll_interval: 5\n  include: x\n  "
       "exclude: [~, \"\", []]",
       "f:3: watch[0].recursive: is \"yes\", must be true or false\n"
       "f:4: watch[0].protect: is \"1\", must be true or false\n"
       "f:5: watch[0].poll_interval: is \"5\", must be a whole number and a unit (ms, s, m, h, d), "
       "from 1s to 365d, such as 60s; or 0s: do not list, take file system events\n"
       "f:6: watch[0].include: is \"x\", must be a list of globs below the folder, such as "
       "\"*.jpg\"\n"
       "f:7: watch[0].exclude: is empty, must be a list of globs below the folder, such as "
       "\"*.jpg\"\n"
       "f:7: watch[0].exclude: is \"\", must be a list of globs below the folder, such as "
       "\"*.jpg\"\n"
       "f:7: watch[0].exclude: is a list, must be a list of globs below the folder, such as "
       "\"*.jpg\""},
      {"watch: [{path: [/a], poll_interval: 500ms, quarantine: {}}]",
       "f:1: watch[0].path: is a list, must be an absolute path without \".\" and \"..\", such as "
       "/srv/photos; / itself cannot be watched\n"
       "f:1: watch[0].poll_interval: is \"500ms\", must be a whole number and a unit (ms, s, m, h, "
       "d), from 1s to 365d, such as 60s; or 0s: do not list, take file system events\n"
       "f:1: watch[0].quarantine: is a mapping, must be an absolute path without \".\" and \"..\", "
       "such as /srv/photos, or \"\": .imgdedup-quarantine in the watched folder"},
  });
}

TEST_CASE("an unknown key is refused, with the one that was meant") {
  check_after_watch({
      {"workrs: 1",
       "f:2: workrs: is not a known key (did you mean workers?), allowed are watch, detect, "
       "actions, keep, settle_time, reconcile_interval, catalog, duplicates_log, socket, workers, "
       "sandbox, limits, log"},
      {"colour: red",
       "f:2: colour: is not a known key, allowed are watch, detect, actions, keep, settle_time, "
       "reconcile_interval, catalog, duplicates_log, socket, workers, sandbox, limits, log"},
      {"detect: {nera: {}}",
       "f:2: detect.nera: is not a known key (did you mean near?), allowed are near, edited, "
       "embedding"},
      {"Watch: []",
       "f:2: Watch: is not a known key (did you mean watch?), allowed are watch, detect, actions, "
       "keep, settle_time, reconcile_interval, catalog, duplicates_log, socket, workers, sandbox, "
       "limits, log"},
      {"watch:\n- path: /b", "f:2: watch: is set on line 1 already, each key is allowed once"},
      {"workers: 1\nworkers: 2",
       "f:3: workers: is set on line 2 already, each key is allowed once"},
  });
}

TEST_CASE("numbers have their range") {
  check_after_watch({
      {"sandbox: off", "f:2: sandbox: is \"off\", must be one of required, best-effort"},
      {"workers: -1", "f:2: workers: is \"-1\", must be a whole number from 0 to 256"},
      {"workers: 257", "f:2: workers: is \"257\", must be a whole number from 0 to 256"},
      {"workers: 1.5", "f:2: workers: is \"1.5\", must be a whole number from 0 to 256"},
      {"workers: many", "f:2: workers: is \"many\", must be a whole number from 0 to 256"},
      {"workers: 99999999999999999999",
       "f:2: workers: is \"99999999999999999999\", must be a whole number from 0 to 256"},
      {"workers:", "f:2: workers: is empty, must be a whole number from 0 to 256"},
      {"workers: [1]", "f:2: workers: is a list, must be a whole number from 0 to 256"},
      {"workers: {a: b}", "f:2: workers: is a mapping, must be a whole number from 0 to 256"},
      {"detect: {near: {radius_bits: 65}}",
       "f:2: detect.near.radius_bits: is \"65\", must be a whole number from 0 to 64"},
      {"detect: {embedding: {min_similarity: 1.01}}",
       "f:2: detect.embedding.min_similarity: is \"1.01\", must be a number from -1 to 1"},
      {"detect: {embedding: {min_similarity: nan}}",
       "f:2: detect.embedding.min_similarity: is \"nan\", must be a number from -1 to 1"},
  });
}

TEST_CASE("what a network was trained with has its form") {
  constexpr const char* size =
      ", must be a number of pixels from 1 to 2048, such as 224, or WIDTHxHEIGHT, such as 224x160";
  constexpr const char* mean =
      ", must be three numbers, such as [0.485, 0.456, 0.406], or one for all channels";
  constexpr const char* scale =
      ", must be three numbers other than 0, such as [0.229, 0.224, 0.225], or one for all "
      "channels";
  const auto problem = [](const std::string& key, const std::string& is, const char* must) {
    return "f:2: detect.embedding." + key + ": is " + is + must;
  };
  check_after_watch({
      {"detect: {embedding: {input_size: 0}}", problem("input_size", "\"0\"", size)},
      {"detect: {embedding: {input_size: 224x}}", problem("input_size", "\"224x\"", size)},
      {"detect: {embedding: {input_size: [224, 224]}}", problem("input_size", "a list", size)},
      {"detect: {embedding: {mean: [1, 2]}}", problem("mean", "a list", mean)},
      {"detect: {embedding: {mean: [1, 2, x]}}", problem("mean", "a list", mean)},
      {"detect: {embedding: {mean: \"1,2,3\"}}", problem("mean", "\"1,2,3\"", mean)},
      {"detect: {embedding: {scale: 0}}", problem("scale", "\"0\"", scale)},
      {"detect: {embedding: {scale: [1, 0, 1]}}", problem("scale", "a list", scale)},
      {"detect: {embedding: {scale: {a: b}}}", problem("scale", "a mapping", scale)},
      {"detect: {embedding: {colour: red}}",
       problem("colour", "\"red\"", ", must be one of rgb, bgr")},
      {"detect: {embedding: {size: 224}}",
       "f:2: detect.embedding.size: is not a known key, allowed are model, min_similarity, "
       "input_size, mean, scale, colour"},
  });
}

TEST_CASE("what the system lacks is a problem of the line that asks for it") {
  const std::string text =
      "watch: [{path: /a}]\ndetect:\n  embedding:\n    model: /m.onnx\n    min_similarity: 0.8\n"
      "socket: {group: x}\n";
  const std::string why = "/m.onnx: has " + std::string(200, 'x');
  int asked = 0;
  const auto check = [&](const Settings& settings) -> std::vector<Finding> {
    ++asked;
    CHECK(settings.embedding.model == "/m.onnx");
    return {{"socket.group", "is not there"}, {"detect.embedding.model", why}, {"keep", "no"}};
  };
  CHECK_THROWS_WITH_AS(
      parse_settings(text, "f", check),
      ("f:4: detect.embedding.model: " + why + "\nf:6: socket.group: is not there\nf: keep: no")
          .c_str(),
      ConfigError);
  const auto nothing = [](const Settings&) { return std::vector<Finding>(); };
  CHECK(parse_settings(text, "f", nothing).embedding.min_similarity == 0.8);
  // Nothing is asked of a file that has problems of its own.
  CHECK_THROWS_AS(parse_settings(text + "workers: x\n", "f", check), ConfigError);
  CHECK(asked == 1);
}

TEST_CASE("durations and sizes have their unit and range") {
  check_after_watch({
      {"settle_time: 2h",
       "f:2: settle_time: is \"2h\", must be a whole number and a unit (ms, s, m, h, d), from 0s "
       "to 1h, such as 500ms"},
      {"settle_time: 500",
       "f:2: settle_time: is \"500\", must be a whole number and a unit (ms, s, m, h, d), from 0s "
       "to 1h, such as 500ms"},
      {"settle_time: -1s",
       "f:2: settle_time: is \"-1s\", must be a whole number and a unit (ms, s, m, h, d), from 0s "
       "to 1h, such as 500ms"},
      {"settle_time: 99999999999999999999d",
       "f:2: settle_time: is \"99999999999999999999d\", must be a whole number and a unit (ms, s, "
       "m, h, d), from 0s to 1h, such as 500ms"},
      {"reconcile_interval: 0s",
       "f:2: reconcile_interval: is \"0s\", must be a whole number and a unit (ms, s, m, h, d), "
       "from 1s to 365d, such as 10m"},
      {"reconcile_interval: 10min",
       "f:2: reconcile_interval: is \"10min\", must be a whole number and a unit (ms, s, m, h, d), "
       "from 1s to 365d, such as 10m"},
      {"limits:\n  file_bytes: 1GB\n  pixels: 0\n  worker_memory: 1MiB\n  worker_time: 0s",
       "f:3: limits.file_bytes: is \"1GB\", must be a whole number and a unit (B, KiB, MiB, GiB, "
       "TiB), from 1KiB to 16TiB, such as 1GiB\n"
       "f:4: limits.pixels: is \"0\", must be a whole number, with K, M or G for thousands, from 1 "
       "to 1000G, such as 500M\n"
       "f:5: limits.worker_memory: is \"1MiB\", must be a whole number and a unit (B, KiB, MiB, "
       "GiB, TiB), from 64MiB to 16TiB, such as 1GiB\n"
       "f:6: limits.worker_time: is \"0s\", must be a whole number and a unit (ms, s, m, h, d), "
       "from 1s to 1d, such as 60s"},
  });
}

TEST_CASE("words are among those known") {
  check_after_watch({
      {"detect: {near: {hash: md5, enabled: maybe}}",
       "f:2: detect.near.enabled: is \"maybe\", must be true or false\n"
       "f:2: detect.near.hash: is \"md5\", must be one of ahash, dhash, phash, whash"},
      {"actions: {exact: delete, near: quarantine, far: log}",
       "f:2: actions.far: is not a known key (did you mean near?), allowed are exact, pixels, "
       "near, edited\n"
       "f:2: actions.exact: is \"delete\", must be one of log, quarantine"},
      {"keep: best", "f:2: keep: is \"best\", must be one of first, largest, oldest"},
      {"keep: [first]", "f:2: keep: is a list, must be one of first, largest, oldest"},
      {"log: {level: loud}",
       "f:2: log.level: is \"loud\", must be one of trace, debug, info, warning, error"},
  });
}

TEST_CASE("a mapping is a mapping") {
  check_after_watch({
      {"detect:", "f:2: detect: is empty, must be a mapping with the keys near, edited, embedding"},
      {"detect: {near: 10}",
       "f:2: detect.near: is \"10\", must be a mapping with the keys enabled, hash, radius_bits"},
      {"log: info", "f:2: log: is \"info\", must be a mapping with the keys level"},
      {"socket: [a]", "f:2: socket: is a list, must be a mapping with the keys path, group"},
  });
}

TEST_CASE("other paths and names are checked") {
  check_after_watch({
      {"catalog: c.db",
       "f:2: catalog: is \"c.db\", must be the absolute path of a file, without \".\" and \"..\""},
      {"catalog: /",
       "f:2: catalog: is \"/\", must be the absolute path of a file, without \".\" and \"..\""},
      {"duplicates_log: ../log",
       "f:2: duplicates_log: is \"../log\", must be the absolute path of a file, without \".\" and "
       "\"..\""},
      {"detect: {embedding: {model: m.onnx}}",
       "f:2: detect.embedding.model: is \"m.onnx\", must be the absolute path of an ONNX file "
       "without \".\" and \"..\", or \"\": off"},
      {"socket: {path: "
       "/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
       "xxxxxxxxxxxxxxxxx}",
       "f:2: socket.path: is "
       "\"/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...\", "
       "must be an absolute path of at most 107 bytes without \".\" and \"..\", such as "
       "/run/imgdedupd/control.sock"},
      {"socket: {group: \"a b\"}",
       "f:2: socket.group: is \"a b\", must be the name of a group, or \"\": only root and the "
       "service's user"},
  });
}

TEST_CASE("what is no settings file is one problem") {
  check({
      {"5",
       "f:1: is \"5\", must be a mapping with the keys watch, detect, actions, keep, settle_time, "
       "reconcile_interval, catalog, duplicates_log, socket, workers, sandbox, limits, log"},
      {"[1]",
       "f:1: is a list, must be a mapping with the keys watch, detect, actions, keep, settle_time, "
       "reconcile_interval, catalog, duplicates_log, socket, workers, sandbox, limits, log"},
      {"watch: [{path: /a",
       "f:1: is not YAML (end of map flow not found), must be \"key: value\" lines"},
      {"watch: [{path: /a}]\n\tx: 1\n",
       "f:2: is not YAML (end of map not found), must be \"key: value\" lines"},
      {"a: b: c", "f:1: is not YAML (illegal map value), must be \"key: value\" lines"},
      {"\"a", "f:1: is not YAML (illegal EOF in scalar), must be \"key: value\" lines"},
      {"%YAML 9.9\n---\na: b",
       "f:1: is not YAML (YAML major version too large), must be \"key: value\" lines"},
  });
}

TEST_CASE("YAML that hides what is set is refused") {
  check({
      {"watch: &a [{path: /a}]\nlog: *a",
       "f:1: anchors and aliases (& and *) are not allowed; write the value out, and put text that "
       "begins with * or & between quotes\n"
       "f:2: anchors and aliases (& and *) are not allowed; write the value out, and put text that "
       "begins with * or & between quotes"},
      {"watch: *a",
       "f:1: anchors and aliases (& and *) are not allowed; write the value out, and put text that "
       "begins with * or & between quotes"},
      {"watch: [{path: /a, exclude: [*.part]}]",
       "f:1: anchors and aliases (& and *) are not allowed; write the value out, and put text that "
       "begins with * or & between quotes"},
      {"watch: [{path: /srv/photos}]\nworkers: !!int 5",
       "f:2: tags (!) are not allowed; write the value without"},
      {"watch: [{path: /srv/photos}]\n---\nworkers: 1",
       "f:3: a second document begins, one is allowed"},
      {"watch: [{path: /srv/photos}]\n? [a]\n: b\n", "f:2: a key must be a word, such as watch"},
      {"watch: [{path: /srv/photos}]\n~: 5", "f:2: a key must be a word, such as watch"},
      {"watch: [{path: /srv/photos}]\n<<: {workers: 5}",
       "f:2: <<: is not a known key, allowed are watch, detect, actions, keep, settle_time, "
       "reconcile_interval, catalog, duplicates_log, socket, workers, sandbox, limits, log"},
  });
}

TEST_CASE("a terminal gets no control characters") {
  check_after_watch({
      {"\"\\x1b[2J\": 1",
       "f:2: \\x1b[2J: is not a known key, allowed are watch, detect, actions, keep, settle_time, "
       "reconcile_interval, catalog, duplicates_log, socket, workers, sandbox, limits, log"},
      {"keep: \"\\x1b]0;x\\a\\n\"",
       "f:2: keep: is \"\\x1b]0;x\\x07\\x0a\", must be one of first, largest, oldest"},
      {"keep: \377\351", "f:2: keep: is \"\\xff\\xe9\", must be one of first, largest, oldest"},
  });
}

TEST_CASE("every problem is told at once, by line") {
  check({
      {"log: {level: loud}\nwatch:\n  - path: photos\n    color: red\nworkers: x\n",
       "f:1: log.level: is \"loud\", must be one of trace, debug, info, warning, error\n"
       "f:3: watch[0].path: is \"photos\", must be an absolute path without \".\" and \"..\", such "
       "as "
       "/srv/photos; / itself cannot be watched\n"
       "f:4: watch[0].color: is not a known key, allowed are path, recursive, protect, "
       "poll_interval, "
       "include, exclude, quarantine\n"
       "f:5: workers: is \"x\", must be a whole number from 0 to 256"},
  });
}

TEST_CASE("binary files are refused with the line of what is no text") {
  using namespace std::string_view_literals;
  check({
      {"\x89PNG\r\n\x1a\n"sv,
       "f:2: holds the control character \"\\x1a\", must be plain text; between double quotes such "
       "an escape is understood"},
      {"watch: [{path: /a}]\n\0"sv,
       "f:2: holds the control character \"\\x00\", must be plain text; between double quotes such "
       "an escape is understood"},
      {"watch: [{path: /a}]\n\x04workers: 9999"sv,
       "f:2: holds the control character \"\\x04\", must be plain text; between double quotes such "
       "an escape is understood"},
      {"\xff\xfew\0"sv, "f:1: is UTF-16, must be UTF-8"},
  });
}

TEST_CASE("more problems than anyone reads are counted") {
  std::string text = "watch: [{path: /srv/photos}]\n";
  for (int i = 0; i < 1200; ++i) text += "key" + std::to_string(i) + ": 1\n";
  try {
    parse_settings(text, "f");
    FAIL("nothing thrown");
  } catch (const ConfigError& error) {
    REQUIRE(error.problems.size() == 1001);
    CHECK(to_text(error.problems.back()) == "f: and 200 more problems");
  }
}

TEST_CASE("too many folders are one problem") {
  std::string text = "watch:\n";
  for (int i = 0; i < 1001; ++i) text += "- path: /a" + std::to_string(i) + "\n";
  CHECK(problems_of(text) ==
        "f:1: watch: has 1001 folders, must be a list of folders, at least one and at most 1000, "
        "such as [{path: /srv/photos}]");
}
