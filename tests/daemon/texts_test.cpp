// SPDX-License-Identifier: Apache-2.0
// What people and programs read: decisions as lines, figures for Prometheus, every command
// answered.
#include <doctest/doctest.h>

#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include "daemon/control_commands.h"
#include "daemon/decision_text.h"
#include "daemon/degradation.h"
#include "daemon/status_builder.h"
#include "protocol/command_table.h"

using namespace imgdedup;

namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

struct Sample {
  std::string name;
  std::string labels;  ///< with their braces; none: empty
};

bool is_word(std::string_view text) {
  return !text.empty() && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == text.npos;
}

/// Of a line `name 1` or `name{label="value"} 1` in Prometheus' text format.
std::optional<Sample> sample_of(const std::string& line) {
  const auto space = line.rfind(' ');
  if (space == line.npos) return std::nullopt;
  double value = 0;
  const char* end = line.data() + line.size();
  if (std::from_chars(line.data() + space + 1, end, value).ptr != end) return std::nullopt;
  const std::string front = line.substr(0, space);
  const auto brace = front.find('{');
  const Sample sample{front.substr(0, brace), brace == front.npos ? "" : front.substr(brace)};
  if (!is_word(sample.name)) return std::nullopt;
  if (sample.labels.empty()) return sample;
  const auto equals = sample.labels.find("=\"");
  if (equals == sample.labels.npos || !sample.labels.ends_with("\"}") ||
      equals + 4 > sample.labels.size() || !is_word(sample.labels.substr(1, equals - 1)))
    return std::nullopt;
  const std::string quoted = sample.labels.substr(equals + 2, sample.labels.size() - equals - 4);
  for (std::size_t i = 0; i < quoted.size(); ++i) {
    if (quoted[i] == '"') return std::nullopt;
    if (quoted[i] != '\\') continue;
    ++i;
    if (i == quoted.size() || std::string_view("\\\"n").find(quoted[i]) == std::string_view::npos)
      return std::nullopt;
  }
  return sample;
}

protocol::StatusReport report() {
  protocol::StatusReport result;
  result.version = "1.2.3";
  result.state = protocol::ServiceState::idle;
  result.uptime_seconds = 0.1;
  result.images = std::uint64_t{1} << 53;
  result.images_per_second = 1e-9;
  result.duplicates = {1, 2, 3, 4};
  result.quarantined = {5, 6, 7};
  for (const char* path : {"/srv/a", "/srv/\xff\"\\\n\x1b[31m"}) {
    protocol::RootReport root;
    root.path = path;
    result.roots.push_back(root);
  }
  result.roots[1].mode = protocol::RootMode::offline;
  result.degraded = {"offline: it is not there"};
  return result;
}

}  // namespace

TEST_CASE("every command of the protocol has a handler") {
  REQUIRE_FALSE(protocol::all_commands().empty());
  for (const auto& command : protocol::all_commands())
    CHECK_MESSAGE(daemon::ControlCommands::can_answer(command.name), std::string(command.name));
  for (const char* name : {"", "Status", "quarantine", "settings", "nothing"})
    CHECK_MESSAGE(!daemon::ControlCommands::can_answer(name), name);
}

TEST_CASE("the figures are what Prometheus reads") {
  const std::string text = daemon::metrics_text(report());
  CHECK(text.ends_with("\n"));
  std::map<std::string, std::string> types;
  std::set<std::string> samples;
  std::set<std::string> helped;
  std::string family;
  for (const auto& line : lines_of(text)) {
    CAPTURE(line);
    for (const char c : line) CHECK(static_cast<unsigned char>(c) >= 0x20);
    if (line.starts_with("#")) {
      std::istringstream words(line);
      std::string hash, kind, type;
      words >> hash >> kind >> family >> type;
      CHECK(hash == "#");
      CHECK((kind == "HELP" || kind == "TYPE"));
      CHECK_FALSE(type.empty());
      if (kind == "HELP") {
        // Once, before its TYPE and its samples; a newline or a lone backslash would break it.
        CHECK(helped.insert(family).second);
        CHECK_FALSE(types.contains(family));
        CHECK(line.find('\\') == line.npos);
        continue;
      }
      CHECK(helped.contains(family));
      CHECK(types.emplace(family, type).second);
      CHECK((type == "gauge" || type == "counter"));
      CHECK((type == "counter") == family.ends_with("_total"));
      continue;
    }
    const auto sample = sample_of(line);
    REQUIRE(sample);
    CHECK(sample->name == family);  // the samples of a family stand together
    CHECK(types.contains(family));
    CHECK(family.starts_with("imgdedupd_"));
    CHECK(samples.insert(sample->name + sample->labels).second);
  }
  CHECK(text.find("\nimgdedupd_images 9007199254740992\n") != std::string::npos);
  CHECK(text.find("\nimgdedupd_state{state=\"idle\"} 1\n") != std::string::npos);
  CHECK(text.find("\nimgdedupd_state{state=\"paused\"} 0\n") != std::string::npos);
  CHECK(text.find("\nimgdedupd_duplicates{relation=\"edited\"} 4\n") != std::string::npos);
  CHECK(text.find("\nimgdedupd_root_online{path=\"/srv/a\"} 1\n") != std::string::npos);
  CHECK(text.find("\nimgdedupd_uptime_seconds 0.1\n") != std::string::npos);
}

