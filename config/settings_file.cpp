// SPDX-License-Identifier: Apache-2.0
// The keys of the settings file, what each allows, and where it goes.
#include "config/settings_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "config/embedding_section.h"
#include "config/level_names.h"
#include "config/path_rules.h"
#include "config/printable.h"
#include "config/section.h"
#include "config/yaml_tree.h"

namespace imgdedup::config {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_file_bytes = std::size_t{1} << 20;
constexpr std::size_t most_reason_bytes = 8192;  // A path of 4095 bytes and what is said of it.
constexpr std::size_t most_roots = 1000;
constexpr std::size_t longest_socket_path = 107;  // sockaddr_un::sun_path, its zero byte taken off
constexpr std::uint64_t kib = 1024, mib = kib * kib, tib = mib * mib;
constexpr auto year = std::chrono::milliseconds(365 * 24h);

constexpr std::string_view path_rule_for_files =
    "the absolute path of a file, without \".\" and \"..\"";
constexpr std::array relations{matching::Relation::exact, matching::Relation::pixels,
                               matching::Relation::near, matching::Relation::edited};

bool accept_path_or_nothing(std::string& text) { return text.empty() || normalise_path(text); }

bool accept_root(std::string& text) { return normalise_path(text) && text != "/"; }

bool accept_socket_path(std::string& text) {
  return normalise_path(text) && text.size() <= longest_socket_path;
}

bool accept_glob(std::string& text) {
  return !text.empty() && text.find('\0') == std::string::npos;
}

bool accept_group(std::string& text) {
  return text.size() <= 255 && !text.starts_with('-') &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) > ' ' && c != ':' && c != ',' && c != '/' &&
                  c != 0x7f;
         });
}

void read_root(const Section& section, WatchedRoot& root) {
  section.read_text("path", accept_root, std::string(path_rule) + "; / itself cannot be watched",
                    root.path);
  section.read_flag("recursive", root.recursive);
  section.read_flag("protect", root.protect);
  section.read_duration("poll_interval", {1s, year, "60s", "do not list, take file system events"},
                        root.poll_interval);
  constexpr std::string_view globs = "globs below the folder, such as \"*.jpg\"";
  section.read_texts("include", accept_glob, globs, root.include);
  section.read_texts("exclude", accept_glob, globs, root.exclude);
  section.read_text(
      "quarantine", accept_path_or_nothing,
      std::string(path_rule) + ", or \"\": .imgdedup-quarantine in the watched folder",
      root.quarantine);
}

/// All watched folders; their paths in `places`, as far as they are right.
std::vector<WatchedRoot> read_roots(const Section& top, std::vector<RootPlaces>& places,
                                    ProblemList& problems) {
  constexpr std::string_view allowed =
      "a list of folders, at least one and at most 1000, such as [{path: /srv/photos}]";
  std::vector<WatchedRoot> roots;
  const YamlEntry* entry = top.find("watch");
  if (entry == nullptr) {
    problems.add(0, "watch",
                 "is missing, add a folder to watch, such as watch: [{path: /srv/photos}]");
    return roots;
  }
  const std::vector<YamlNode>& items = entry->value.items;
  if (entry->value.kind != YamlKind::sequence) {
    top.refuse(entry->line, "watch", entry->value, allowed);
  } else if (items.empty() || items.size() > most_roots) {
    problems.add(
        entry->line, "watch",
        "has " + std::to_string(items.size()) + " folders, must be " + std::string(allowed));
    return roots;
  }
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Section section(
        items[i], items[i].line, "watch[" + std::to_string(i) + "]",
        {"path", "recursive", "protect", "poll_interval", "include", "exclude", "quarantine"},
        problems);
    WatchedRoot root;
    read_root(section, root);
    if (section.find("path") == nullptr && items[i].kind == YamlKind::map)
      problems.add(items[i].line, section.full_name("path"),
                   "is missing, must be " + std::string(path_rule));
    const bool is_default = root.quarantine.empty();
    if (is_default && !root.path.empty()) root.quarantine = root.path + "/.imgdedup-quarantine";
    places.push_back({{section.full_name("path"), section.line_of("path"), root.path},
                      {section.full_name("quarantine"),
                       is_default ? 0 : section.line_of("quarantine"), root.quarantine}});
    roots.push_back(std::move(root));
  }
  return roots;
}

void read_detection(const Section& detect, Settings& settings) {
  using enum matching::HashKind;
  const Section near = detect.below("near", {"enabled", "hash", "radius_bits"});
  near.read_flag("enabled", settings.policy.near_enabled);
  near.read_word("hash", {ahash, dhash, phash, whash}, settings.policy.hash_kind);
  near.read_whole_number("radius_bits", 0, 64, settings.policy.radius_bits);
  detect.below("edited", {"enabled"}).read_flag("enabled", settings.policy.edited_enabled);
  read_embedding(detect, settings.embedding);
}

void read_policy(const Section& top, matching::Policy& policy) {
  const Section actions = top.below("actions", {"exact", "pixels", "near", "edited"});
  for (const matching::Relation relation : relations)
    actions.read_word(name_of(relation), {matching::Action::log, matching::Action::quarantine},
                      policy.actions[static_cast<std::size_t>(relation)]);
  using enum matching::KeepRule;
  top.read_word("keep", {first, largest, oldest}, policy.keep);
}

