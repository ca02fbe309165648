// SPDX-License-Identifier: Apache-2.0
// export: the one command of the client that is none of the socket.
#pragma once

#include "ctl/task.h"
#include "protocol/command_table.h"

namespace imgdedup::ctl {

/// For the command line: its words and parameters, checked like those of the socket's commands.
const protocol::Command& export_command();

/// What help and the manual page say about it.
const protocol::CommandWords& export_words();

/// Brings two folders up to date with the service's listings, with the rights of the user.
ExitStatus export_files(const Task& task);

}  // namespace imgdedup::ctl
