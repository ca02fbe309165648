// SPDX-License-Identifier: Apache-2.0
// --check-config: looks at the watched folders with the rights of the service's user.
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <ostream>
#include <system_error>

#include "daemon/access_advice.h"
#include "daemon/unit_state.h"
#include "posix/unique_descriptor.h"
#include "protocol/utf8.h"

namespace imgdedup::daemon {
namespace {

void write_line(std::ostream& out, const char* kind, const std::string& text) {
  out << kind << protocol::readable_text(text) << '\n';
}

void write_report(const config::Settings& settings, const std::string& user,
                  const UnitOpenings* unit, const std::vector<posix::UniqueDescriptor>& opened,
                  std::ostream& out) {
  for (std::size_t i = 0; i < settings.watch.size(); ++i) {
    const config::WatchedRoot& root = settings.watch[i];
    const int descriptor = i < opened.size() ? opened[i].get() : -1;
    const AccessReport report = describe_access(settings, root, examine_folder(root, descriptor),
                                                user, Viewpoint::outside, unit);
    for (const std::string& summary : report.summaries) write_line(out, "", summary);
    for (const std::string& warning : report.warnings) write_line(out, "warning: ", warning);
  }
  out.flush();
}

/// What the unit hides it binds in by itself, whoever may pass through the folders above.
std::vector<posix::UniqueDescriptor> open_hidden(const config::Settings& settings,
                                                 const UnitOpenings* unit) {
  std::vector<posix::UniqueDescriptor> opened;
  for (const config::WatchedRoot& root : settings.watch)
    opened.emplace_back(is_hidden_by_unit(root.path) && (!unit || unit->hides_homes)
                            ? ::open(root.path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)
                            : -1);
  return opened;
}

std::vector<gid_t> groups_of(const passwd& account, const UnitOpenings* unit) {
  int count = 64;
  std::vector<gid_t> groups(static_cast<std::size_t>(count));
  if (::getgrouplist(account.pw_name, account.pw_gid, groups.data(), &count) < 0)
    count = static_cast<int>(groups.size());
  groups.resize(static_cast<std::size_t>(count));
  for (const std::string& name : unit ? unit->groups : std::vector<std::string>())
    if (const group* entry = ::getgrnam(name.c_str())) groups.push_back(entry->gr_gid);
  return groups;
}

/// Becomes the account, for good. Throws std::system_error.
void become(const passwd& account, const std::vector<gid_t>& groups) {
  if (::setgroups(groups.size(), groups.data()) != 0 ||
      ::setresgid(account.pw_gid, account.pw_gid, account.pw_gid) != 0 ||
      ::setresuid(account.pw_uid, account.pw_uid, account.pw_uid) != 0)
    throw std::system_error(errno, std::generic_category(),
                            std::string("cannot take the rights of ") + account.pw_name);
}

/// In a child, for the rights cannot be had back. What it wrote into `out` comes by a pipe.
void report_as(const passwd& account, const config::Settings& settings,
               const std::string& settings_path, const UnitOpenings* unit, std::ostream& out) {
  const std::vector<posix::UniqueDescriptor> opened = open_hidden(settings, unit);
  const std::vector<gid_t> groups = groups_of(account, unit);
  const group* own_group = ::getgrgid(account.pw_gid);
  const std::string group_name = own_group ? own_group->gr_name : std::to_string(account.pw_gid);
  out.flush();
  const pid_t child = ::fork();
  if (child < 0) throw std::system_error(errno, std::generic_category(), "cannot fork");
  if (child == 0) {
    int status = 1;
    try {
      become(account, groups);
      if (const std::string why =
              describe_settings_access(settings_path, account.pw_name, group_name);
          !why.empty())
        write_line(out, "warning: ", why);
      write_report(settings, account.pw_name, unit, opened, out);
      status = 0;
    } catch (const std::exception& error) {
      write_line(out, "warning: ", error.what());
      out.flush();
    }
    ::_exit(status);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status)) write_line(out, "warning: ", "looking at the folders ended too early");
}

}  // namespace

void report_access(const config::Settings& settings, const std::string& settings_path,
                   bool with_unit, std::ostream& out) {
  UnitState state;
  if (with_unit)
    state = look_at_unit();
  else
    state.note =
        "these are not the settings of the system's unit, so what it opens and allows does not "
        "count here";
  const UnitOpenings* unit = state.openings ? &*state.openings : nullptr;
  if (!state.note.empty()) write_line(out, "note: ", state.note);
  if (unit)
    for (const std::string& warning : describe_openings(settings, *unit))
      write_line(out, "warning: ", warning);
  const passwd* own = ::getpwuid(::geteuid());
  if (::geteuid() != 0) {
    write_report(settings, own ? own->pw_name : std::to_string(::geteuid()), unit, {}, out);
    return;
  }
  const std::string user = unit && !unit->user.empty() ? unit->user : service_user;
  const passwd* account = ::getpwnam(user.c_str());
  if (!account) {
    write_line(out, "warning: ",
               "there is no user " + user +
                   (user == service_user
                        ? " yet, so what the service may do in the folders was not looked at. To "
                          "make it: systemd-sysusers imgdedupd.conf"
                        : ", which the unit names (User=), so what the service may do in the "
                          "folders was not looked at"));
    return;
  }
  // What getpwnam() gave does not last.
  const std::string name = account->pw_name;
  passwd kept = *account;
  kept.pw_name = const_cast<char*>(name.c_str());
  report_as(kept, settings, settings_path, unit, out);
}

}  // namespace imgdedup::daemon
