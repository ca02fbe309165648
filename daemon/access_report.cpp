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
#include "posix/unique_descriptor.h"
#include "protocol/utf8.h"

namespace imgdedup::daemon {
namespace {

/// Where systemd finds units and their drop-ins, the administrator's last.
constexpr const char* unit_directories[] = {"/usr/lib/systemd/system",
                                            "/usr/local/lib/systemd/system", "/run/systemd/system",
                                            "/etc/systemd/system"};

bool is_unit_installed() {
  for (const char* directory : unit_directories)
    if (::access((std::string(directory) + "/imgdedupd.service").c_str(), F_OK) == 0) return true;
  return false;
}

UnitOpenings openings_of_unit() {
  std::vector<std::string> directories;
  for (const char* directory : unit_directories)
    directories.push_back(std::string(directory) + "/imgdedupd.service.d");
  return read_drop_ins(directories);
}

void write_line(std::ostream& out, const char* kind, const std::string& text) {
  out << kind << protocol::readable_text(text) << '\n';
}

void write_report(const config::Settings& settings, const std::string& user,
                  const std::vector<posix::UniqueDescriptor>& opened, std::ostream& out) {
  for (std::size_t i = 0; i < settings.watch.size(); ++i) {
    const config::WatchedRoot& root = settings.watch[i];
    const int descriptor = i < opened.size() ? opened[i].get() : -1;
    const AccessReport report =
        describe_access(settings, root, examine_folder(root, descriptor), user, Viewpoint::outside);
    for (const std::string& summary : report.summaries) write_line(out, "", summary);
    for (const std::string& warning : report.warnings) write_line(out, "warning: ", warning);
  }
  out.flush();
}

/// What the unit hides it binds in by itself, whoever may pass through the folders above.
std::vector<posix::UniqueDescriptor> open_hidden(const config::Settings& settings) {
  std::vector<posix::UniqueDescriptor> opened;
  for (const config::WatchedRoot& root : settings.watch)
    opened.emplace_back(is_hidden_by_unit(root.path)
                            ? ::open(root.path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)
                            : -1);
  return opened;
}

std::vector<gid_t> groups_of(const passwd& account, const UnitOpenings& openings) {
  int count = 64;
  std::vector<gid_t> groups(static_cast<std::size_t>(count));
  if (::getgrouplist(account.pw_name, account.pw_gid, groups.data(), &count) < 0)
    count = static_cast<int>(groups.size());
  groups.resize(static_cast<std::size_t>(count));
  for (const std::string& name : openings.groups)
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
               const UnitOpenings& openings, std::ostream& out) {
  const std::vector<posix::UniqueDescriptor> opened = open_hidden(settings);
  const std::vector<gid_t> groups = groups_of(account, openings);
  out.flush();
  const pid_t child = ::fork();
  if (child < 0) throw std::system_error(errno, std::generic_category(), "cannot fork");
  if (child == 0) {
    int status = 1;
    try {
      become(account, groups);
      write_report(settings, account.pw_name, opened, out);
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

void report_access(const config::Settings& settings, bool with_unit, std::ostream& out) {
  const UnitOpenings openings = openings_of_unit();
  if (with_unit && is_unit_installed())
    for (const std::string& warning : describe_openings(settings, openings))
      write_line(out, "warning: ", warning);
  const passwd* own = ::getpwuid(::geteuid());
  if (::geteuid() != 0) {
    write_report(settings, own ? own->pw_name : std::to_string(::geteuid()), {}, out);
    return;
  }
  const passwd* account = ::getpwnam(service_user);
  if (!account) {
    write_line(out, "warning: ",
               std::string("there is no user ") + service_user +
                   " yet, so what the service may do in the folders was not looked at. To make "
                   "it: systemd-sysusers imgdedupd.conf");
    return;
  }
  report_as(*account, settings, openings, out);
}

}  // namespace imgdedup::daemon
