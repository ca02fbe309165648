// SPDX-License-Identifier: Apache-2.0
// What is written from the table of commands: help, the manual page, completions.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "ctl/command_line.h"
#include "ctl/completions.h"
#include "ctl/manual_page.h"
#include "support/temporary_directory.h"

using namespace imgdedup::ctl;
using imgdedup::testing::read_file;
using imgdedup::testing::TemporaryDirectory;

namespace {

const std::filesystem::path source(IMGDEDUP_SOURCE_DIR);

/// What `shell` prints for a script; empty after saying so if there is no such shell.
std::string printed_by(const std::string& shell, const std::string& script) {
  const TemporaryDirectory directory;
  std::filesystem::create_directories(directory / "photos");
  std::ofstream(directory / "hills.jpg") << "x";
  std::ofstream(directory / "script") << script;
  const std::string at = "cd '" + directory.path().string() + "' && ";
  if (std::system(("command -v " + shell + " >/dev/null").c_str()) != 0) {
    MESSAGE("skipped: " << shell << " is missing");
    return {};
  }
  const int status = std::system((at + shell + " script >printed 2>&1").c_str());
  const std::string text = read_file(directory / "printed");
  CHECK_MESSAGE(status == 0, text);
  return text;
}

std::string completed_by_bash(const std::string& words) {
  return printed_by("bash", "source " + (source / "completions/imgdedupctl.bash").string() +
                                "\nCOMP_WORDS=(" + words +
                                ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_imgdedupctl\n"
                                "printf '%s\\n' \"${COMPREPLY[@]}\"\n");
}

std::string completed_by_fish(const std::string& line) {
  return printed_by("fish", "source " + (source / "completions/imgdedupctl.fish").string() +
                                "\ncomplete -C '" + line + "'\n");
}

}  // namespace

TEST_CASE("help of a command says its usage, more words, every option and an example") {
  const CommandLine line;
  for (const CommandOutline& outline : line.outline()) {
    CAPTURE(outline.name());
    const std::string help = line.help_of(outline.words);
    CHECK(help.starts_with("Usage: imgdedupctl " + std::string(outline.command->usage) + "\n"));
    CHECK(help.find("imgdedupctl " + std::string(outline.description->example)) !=
          std::string::npos);
    CHECK(outline.description->name == outline.command->name);
    for (const OptionOutline& option : outline.options)
      CHECK(help.find("  " + option.name) != std::string::npos);
  }
}

TEST_CASE("every option of the usage is an option of the command, and the other way round") {
  for (const CommandOutline& outline : CommandLine().outline())
    for (const OptionOutline& option : outline.options)
      CHECK_MESSAGE(outline.command->usage.find(option.name) != std::string_view::npos,
                    outline.name(), " ", option.name);
}

TEST_CASE("imgdedupctl(1) has the commands as the table has them") {
  const std::string page = read_file(source / "docs/manual/imgdedupctl.1.scd");
  const std::string part = std::string(manual_begin) + commands_manual() + std::string(manual_end);
  CHECK_MESSAGE(page.find(part) != std::string::npos,
                "write the part again: build/debug/imgdedup-client-pages manual");
}

TEST_CASE("the completions are what the table says") {
  const auto check = [](const char* file, const std::string& text, const char* shell) {
    CHECK_MESSAGE(read_file(source / "completions" / file) == text,
                  "write it again: build/debug/imgdedup-client-pages ", shell, " > completions/",
                  file);
  };
  check("imgdedupctl.bash", bash_completion(), "bash");
  check("imgdedupctl.zsh", zsh_completion(), "zsh");
  check("imgdedupctl.fish", fish_completion(), "fish");
}

TEST_CASE("bash completes commands, options, words and files") {
  CHECK(completed_by_bash("imgdedupctl stat").find("status\n") != std::string::npos);
  CHECK(completed_by_bash("imgdedupctl --socket /tmp/s qua") == "quarantine\n");
  CHECK(completed_by_bash("imgdedupctl quarantine ''") == "list\napply\nrestore\npurge\n");
  CHECK(completed_by_bash("imgdedupctl quarantine purge --o") == "--older-than\n");
  CHECK(completed_by_bash("imgdedupctl duplicates --relation p") == "pixels\n");
  CHECK(completed_by_bash("imgdedupctl files --under p") == "photos\n");
  CHECK(completed_by_bash("imgdedupctl query h") == "hills.jpg\n");
  CHECK(completed_by_bash("imgdedupctl help quarantine r") == "restore\n");
}

TEST_CASE("fish completes commands, options and words") {
  const std::string commands = completed_by_fish("imgdedupctl stat");
  if (commands.empty()) return;
  CHECK(commands.starts_with("status\t"));
  CHECK(completed_by_fish("imgdedupctl quarantine re").starts_with("restore\t"));
  CHECK(completed_by_fish("imgdedupctl quarantine purge --o").starts_with("--older-than\t"));
  CHECK(completed_by_fish("imgdedupctl duplicates --relation p").starts_with("pixels"));
}

TEST_CASE("zsh reads the completions") {
  for (const char* file : {"imgdedupctl.zsh", "imgdedup.zsh", "imgdedupd.zsh"})
    CHECK(printed_by("zsh", "zsh -n " + (source / "completions" / file).string() +
                                "\nautoload -Uz compinit && compinit -u -d dump\n"
                                "source " +
                                (source / "completions" / file).string() + " 2>/dev/null; true\n")
              .empty());
}
