// SPDX-License-Identifier: Apache-2.0
// Good settings: the installed file, each key, files that can be read, and the way there and back.
#include "config/settings_file.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "support/temporary_directory.h"

using namespace imgdedup;
using namespace imgdedup::config;
using namespace std::chrono_literals;
using testing::TemporaryDirectory;

namespace {

Settings default_settings() {
  Settings settings;
  settings.watch.push_back(
      {.path = "/srv/photos", .include = {}, .quarantine = "/srv/photos/.imgdedup-quarantine"});
  return settings;
}

std::string problem_of_loading(const std::string& path) {
  try {
    load_settings(path);
    return "loaded";
  } catch (const ConfigError& error) {
    REQUIRE(error.problems.size() == 1);
    CHECK(error.problems[0].file == path);
    return error.what();
  }
}

}  // namespace

TEST_CASE("the installed file says what the defaults are, and watches /srv/photos") {
  CHECK(load_settings(IMGDEDUP_SOURCE_DIR "/config/imgdedupd.yaml") == default_settings());
}

TEST_CASE("only a folder to watch must be there") {
  CHECK(parse_settings("watch: [{path: /srv/photos}]", "f") == default_settings());
}

TEST_CASE("every key is read") {
  const Settings settings = parse_settings(R"(
watch:
  - {path: /a, recursive: false, protect: true, poll_interval: 90s, include: ["*.jpg", x/y], exclude: []}
  - path: //b//c/
    quarantine: /elsewhere//q/
detect:
  near: {enabled: false, hash: whash, radius_bits: 3}
  edited: {enabled: false}
  embedding: {model: /m.onnx, min_similarity: -0.25, input_size: 160x96, mean: 0.5, scale: [1, -2, 0.25], colour: bgr}
actions: {exact: quarantine, pixels: log, near: quarantine, edited: log}
keep: largest
settle_time: 0s
reconcile_interval: 1d
catalog: /s/c
duplicates_log: "/s/d"
socket: {path: /s/s, group: photographers}
workers: 7
sandbox: best-effort
limits: {file_bytes: 64KiB, pixels: 1G, worker_memory: 64MiB, worker_time: 2m}
log: {level: warning}
)",
                                           "f");
  Settings expected;
  expected.watch = {{"/a", false, true, 90s, {"*.jpg", "x/y"}, {}, "/a/.imgdedup-quarantine"},
                    {.path = "/b/c", .include = {}, .quarantine = "/elsewhere/q"}};
  expected.policy.near_enabled = false;
  expected.policy.hash_kind = matching::HashKind::whash;
  expected.policy.radius_bits = 3;
  expected.policy.edited_enabled = false;
  expected.policy.actions = {matching::Action::quarantine, matching::Action::log,
                             matching::Action::quarantine, matching::Action::log};
  expected.policy.keep = matching::KeepRule::largest;
  expected.embedding = {
      "/m.onnx", -0.25, {160, 96, matching::ColourOrder::bgr, {0.5, 0.5, 0.5}, {1, -2, 0.25}}};
  expected.settle_time = 0s;
  expected.reconcile_interval = 24h;
  expected.catalog = "/s/c";
  expected.duplicates_log = "/s/d";
  expected.socket = {"/s/s", "photographers"};
  expected.workers = 7;
  expected.sandbox = SandboxRule::best_effort;
  expected.limits = {65'536, 1'000'000'000, std::uint64_t{64} << 20, 2min};
  expected.log_level = LogLevel::warning;
  CHECK(settings == expected);
  CHECK(parse_settings(to_yaml(settings), "f") == expected);
}