TEST_CASE("a decision is one line that says all, and controls no terminal") {
  store::CatalogDecision decision;
  decision.path = "/w/a\n\x1b[31m\xff.jpg";
  decision.original_path = "/w/o.jpg";
  CHECK(daemon::decision_text(decision).find(" is a copy of /w/o.jpg (the same bytes): log") !=
        std::string::npos);
  for (const char c : daemon::decision_text(decision)) CHECK(static_cast<unsigned char>(c) >= 0x20);

  decision.path = "/w/a.jpg";
  decision.relation = matching::Relation::near;
  decision.evidence.distance_bits = 3;
  decision.evidence.ssim = 0.97249;
  decision.action = matching::Action::quarantine;
  CHECK(daemon::decision_text(decision) ==
        "near: /w/a.jpg is a copy of /w/o.jpg (distance 3, SSIM 0.972): quarantine");
  decision.evidence = {};
  decision.relation = matching::Relation::pixels;
  decision.action = matching::Action::log;
  decision.action_limit = matching::ActionLimit::protected_root;
  CHECK(daemon::decision_text(decision) ==
        "pixels: /w/a.jpg is a copy of /w/o.jpg: log (protected)");
  decision.action_limit = matching::ActionLimit::burst;
  CHECK(daemon::decision_text(decision) ==
        "burst: /w/o.jpg and /w/a.jpg are two shots of one series, no copies: log");
  decision.action_limit = matching::ActionLimit::protected_root;
  decision.evidence.inliers = 12;
  decision.evidence.similarity = 0.5;
  decision.path = "/w/{}";
  CHECK(daemon::decision_text(decision) ==
        "pixels: /w/{} is a copy of /w/o.jpg (12 inliers, similarity 0.500): log (protected)");
  decision.path = "/w/a.jpg";
  decision.relation = matching::Relation::edited;
  decision.action_limit = matching::ActionLimit::none;
  decision.evidence = {std::nullopt, 0.9, 40, std::nullopt, true, 270.2, 0.5, 0.749};
  CHECK(daemon::decision_text(decision) ==
        "edited: /w/a.jpg is an edited copy of /w/o.jpg (SSIM 0.900, 40 inliers, mirrored, turned "
        "270°, "
        "shows 75 % of it): log");
  decision.evidence.mirrored = false;
  decision.evidence.rotation_degrees = 0.3;
  CHECK(daemon::decision_text(decision) ==
        "edited: /w/a.jpg is an edited copy of /w/o.jpg (SSIM 0.900, 40 inliers, shows 75 % of "
        "it): log");
}

TEST_CASE("the kinds of trouble there are, and those there are not, are figures") {
  const std::string text = daemon::metrics_text(report());
  CHECK(text.find("imgdedupd_degraded{reason=\"offline\"} 1\n") != text.npos);
  CHECK(text.find("imgdedupd_degraded{reason=\"workers\"} 0\n") != text.npos);
}

TEST_CASE("a line about trouble says what is wrong, what follows and what to do") {
  std::set<std::string_view> words;
  for (const daemon::Degradation& each : daemon::all_degradations()) {
    CAPTURE(each.word);
    CHECK(words.insert(each.word).second);
    CHECK(each.advice.size() > 20);
    CHECK(each.advice.ends_with("."));
    const std::string line = daemon::degradation_line(each.word, "it broke");
    CHECK(line == std::string(each.word) + ": it broke. " + std::string(each.advice));
    CHECK(line.find('\n') == line.npos);
  }
  const std::string of_folder = daemon::degradation_line("quarantine of /srv/a: b", "it broke");
  CHECK(of_folder.starts_with("quarantine of /srv/a: b: it broke. Duplicates"));
  CHECK_FALSE(daemon::is_of_kind("catalog-wal: x", {"catalog", ""}));
  CHECK(words == std::set<std::string_view>{"access", "catalog", "catalog-backup", "catalog-check",
                                            "catalog-verdicts", "catalog-wal", "duplicates-log",
                                            "offline", "quarantine", "settings", "sandbox",
                                            "watching", "workers"});
}
