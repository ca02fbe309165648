// SPDX-License-Identifier: Apache-2.0
// Which paths the service's systemd unit opens to it, by its drop-ins and by what they ought to
// say.
#include "daemon/unit_openings.h"

#include <mntent.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

#include "config/path_rules.h"
#include "protocol/utf8.h"

namespace imgdedup::daemon {
namespace {

constexpr const char* state_directory = "/var/lib/imgdedupd";
constexpr const char* runtime_directory = "/run/imgdedupd";

/// Reads one word as systemd does: blanks and `separators` end it, quotes hold it together, a
/// backslash takes the next character as it is. Empty at the end.
std::string next_word(std::string_view& text, std::string_view separators) {
  const std::string ends = " \t" + std::string(separators);
  text.remove_prefix(std::min(text.size(), text.find_first_not_of(ends)));
  std::string word;
  char quote = 0;
  while (!text.empty() && (quote != 0 || ends.find(text.front()) == std::string::npos)) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c == '\\' && !text.empty()) {
      word += text.front();
      text.remove_prefix(1);
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == quote) {
      quote = 0;
    } else {
      word += c;
      if (c == '%' && text.starts_with('%')) text.remove_prefix(1);
    }
  }
  return word;
}

/// Without what may stand before a path, and slashes at its end.
std::string path_of(std::string word) {
  while (!word.empty() && (word.front() == '-' || word.front() == '+')) word.erase(0, 1);
  while (word.size() > 1 && word.ends_with('/')) word.pop_back();
  return word;
}

std::vector<std::string> words_of_value(std::string_view value) {
  std::vector<std::string> words;
  for (std::string word = next_word(value, ""); !word.empty(); word = next_word(value, ""))
    words.push_back(std::move(word));
  return words;
}

/// Where the source of each SOURCE[:DESTINATION[:OPTIONS]] comes to lie.
std::vector<std::string> bound_paths(std::string_view value) {
  std::vector<std::string> paths;
  for (std::string_view rest = value; !rest.empty();) {
    std::string path = next_word(rest, ":");
    if (path.empty()) break;
    if (rest.starts_with(':')) {
      if (std::string destination = next_word(rest, ":"); !destination.empty())
        path = std::move(destination);
      if (rest.starts_with(':')) (void)next_word(rest, ":");
    }
    paths.push_back(path_of(std::move(path)));
  }
  return paths;
}

bool is_one_of(std::string_view value, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), value) != words.end();
}

void add_line(UnitOpenings& openings, std::string_view key, std::string_view value) {
  const auto assign = [](std::vector<std::string>& list, const std::vector<std::string>& words) {
    if (words.empty()) list.clear();
    for (const std::string& word : words)
      if (const std::string path = path_of(word); !path.empty()) list.push_back(path);
  };
  if (key == "ReadWritePaths") assign(openings.writable, words_of_value(value));
  if (key == "ReadWritePaths" || key == "ReadOnlyPaths")
    assign(openings.visible, words_of_value(value));
  if (key == "BindPaths") assign(openings.writable, bound_paths(value));
  if (key == "BindPaths" || key == "BindReadOnlyPaths")
    assign(openings.visible, bound_paths(value));
  if (key == "SupplementaryGroups") assign(openings.groups, words_of_value(value));
  if (key == "User") openings.user = value;
  if (key == "ProtectSystem") openings.has_read_only_system = value == "strict";
  if (key == "ProtectHome") {
    openings.has_read_only_homes = !is_one_of(value, {"no", "false", "off", "0"});
    openings.hides_homes = openings.has_read_only_homes && value != "read-only";
  }
  const auto add_lease = [&](bool& has_lease) {
    if (value.empty()) has_lease = false;
    const auto words = words_of_value(value);
    if (std::find(words.begin(), words.end(), "CAP_LEASE") != words.end()) has_lease = true;
  };
  if (key == "AmbientCapabilities") add_lease(openings.has_ambient_lease);
  if (key == "CapabilityBoundingSet") add_lease(openings.has_bounding_lease);
}

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

/// As a word of a unit file, after `mark`; empty where that cannot be.
std::optional<std::string> in_unit(const std::string& path, std::string_view mark) {
  if (!protocol::is_valid_utf8(path)) return std::nullopt;
  bool is_simple = true;
  std::string word(mark);
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) return std::nullopt;
    is_simple = is_simple && byte < 0x80 && c != ' ' && c != '"' && c != '\'' && c != '\\' &&
                c != ':' && c != ';' && c != '#';
    if (c == '"' || c == '\\') word += '\\';
    if (c == '%') word += '%';
    word += c;
  }
  return is_simple ? word : "\"" + word + "\"";
}

/// Whether /etc/fstab lets the system come up without the file system that `path` lies on.
bool may_stay_away(const std::string& path) {
  std::FILE* table = ::setmntent("/etc/fstab", "re");
  if (!table) return false;
  std::size_t longest = 0;
  bool result = false;
  while (const mntent* entry = ::getmntent(table)) {
    std::string place = entry->mnt_dir;
    while (place.size() > 1 && place.ends_with('/')) place.pop_back();
    if (!config::is_within(path, place) || place.size() < longest) continue;
    longest = place.size();
    result = ::hasmntopt(entry, "nofail") || ::hasmntopt(entry, "noauto") ||
             ::hasmntopt(entry, "x-systemd.automount");
  }
  ::endmntent(table);
  return result;
}

