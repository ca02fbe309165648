// SPDX-License-Identifier: Apache-2.0
// The service's own log: the journal under systemd, else standard error.
#pragma once

#include <spdlog/common.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/settings.h"
#include "store/records.h"

namespace imgdedup::daemon {

/// What a line about one file carries beside its text in the journal: EVENT, PATH, ORIGINAL,
/// RELATION, ACTION, DECISION_ID. Paths are bytes; what is empty is left out.
struct LogFields {
  std::string_view event{};  ///< "decision", "moved", "restored", "purged", "refused"
  std::string_view path{};
  std::string_view original{};
  std::string_view relation{};
  std::string_view action{};
  std::optional<std::int64_t> decision_id{};
};

/// One line an event, without control characters, so many in a time at most; what was left out is
/// counted. The journal adds time and priority itself, standard error gets them here. Who does not
/// read standard error does not hold up the service: up to 256 KiB wait, then the oldest are lost.
/// Once, before the first line.
void set_up_log();
void set_log_level(config::LogLevel level);
/// Lines of the log that could not be written in time; 0 before set_up_log(). Any thread.
std::uint64_t log_lines_dropped();
/// Gives what waits a second to be written, then `last_words` if there are any; no line after that.
/// Works without set_up_log() as well.
void end_log(std::string_view last_words = {});

/// A line with fields. Before set_up_log(), and on standard error, the text alone. Loop thread
/// only.
void log_event(spdlog::level::level_enum level, const LogFields& fields, std::string_view text);

/// At level info: about a quarantined file.
void log_quarantine_event(std::string_view event, const store::QuarantineEntry& entry,
                          std::string_view text);

}  // namespace imgdedup::daemon