TEST_CASE("settings are written in the form of the product") {
  CHECK(to_yaml(default_settings()) == R"(watch:
  - path: /srv/photos
    recursive: true
    protect: false
    poll_interval: 0s
    include: []
    exclude: ["*.part", "*.crdownload", "*.tmp", ".*"]
    quarantine: /srv/photos/.imgdedup-quarantine
detect:
  near: {enabled: true, hash: phash, radius_bits: 10}
  edited: {enabled: true}
  embedding: {model: "", min_similarity: 0.9, input_size: 224, mean: [0.485, 0.456, 0.406], scale: [0.229, 0.224, 0.225], colour: rgb}
actions: {exact: log, pixels: log, near: log, edited: log}
keep: first
settle_time: 500ms
reconcile_interval: 10m
catalog: /var/lib/imgdedupd/catalog.sqlite3
duplicates_log: /var/lib/imgdedupd/duplicates.jsonl
socket: {path: /run/imgdedupd/control.sock, group: ""}
workers: 0
sandbox: required
limits: {file_bytes: 1GiB, pixels: 500M, worker_memory: 2GiB, worker_time: 60s}
log: {level: info}
)");
}

TEST_CASE("any path a file system allows survives writing and reading") {
  for (const char* path :
       {"/with space", "/it's", "/\"quoted\"", "/a: b", "/a #b", "/back\\slash\\x41", "/[a]{b},c",
        "/*star", "/&and", "/%per", "/caf\xc3\xa9", "/trailing ", "/\xf0\x9f\x93\xb7"}) {
    CAPTURE(path);
    Settings settings = default_settings();
    settings.watch[0].path = path;
    settings.watch[0].quarantine = std::string(path) + "/q";
    settings.watch[0].include = {path};
    CHECK(parse_settings(to_yaml(settings), "f") == settings);
  }
  for (int byte = 1; byte < 256; ++byte) {
    if (byte == '/') continue;
    CAPTURE(byte);
    Settings settings = default_settings();
    settings.watch[0].path = "/p" + std::string(1, static_cast<char>(byte));
    settings.watch[0].quarantine =
        settings.watch[0].path + "/" + std::string(2, static_cast<char>(byte)) + "q";
    CHECK(parse_settings(to_yaml(settings), "f") == settings);
  }
}

TEST_CASE("a byte order mark and Windows line ends are understood") {
  CHECK(parse_settings("\xef\xbb\xbfwatch:\r\n  - path: /srv/photos\r\n", "f") ==
        default_settings());
}

TEST_CASE("what cannot be read as a file is one clear problem") {
  const TemporaryDirectory directory;
  const std::string missing = directory / "missing";
  CHECK(problem_of_loading(missing) == missing +
                                           ": cannot be opened (No such file or directory), must "
                                           "be a settings file that this user can read");
  CHECK(problem_of_loading(directory.path()) ==
        directory.path().string() + ": is a directory, must be a regular file");
  const std::string fifo = directory / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  CHECK(problem_of_loading(fifo) == fifo + ": is a device, pipe or socket, must be a regular file");
  const std::string large = directory / "large";
  testing::write_file(large, std::string((1 << 20) + 1, '#'));
  CHECK(problem_of_loading(large) ==
        large + ": is larger than 1MiB, must be a settings file of at most 1MiB");
  testing::write_file(large, "watch: [{path: /srv/photos}] " + std::string((1 << 20) - 29, '#'));
  CHECK(load_settings(large) == default_settings());
  const std::string looping = directory / "loop";
  REQUIRE(::symlink(looping.c_str(), looping.c_str()) == 0);
  CHECK(problem_of_loading(looping) ==
        looping +
            ": cannot be opened (Too many levels of symbolic links), must be a settings file that "
            "this user can read");
}

TEST_CASE("a file that may not be read is one clear problem" * doctest::skip(::geteuid() == 0)) {
  const TemporaryDirectory directory;
  const std::string path = directory / "secret";
  testing::write_file(path, "watch: [{path: /srv/photos}]");
  REQUIRE(::chmod(path.c_str(), 0) == 0);
  CHECK(problem_of_loading(path) == path +
                                        ": cannot be opened (Permission denied), must be a "
                                        "settings file that this user can read");
}
