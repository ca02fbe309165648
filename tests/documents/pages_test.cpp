// SPDX-License-Identifier: Apache-2.0
// The manual pages name every option and every setting, and no other; so do the completions.
#include <doctest/doctest.h>

#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include <yaml-cpp/yaml.h>

#include "config/settings_file.h"
#include "documents/examples.h"
#include "end_to_end/service.h"
#include "support/temporary_directory.h"

using namespace imgdedup::testing;
namespace fs = std::filesystem;

namespace {

const fs::path source(IMGDEDUP_SOURCE_DIR);

std::set<std::string> options_in(const std::string& text, const std::string& pattern) {
  std::set<std::string> options;
  const std::regex expression(pattern);
  for (std::sregex_iterator found(text.begin(), text.end(), expression), end; found != end; ++found)
    options.insert((*found)[1]);
  return options;
}

/// "--name" and "-o" where help lists options: at the beginning of a line.
std::set<std::string> options_of_help(const std::string& program,
                                      const std::vector<std::string>& words) {
  std::vector<std::string> command{program};
  command.insert(command.end(), words.begin(), words.end());
  command.emplace_back("--help");
  const ProgramResult help = run_program(command);
  REQUIRE(help.exit_status == 0);
  for (const char c : help.output) CHECK((c == '\n' || static_cast<unsigned char>(c) >= 0x20));
  std::set<std::string> options = options_in(help.output, R"(\n  (--[a-z][a-z-]*|-o\b))");
  options.insert("--help");
  return options;
}

std::set<std::string> options_of_imgdedup() {
  std::set<std::string> options = options_of_help(IMGDEDUP_PATH, {});
  for (const char* command : {"find", "to-remove", "encode", "evaluate", "plot", "map"})
    options.merge(options_of_help(IMGDEDUP_PATH, {command}));
  return options;
}

std::string completion(const char* program, const char* shell) {
  return read_file(source / "completions" / (std::string(program) + "." + shell));
}

void check_completions(const char* program, const std::set<std::string>& options) {
  for (const std::string& option : options) {
    CAPTURE(option);
    CHECK(completion(program, "bash").find(option) != std::string::npos);
    CHECK((completion(program, "zsh").find(option + "[") != std::string::npos));
    if (option == "--help" && std::string(program) == "imgdedup") continue;
    const std::string fish =
        option.starts_with("--") ? "-l " + option.substr(2) : "-s " + option.substr(1);
    CHECK(completion(program, "fish").find(fish) != std::string::npos);
  }
}

std::string value_text(const YAML::Node& node) {
  if (node.IsScalar()) return node.Scalar().empty() ? "\"\"" : node.Scalar();
  std::string text = "[";
  for (const YAML::Node& item : node)
    text += (text.size() > 1 ? ", " : "") + (item.Scalar().find('*') == std::string::npos
                                                 ? item.Scalar()
                                                 : "\"" + item.Scalar() + "\"");
  return text + "]";
}

/// "a.b.c" of every key with its value as a settings file has it.
void add_settings(const YAML::Node& node, const std::string& name,
                  std::map<std::string, std::string>& settings) {
  if (node.IsMap()) {
    for (const auto& entry : node)
      add_settings(entry.second, (name.empty() ? "" : name + ".") + entry.first.Scalar(), settings);
  } else if (node.IsSequence() && node.size() > 0 && node[0].IsMap()) {
    add_settings(node[0], name + "[]", settings);
  } else {
    settings[name] = value_text(node);
  }
}

}  // namespace

TEST_CASE("imgdedupd.yaml(5) has every setting with its default, and no other") {
  const std::string page =
      replaced(read_file(source / "docs/manual/imgdedupd.yaml.5.scd"), "\\", "");
  std::map<std::string, std::string> settings;
  add_settings(YAML::Load(imgdedup::config::to_yaml(
                   imgdedup::config::parse_settings("watch: [{path: /srv/photos}]\n", "x.yaml"))),
               "", settings);
  CHECK(settings.size() > 20);
  std::map<std::string, std::string> documented;
  static const std::regex entry(
      R"(\n\t?((?:\*[a-z_.\[\]]+\*(?:, )?)+)(?: \(default: (.*)\))?(?=\n))");
  for (std::sregex_iterator found(page.begin(), page.end(), entry), end; found != end; ++found)
    for (const std::string& key : options_in((*found)[1], R"(\*([a-z_.\[\]]+)\*)"))
      documented[key] = (*found)[2];
  // A list, and a path that is there; the settings hold the path that "" stands for.
  documented.erase("watch");
  documented["watch[].path"] = settings["watch[].path"];
  settings["watch[].quarantine"] = "\"\"";
  for (const auto& [key, value] : settings) CHECK_MESSAGE(documented[key] == value, key);
  for (const auto& [key, value] : documented)
    CHECK_MESSAGE(settings.contains(key), key, " is no setting");
}

TEST_CASE("imgdedup(1) and imgdedupd(8) have every option that --help has, and no other") {
  const auto documented = [](const char* page) {
    const std::string text = replaced(read_file(source / "docs/manual" / page), "\\", "");
    std::set<std::string> options;
    static const std::regex entry(R"(\n((?:\*--?[a-z-]+\*[^*\n]*)+)\n\t)");
    for (std::sregex_iterator found(text.begin(), text.end(), entry), end; found != end; ++found)
      options.merge(options_in((*found)[1], R"(\*(--[a-z-]+|-o)\*)"));
    return options;
  };
  CHECK(documented("imgdedup.1.scd") == options_of_imgdedup());
  CHECK(documented("imgdedupd.8.scd") == options_of_help(IMGDEDUPD_PATH, {}));
}

TEST_CASE("the completions of imgdedup and imgdedupd know every option") {
  check_completions("imgdedup", options_of_imgdedup());
  check_completions("imgdedupd", options_of_help(IMGDEDUPD_PATH, {}));
}
