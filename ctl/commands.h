// SPDX-License-Identifier: Apache-2.0
// What each command does with the answers of the service.
#pragma once

#include "ctl/task.h"

// Each returns the exit status or throws what protocol::Client throws.
namespace imgdedup::ctl {

ExitStatus show_status(const Task& task);
ExitStatus show_metrics(const Task& task);

ExitStatus list_duplicates(const Task& task);
ExitStatus list_groups(const Task& task);
ExitStatus list_quarantine(const Task& task);
ExitStatus list_files(const Task& task);
ExitStatus list_unreadable(const Task& task);
ExitStatus print_events(const Task& task);

/// Opens the files with the rights of the user and has them judged.
ExitStatus query_files(const Task& task);
/// Opens two files with the rights of the user and shows what lies between them.
ExitStatus explain_files(const Task& task);

ExitStatus sync_service(const Task& task);
ExitStatus declare_distinct(const Task& task);
ExitStatus apply_settings(const Task& task);
ExitStatus restore_files(const Task& task);
ExitStatus purge_files(const Task& task);
/// rescan, pause, resume.
ExitStatus change_state(const Task& task);
ExitStatus reload_settings(const Task& task);

/// What the environment says; empty: nothing.
struct Surroundings {
  std::string socket_variable;    ///< $IMGDEDUPD_SOCKET
  std::string runtime_directory;  ///< $XDG_RUNTIME_DIR
};

/// Where the usual socket does not answer: that one's own service has one; empty if it has none, or
/// if another socket was asked for.
std::string own_service_hint(std::string_view socket_path, const std::string& runtime_directory);

/// The whole of main(): parses, connects, runs, says what went wrong on console.errors.
ExitStatus run_program(std::span<const std::string> arguments, const Surroundings& surroundings,
                       const Console& console);

}  // namespace imgdedup::ctl
