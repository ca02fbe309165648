// SPDX-License-Identifier: Apache-2.0
// What the service's user may do in each watched folder, in words, with the commands that let it.
#include "daemon/access_advice.h"

#include <fcntl.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "protocol/utf8.h"

namespace imgdedup::daemon {
namespace {

/// As one word of a shell's command.
std::string shell_word(const std::string& text) {
  const bool is_simple = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::strchr("/._-+,:@%=", c) != nullptr;
  });
  if (is_simple) return text;
  const bool is_printable =
      std::none_of(text.begin(), text.end(),
                   [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }) &&
      protocol::is_valid_utf8(text);
  std::string word = is_printable ? "'" : "$'";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_printable) {
      word += c == '\'' ? std::string("'\\''") : std::string(1, c);
    } else if (c == '\'' || c == '\\') {
      word += std::string("\\") + c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      constexpr const char* digits = "0123456789abcdef";
      word += std::string("\\x") + digits[byte >> 4] + digits[byte & 15];
    } else {
      word += c;
    }
  }
  return word + "'";
}

/// A stop waits for it.
constexpr AccessSample service_sample{1000, std::chrono::milliseconds(500)};

bool wants_moves(const config::Settings& settings, const config::WatchedRoot& root) {
  if (root.protect) return false;
  for (const auto relation : {matching::Relation::exact, matching::Relation::pixels,
                              matching::Relation::near, matching::Relation::edited})
    if (settings.policy.action_for(relation) == matching::Action::quarantine) return true;
  return false;
}

/// Files are only ever read; moving them takes the right to write their folders.
std::string acl_command(const std::string& user, const std::string& path, bool with_writing) {
  const std::string rights = "u:" + user + ":rX";
  std::string command = "setfacl -R -m " + rights + " -d -m " + rights + " " + shell_word(path);
  if (with_writing)
    command += " && find " + shell_word(path) + " -type d -exec setfacl -m u:" + user +
               ":rwx,d:u:" + user + ":rwx {} +";
  return command;
}

std::string drop_in_commands() {
  return "mkdir -p " + std::string(drop_in_directory) + " && imgdedupd --print-dropin >" +
         drop_in_path + " && systemctl daemon-reload && systemctl restart imgdedupd";
}

std::string denied_text(const Denied& denied, std::uint64_t among, const char* noun) {
  return std::to_string(denied.count) + " of the " + std::to_string(among) + " " + noun +
         " looked at, the first: " + denied.first_path;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

/// Gathers what is said of one folder.
class Description {
 public:
  Description(const config::Settings& settings, const config::WatchedRoot& root,
              const std::string& user, Viewpoint from, const UnitOpenings* unit)
      : root_(root), user_(user), from_(from), unit_(unit), moves_(wants_moves(settings, root)) {}

  AccessReport of(const FolderAccess& access) {
    if (access.open_error != 0) {
      describe_absence(access);
    } else {
      describe_reading(access);
      describe_watching(access);
      describe_renaming(access);
      describe_leasing(access);
      std::string summary = (can_.empty() ? "cannot do anything there" : "can " + joined(can_)) +
                            (cannot_.empty() ? "" : "; cannot " + joined(cannot_)) +
                            (notes_.empty() ? "" : " (" + notes_ + ")");
      if (unit_ && !unit_->shows(root_.path))
        summary = "cannot do anything there, for the unit hides it; once it is opened: " + summary;
      report_.summaries = {root_.path + ": " + user_ + " " + summary};
    }
    return std::move(report_);
  }

 private:
  void warn(const std::string& what, const std::string& command) {
    report_.warnings.push_back(root_.path + ": " + what +
                               (command.empty() ? "" : ". To let it: " + command));
  }
  void warn_of_trouble(const std::string& what, const std::string& command) {
    warn(what, command);
    report_.troubles.push_back(report_.warnings.back());
  }

  void describe_absence(const FolderAccess& access) {
    if (access.open_error == ENOENT && from_ == Viewpoint::service &&
        is_hidden_by_unit(root_.path)) {
      warn_of_trouble(
          "is not there, or the unit, which hides /home, /root and /run/user, does not open it",
          drop_in_commands());
    } else if (access.open_error == ENOENT) {
      warn("is not there; it is offline until it comes", "");
    } else if (!access.blocked_at.empty()) {
      warn_of_trouble(user_ + " cannot get there, for it may not pass through " + access.blocked_at,
                      "setfacl -m u:" + user_ + ":x " + shell_word(access.blocked_at));
    } else if (access.open_error == EACCES) {
      warn_of_trouble(user_ + " may not list it", acl_command(user_, root_.path, moves_));
    } else {
      warn_of_trouble(std::string("cannot be opened: ") + std::strerror(access.open_error), "");
    }
    report_.summaries = {root_.path + ": " + user_ + " cannot do anything there"};
  }

  void describe_reading(const FolderAccess& access) {
    judge("list", access.unlistable.count == 0);
    judge("read", access.unreadable.count == 0);
    if (access.unlistable.count > 0)
      warn_of_trouble(user_ + " may not list " +
                          denied_text(access.unlistable, access.directories, "folders") +
                          "; what lies there is not seen",
                      acl_command(user_, root_.path, moves_));
    if (access.unreadable.count > 0)
      warn(user_ + " may not read " + denied_text(access.unreadable, access.files, "files") +
               "; they are listed as unreadable",
           acl_command(user_, root_.path, moves_));
  }

  void describe_watching(const FolderAccess& access) {
    judge("watch", access.watch_error == 0);
    if (access.watch_error == ENOSPC || access.watch_error == EMFILE)
      warn("there are no watches left for " + user_ + "; the folder is polled",
           access.watch_error == ENOSPC ? "sysctl fs.inotify.max_user_watches=524288"
                                        : "sysctl fs.inotify.max_user_instances=1024");
    else if (access.watch_error != 0)
      warn(user_ + " cannot watch it: " + std::strerror(access.watch_error), "");
  }

  void describe_renaming(const FolderAccess& access) {
    // What the unit forbids describe_openings() tells.
    const bool is_opened = !unit_ || !unit_->shows(root_.path) || unit_->lets_write(root_.path);
    const bool is_allowed = access.unwritable.count == 0 && access.sticky.count == 0;
    judge("rename", is_allowed && is_opened);
    if (is_allowed && is_opened) return;
    if (!moves_) {
      note("renaming is needed only where an action is quarantine");
    } else if (access.is_read_only && from_ == Viewpoint::service) {
      warn(
          "is read-only to the service, so nothing can be moved to quarantine: the unit does not "
          "open it, or its file system is mounted read-only",
          drop_in_commands());
    } else if (access.is_read_only) {
      warn(
          "its file system is mounted read-only, so nothing can be moved to quarantine; set "
          "protect: true if it is to stay so",
          "mount -o remount,rw " + shell_word(root_.path));
    } else {
      describe_denied_renaming(access);
    }
  }

  void describe_denied_renaming(const FolderAccess& access) {
    const auto tell = [&](const Denied& denied, const char* why, const std::string& command) {
      if (denied.count > 0)
        warn_of_trouble(user_ + " may not rename out of " +
                            denied_text(denied, access.directories, "folders") + why +
                            "; duplicates there stay",
                        command);
    };
    tell(access.unwritable, " (no right to write)", acl_command(user_, root_.path, true));
    tell(access.sticky,
         " (sticky, and somebody else's: there everybody renames only what is their own, and "
         "setfacl does not change that)",
         "chmod -t " + shell_word(access.sticky.first_path) +
             " if all who write there may rename each other's files, or else chown " + user_ + " " +
             shell_word(access.sticky.first_path));
  }

  void describe_leasing(const FolderAccess& access) {
    if (access.files == access.unreadable.count) return;
    const bool is_allowed = access.unleasable.count == 0 || (unit_ && unit_->lets_lease());
    judge("lease", is_allowed);
    if (!is_allowed)
      note(
          "files of other owners are read once more after a move instead of being leased; "
          "CAP_LEASE would let it, see imgdedupd(8)");
  }

  void judge(const char* verb, bool is_allowed) { (is_allowed ? can_ : cannot_).push_back(verb); }
  void note(const std::string& text) { notes_ += (notes_.empty() ? "" : "; ") + text; }

  const config::WatchedRoot& root_;
  const std::string& user_;
  Viewpoint from_;
  const UnitOpenings* unit_;
  bool moves_;
  AccessReport report_;
  std::vector<std::string> can_;
  std::vector<std::string> cannot_;
  std::string notes_;
};

}  // namespace