/// The lines of a drop-in, each path once.
class DropIn {
 public:
  /// Opens a folder; what lies in one that is open already is left out.
  void open(const std::string& path, bool is_writable) {
    if (UnitOpenings::covers(is_writable ? opened_.writable : opened_.visible, path)) return;
    // What the unit hides is bound in by itself: that opens nothing beside it.
    const bool is_hidden = is_hidden_by_unit(path);
    const auto word = in_unit(path, "-");
    if (!word) {
      service_ +=
          "# No unit file can name this folder, so the service does not get at it; rename it: " +
          protocol::readable_text(path) + "\n";
      return;
    }
    const std::string key = is_hidden ? (is_writable ? "BindPaths" : "BindReadOnlyPaths")
                                      : (is_writable ? "ReadWritePaths" : "ReadOnlyPaths");
    service_ += key + "=" + *word + "\n";
    if (is_writable) opened_.writable.push_back(path);
    opened_.visible.push_back(path);
    is_home_open_ = is_home_open_ || is_hidden;
  }

  /// A file system that may stay away must not keep the service from starting.
  void require_mounts(const std::string& path) {
    const auto word = in_unit(path, "");
    if (!word) return;
    if (may_stay_away(path))
      unit_ += "# Its file system may stay away, by fstab; it is taken up when it comes:\n# ";
    unit_ += "RequiresMountsFor=" + *word + "\n";
  }

  void add_group(const std::string& group) {
    if (!group.empty()) service_ += "SupplementaryGroups=" + group + "\n";
  }

  [[nodiscard]] std::string text() const {
    return "[Unit]\n"
           "# The file systems of the folders are mounted first. Where one may stay away, a share "
           "or "
           "a stick,\n# take its line out: the service then starts without it.\n" +
           unit_ + "\n[Service]\n" + service_ +
           (is_home_open_ ? "" : "InaccessiblePaths=-/home -/root\n");
  }

 private:
  std::string unit_;
  std::string service_;
  UnitOpenings opened_{.writable = {state_directory, runtime_directory},
                       .visible = {state_directory, runtime_directory}};
  bool is_home_open_ = false;
};

std::string directory_of(const std::string& path) {
  return std::filesystem::path(path).parent_path().native();
}

}  // namespace

bool UnitOpenings::covers(const std::vector<std::string>& paths, std::string_view path) {
  return std::any_of(paths.begin(), paths.end(),
                     [&](const std::string& each) { return config::is_within(path, each); });
}

bool UnitOpenings::shows(std::string_view path) const {
  return !hides_homes || !is_hidden_by_unit(path) || covers(visible, path);
}

bool UnitOpenings::lets_write(std::string_view path) const {
  if (!shows(path)) return false;
  const bool is_read_only = is_hidden_by_unit(path) ? has_read_only_homes : has_read_only_system;
  return !is_read_only || covers(writable, path);
}

UnitOpenings openings_in(std::string_view unit_text) {
  UnitOpenings openings;
  std::string line;
  while (!unit_text.empty()) {
    const std::string_view part = unit_text.substr(0, unit_text.find('\n'));
    unit_text.remove_prefix(std::min(unit_text.size(), part.size() + 1));
    line += part;
    if (line.ends_with('\\')) {
      line.back() = ' ';
      continue;
    }
    const std::string_view whole = trimmed(line);
    if (const auto equals = whole.find('=');
        equals != std::string_view::npos && !whole.starts_with('#') && !whole.starts_with(';'))
      add_line(openings, trimmed(whole.substr(0, equals)), trimmed(whole.substr(equals + 1)));
    line.clear();
  }
  return openings;
}

UnitOpenings read_unit_files(const std::vector<std::string>& files) {
  std::string text;
  for (const std::string& file : files) {
    std::ifstream stream(file, std::ios::binary);
    text.append(std::istreambuf_iterator<char>(stream), {});
    text += '\n';
  }
  return openings_in(text);
}

bool is_hidden_by_unit(std::string_view path) {
  return config::is_within(path, "/home") || config::is_within(path, "/root") ||
         config::is_within(path, "/run/user");
}

std::string drop_in_text(const config::Settings& settings, const std::string& settings_path) {
  DropIn drop_in;
  for (const config::WatchedRoot& root : settings.watch) {
    drop_in.require_mounts(root.path);
    drop_in.open(root.path, !root.protect);
    if (!root.protect) drop_in.open(root.quarantine, true);
  }
  for (const std::string& own : {settings.catalog, settings.duplicates_log, settings.socket.path})
    drop_in.open(directory_of(own), true);
  if (const std::string& model = settings.embedding.model;
      !model.empty() && is_hidden_by_unit(model))
    drop_in.open(model, false);
  drop_in.add_group(settings.socket.group);
  return "# Written by imgdedupd --print-dropin from " + protocol::readable_text(settings_path) +
         ".\n# After a change of the folders, write it again and restart the service:\n"
         "#   imgdedupd --print-dropin >" +
         std::string(drop_in_path) +
         "\n#   systemctl daemon-reload && systemctl restart imgdedupd\n"
         "# One line a folder, with its quarantine inside: two lines are two mounts, and a file "
         "cannot be\n# renamed from one to the other. The \"-\" lets the service start while a "
         "folder is away.\n" +
         drop_in.text();
}

}  // namespace imgdedup::daemon
