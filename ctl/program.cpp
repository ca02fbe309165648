// SPDX-License-Identifier: Apache-2.0
// The way from a command line to an exit status.
#include <sys/stat.h>

#include <array>
#include <cassert>
#include <ostream>
#include <string>
#include <utility>

#include "ctl/commands.h"
#include "ctl/export_command.h"
#include "protocol/json_rpc.h"
#include "protocol/utf8.h"

namespace imgdedup::ctl {
namespace {

using Runner = ExitStatus (*)(const Task&);

constexpr auto runners = std::to_array<std::pair<std::string_view, Runner>>({
    {"status", show_status},
    {"sync", sync_service},
    {"duplicates", list_duplicates},
    {"groups", list_groups},
    {"query", query_files},
    {"explain", explain_files},
    {"distinct", declare_distinct},
    {"quarantine.list", list_quarantine},
    {"quarantine.apply", apply_settings},
    {"quarantine.restore", restore_files},
    {"quarantine.purge", purge_files},
    {"files", list_files},
    {"unreadable", list_unreadable},
    {"rescan", change_state},
    {"pause", change_state},
    {"resume", change_state},
    {"reload", reload_settings},
    {"events", print_events},
    {"metrics", show_metrics},
    {"export", export_files},
});

ExitStatus run(const Task& task) {
  for (const auto& [name, runner] : runners)
    if (name == task.invocation.command->name) return runner(task);
  assert(!"every command has a runner");
  return ExitStatus::failed;
}

}  // namespace

std::string own_service_hint(std::string_view socket_path, const std::string& runtime_directory) {
  if (socket_path != protocol::default_socket_path || runtime_directory.empty()) return {};
  const std::string own = runtime_directory + "/imgdedupd/control.sock";
  struct stat status {};
  if (::stat(own.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return {};
  return "; your own service has its socket at " + own + ": export IMGDEDUPD_SOCKET=" + own;
}

ExitStatus run_program(std::span<const std::string> arguments, const Surroundings& surroundings,
                       const Console& console) {
  std::string socket_path;
  const auto complain = [&](ExitStatus status, std::string_view problem) {
    console.out << std::flush;
    console.errors << "imgdedupctl: " << protocol::readable_text(problem) << '\n' << std::flush;
    return status;
  };
  try {
    const auto parsed = parse_arguments(arguments, surroundings.socket_variable);
    if (const auto* early = std::get_if<EarlyExit>(&parsed)) {
      (early->status == ExitStatus::done ? console.out : console.errors) << early->text;
      return early->status;
    }
    const auto& invocation = std::get<Invocation>(parsed);
    socket_path = invocation.socket_path;
    protocol::Client client(socket_path);
    return run({invocation, client, console});
  } catch (const protocol::ServiceUnreachable& error) {
    return complain(ExitStatus::unreachable,
                    error.what() + own_service_hint(socket_path, surroundings.runtime_directory));
  } catch (const protocol::CallTimedOut& error) {
    return complain(ExitStatus::timed_out, error.what());
  } catch (const protocol::CallFailed& error) {
    const bool timed_out = error.code() == static_cast<int>(protocol::ErrorCode::timed_out);
    return complain(timed_out ? ExitStatus::timed_out : ExitStatus::failed, error.what());
  } catch (const protocol::Json::exception& error) {
    return complain(
        ExitStatus::failed,
        std::string("the service sent an answer of an unexpected form: ") + error.what());
  } catch (const std::exception& error) {
    return complain(ExitStatus::failed, error.what());
  }
}

}  // namespace imgdedup::ctl
