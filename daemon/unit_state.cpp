// SPDX-License-Identifier: Apache-2.0
// Finds the service's unit with its drop-ins: as systemd has read them, or as they lie on disk.
#include "daemon/unit_state.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>

namespace imgdedup::daemon {
namespace {

constexpr const char* unit_name = "imgdedupd.service";
constexpr const char* question =
    "systemctl show -p FragmentPath -p DropInPaths -p NeedDaemonReload imgdedupd.service "
    "2>/dev/null </dev/null";

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (!word.empty()) words.emplace_back(word);
  }
  return words;
}

/// Empty where systemd does not run, or does not answer.
std::optional<LoadedUnit> ask_systemd() {
  if (::access("/run/systemd/system", F_OK) != 0) return std::nullopt;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(::popen(question, "re"), ::pclose);
  if (!pipe) return std::nullopt;
  std::string text;
  std::array<char, 4096> buffer{};
  for (std::size_t got = 0; (got = std::fread(buffer.data(), 1, buffer.size(), pipe.get())) > 0;)
    text.append(buffer.data(), got);
  return loaded_unit_in(text);
}

}  // namespace

const std::vector<std::string>& unit_directories() {
  static const std::vector<std::string> directories{"/usr/lib/systemd/system",
                                                    "/usr/local/lib/systemd/system",
                                                    "/run/systemd/system", "/etc/systemd/system"};
  return directories;
}

std::vector<std::string> unit_files_on_disk(const std::vector<std::string>& directories) {
  std::string unit;
  std::map<std::string, std::string> drop_ins;
  for (const std::string& directory : directories) {
    if (const std::string path = directory + "/" + unit_name; ::access(path.c_str(), F_OK) == 0)
      unit = path;
    std::error_code error;
    for (const auto& entry :
         std::filesystem::directory_iterator(directory + "/" + unit_name + ".d", error))
      if (entry.path().extension() == ".conf")
        drop_ins[entry.path().filename().native()] = entry.path().native();
  }
  if (unit.empty()) return {};
  std::vector<std::string> files{unit};
  for (const auto& [name, path] : drop_ins) files.push_back(path);
  return files;
}

std::optional<LoadedUnit> loaded_unit_in(std::string_view text) {
  LoadedUnit unit;
  bool has_answer = false;
  std::vector<std::string> drop_ins;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t equals = std::min(line.find('='), line.size());
    const std::string_view key = line.substr(0, equals);
    const std::string_view value = line.substr(std::min(equals + 1, line.size()));
    if (key == "FragmentPath") {
      has_answer = true;
      if (!value.empty()) unit.files = {std::string(value)};
    }
    if (key == "DropInPaths") drop_ins = words_of(value);
    if (key == "NeedDaemonReload") unit.has_changed_on_disk = value == "yes";
  }
  if (!has_answer) return std::nullopt;
  // Names that `systemctl show` does not print.
  if (std::ranges::any_of(drop_ins, [](const std::string& path) { return path[0] != '/'; }))
    return std::nullopt;
  if (!unit.files.empty()) unit.files.insert(unit.files.end(), drop_ins.begin(), drop_ins.end());
  return unit;
}

UnitState look_at_unit() {
  const auto loaded = ask_systemd();
  const bool knows_all = loaded && !loaded->has_changed_on_disk;
  const std::vector<std::string> files =
      knows_all ? loaded->files : unit_files_on_disk(unit_directories());
  if (files.empty())
    return {std::nullopt,
            "no unit imgdedupd.service is installed here, so only the rights of the user were "
            "looked at, not what a unit hides or forbids"};
  UnitState state{read_unit_files(files), ""};
  if (loaded && loaded->has_changed_on_disk)
    state.note =
        "the unit or a drop-in has changed since systemd read it; what is said here holds after "
        "systemctl daemon-reload && systemctl restart imgdedupd";
  else if (!loaded)
    state.note =
        "systemd does not answer here; what the unit opens and allows was taken from its files";
  return state;
}

}  // namespace imgdedup::daemon