AccessReport describe_access(const config::Settings& settings, const config::WatchedRoot& root,
                             const FolderAccess& access, const std::string& user, Viewpoint from,
                             const UnitOpenings* unit) {
  return Description(settings, root, user, from, unit).of(access);
}

std::string describe_settings_access(const std::string& path, const std::string& user,
                                     const std::string& group) {
  if (::faccessat(AT_FDCWD, path.c_str(), R_OK, AT_EACCESS) == 0) return {};
  const std::string text = path + ": " + user +
                           " may not read these settings, so the service cannot start by them nor "
                           "take them over. To let it: ";
  const std::string shut = blocked_above(path);
  return text + (shut.empty() ? "chgrp " + group + " " + shell_word(path) + " && chmod 640 " +
                                    shell_word(path)
                              : "setfacl -m u:" + user + ":x " + shell_word(shut));
}

std::vector<std::string> describe_openings(const config::Settings& settings,
                                           const UnitOpenings& openings) {
  std::vector<std::string> warnings;
  for (const config::WatchedRoot& root : settings.watch) {
    if (!openings.shows(root.path))
      warnings.push_back(root.path +
                         ": the unit hides /home, /root and /run/user, and no drop-in " +
                         "opens this folder. To let it: " + drop_in_commands());
    else if (wants_moves(settings, root) && !openings.lets_write(root.path))
      warnings.push_back(root.path +
                         ": no drop-in of the unit opens this folder for writing, so nothing can " +
                         "be moved to quarantine. To let it: " + drop_in_commands());
  }
  const std::string& group = settings.socket.group;
  if (!group.empty() &&
      std::find(openings.groups.begin(), openings.groups.end(), group) == openings.groups.end())
    warnings.push_back("socket.group: no drop-in of the unit makes the service a member of " +
                       group +
                       ", so it cannot give its socket to it. To let it: " + drop_in_commands());
  return warnings;
}

AccessReport access_of_service(const config::Settings& settings) {
  AccessReport all;
  const passwd* account = ::getpwuid(::geteuid());
  const std::string user = account ? account->pw_name : std::to_string(::geteuid());
  for (const config::WatchedRoot& root : settings.watch) {
    const FolderAccess access = examine_folder(root, -1, service_sample);
    // One that is not there has its own place in the status.
    if (access.open_error == ENOENT && !is_hidden_by_unit(root.path)) continue;
    const AccessReport report = describe_access(settings, root, access, user, Viewpoint::service);
    all.warnings.insert(all.warnings.end(), report.warnings.begin(), report.warnings.end());
    all.troubles.insert(all.troubles.end(), report.troubles.begin(), report.troubles.end());
    all.summaries.insert(all.summaries.end(), report.summaries.begin(), report.summaries.end());
  }
  return all;
}

}  // namespace imgdedup::daemon
