// SPDX-License-Identifier: Apache-2.0
// The command line, read and checked.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/command_table.h"
#include "protocol/json.h"

namespace imgdedup::ctl {

/// Of the whole program; product.md section 1.
enum class ExitStatus : int {
  done = 0,
  failed = 1,
  wrong_usage = 2,
  unreachable = 3,
  timed_out = 4
};

enum class OutputForm : std::uint8_t { for_people, json };
enum class Separator : std::uint8_t { newline, nul };

/// What the user asked for.
struct Invocation {
  std::string socket_path;
  OutputForm form = OutputForm::for_people;
  const protocol::Command* command = nullptr;
  /// To be sent; passed validate_params(), except that `ids` and `paths` are added by what runs it.
  protocol::Json params = protocol::Json::object();
  std::vector<std::string> files;  ///< of `query`, as the user wrote them
  std::vector<std::int64_t>
      ids;  ///< of `quarantine apply`, `restore`, `purge`; empty: by other means
  Separator separator = Separator::newline;          ///< of `files`
  std::optional<std::uint64_t> max_items;            ///< of `duplicates`
  std::optional<std::chrono::milliseconds> timeout;  ///< of `sync`
};

/// There is nothing to run: help was asked for, or the usage is wrong.
struct EarlyExit {
  ExitStatus status = ExitStatus::done;
  std::string text;  ///< for standard output when done, else for standard error
};

/// `arguments` without the program's name. `socket_variable`: $IMGDEDUPD_SOCKET or "".
/// Paths are made absolute by the current directory of the process.
std::variant<Invocation, EarlyExit> parse_arguments(std::span<const std::string> arguments,
                                                    std::string_view socket_variable);

/// `path` from the current directory on, without "." and ".." parts.
std::string absolute_path(const std::string& path);

}  // namespace imgdedup::ctl