void read_limits(const Section& limits, Limits& target) {
  limits.read_size("file_bytes", kib, 16 * tib, target.max_file_bytes);
  limits.read_count("pixels", 1, 1'000'000'000'000, target.max_pixels);
  limits.read_size("worker_memory", 64 * mib, 16 * tib, target.worker_memory_bytes);
  limits.read_duration("worker_time", {1s, 24h, "60s", ""}, target.worker_time);
}

void read_socket(const Section& socket, SocketSettings& target) {
  socket.read_text("path", accept_socket_path,
                   "an absolute path of at most 107 bytes without \".\" and \"..\", such as "
                   "/run/imgdedupd/control.sock",
                   target.path);
  socket.read_text("group", accept_group,
                   "the name of a group, or \"\": only root and the service's user", target.group);
}

Settings read_settings(const YamlNode& document, ProblemList& problems) {
  const Section top(document, document.line, "",
                    {"watch", "detect", "actions", "keep", "settle_time", "reconcile_interval",
                     "catalog", "duplicates_log", "socket", "workers", "sandbox", "limits", "log"},
                    problems);
  Settings settings;
  if (document.kind != YamlKind::map) return settings;
  std::vector<RootPlaces> roots;
  settings.watch = read_roots(top, roots, problems);
  read_detection(top.below("detect", {"near", "edited", "embedding"}), settings);
  read_policy(top, settings.policy);
  top.read_duration("settle_time", {0s, 1h, "500ms", ""}, settings.settle_time);
  top.read_duration("reconcile_interval", {1s, year, "10m", ""}, settings.reconcile_interval);
  top.read_text("catalog", accept_root, path_rule_for_files, settings.catalog);
  top.read_text("duplicates_log", accept_root, path_rule_for_files, settings.duplicates_log);
  const Section socket = top.below("socket", {"path", "group"});
  read_socket(socket, settings.socket);
  int workers = 0;
  top.read_whole_number("workers", 0, 256, workers);
  settings.workers = static_cast<unsigned>(workers);
  top.read_word("sandbox", {SandboxRule::required, SandboxRule::best_effort}, settings.sandbox);
  read_limits(top.below("limits", {"file_bytes", "pixels", "worker_memory", "worker_time"}),
              settings.limits);
  using enum LogLevel;
  top.below("log", {"level"})
      .read_word("level", {trace, debug, info, warning, error}, settings.log_level);
  check_paths(roots,
              {{"catalog", top.line_of("catalog"), settings.catalog},
               {"duplicates_log", top.line_of("duplicates_log"), settings.duplicates_log},
               {"socket.path", socket.line_of("path"), settings.socket.path}},
              problems);
  return settings;
}

/// Of `key`, "socket.group", or of what of it is there. The document has no problems.
int line_of(const YamlNode& document, std::string_view key) {
  const YamlNode* node = &document;
  int line = 0;
  while (!key.empty()) {
    const std::string_view word = key.substr(0, key.find('.'));
    key.remove_prefix(std::min(key.size(), word.size() + 1));
    const auto entry = std::ranges::find(node->entries, word, &YamlEntry::key);
    if (entry == node->entries.end()) return line;
    line = entry->line;
    node = &entry->value;
  }
  return line;
}

[[noreturn]] void fail_to_read(const std::string& path, const std::string& message) {
  throw ConfigError({{path, 0, "", message}});
}

std::string reason(int error) { return std::generic_category().message(error); }

class OpenFile {
 public:
  explicit OpenFile(const std::string& path)
      // Non-blocking: a FIFO must not hold the service up.
      : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {}
  ~OpenFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

/// One byte more than allowed at most.
std::string read_text_file(const std::string& path) {
  const OpenFile file(path);
  if (file.descriptor() < 0)
    fail_to_read(path, "cannot be opened (" + reason(errno) +
                           "), must be a settings file that this user can read");
  struct stat status {};
  if (::fstat(file.descriptor(), &status) != 0)
    fail_to_read(path, "cannot be examined (" + reason(errno) + "), must be a regular file");
  if (!S_ISREG(status.st_mode))
    fail_to_read(path, S_ISDIR(status.st_mode)
                           ? "is a directory, must be a regular file"
                           : "is a device, pipe or socket, must be a regular file");
  std::string text(most_file_bytes + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t count = ::read(file.descriptor(), text.data() + size, text.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0)
      fail_to_read(path, "cannot be read (" + reason(errno) + "), must be a readable file");
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  text.resize(size);
  return text;
}

}  // namespace

Settings parse_settings(std::string_view text, const std::string& file_name,
                        const SystemCheck& check_system) {
  ProblemList problems(file_name);
  Settings settings;
  if (text.size() > most_file_bytes) {
    problems.add(0, "", "is larger than 1MiB, must be a settings file of at most 1MiB");
  } else if (auto document = parse_yaml(text, problems)) {
    // A file of nothing but comments sets no key.
    if (document->kind == YamlKind::null) document->kind = YamlKind::map;
    settings = read_settings(*document, problems);
    problems.throw_if_any();
    if (check_system)
      for (const Finding& finding : check_system(settings))
        problems.add(line_of(*document, finding.key), finding.key,
                     printable(finding.message, most_reason_bytes));
  }
  problems.throw_if_any();
  return settings;
}

Settings load_settings(const std::string& path, const SystemCheck& check_system) {
  return parse_settings(read_text_file(path), path, check_system);
}

}  // namespace imgdedup::config
