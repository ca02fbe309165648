// SPDX-License-Identifier: Apache-2.0
// The service's own log: the journal under systemd, else standard error.
#include "daemon/log.h"

#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <systemd/sd-journal.h>

#include "daemon/log_limit.h"
#include "posix/line_writer.h"
#include "protocol/utf8.h"

namespace imgdedup::daemon {
namespace {

constexpr std::uint64_t most_lines = 1000;
constexpr std::chrono::seconds limit_interval{30};
constexpr std::size_t max_waiting_bytes = std::size_t{256} << 10;

std::unique_ptr<posix::LineWriter>& writer() {
  static std::unique_ptr<posix::LineWriter> the_writer;
  return the_writer;
}

/// Whether standard error goes to the journal: systemd.exec(5), $JOURNAL_STREAM.
bool is_journal_there() {
  const char* stream = ::getenv("JOURNAL_STREAM");
  struct stat status {};
  return stream != nullptr && ::fstat(STDERR_FILENO, &status) == 0 &&
         std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino) == stream;
}

int priority_of(spdlog::level::level_enum level) {
  if (level >= spdlog::level::critical) return LOG_CRIT;
  if (level == spdlog::level::err) return LOG_ERR;
  if (level == spdlog::level::warn) return LOG_WARNING;
  return level == spdlog::level::info ? LOG_INFO : LOG_DEBUG;
}

/// Whether the journal took it.
bool send_to_journal(spdlog::level::level_enum level, std::string_view text,
                     const LogFields& fields) {
  std::vector<std::string> lines{"MESSAGE=" + std::string(text),
                                 "PRIORITY=" + std::to_string(priority_of(level)),
                                 "SYSLOG_IDENTIFIER=imgdedupd"};
  const auto add = [&](const char* name, std::string_view value) {
    if (!value.empty()) lines.push_back(std::string(name) + "=" + std::string(value));
  };
  add("EVENT", fields.event);
  add("PATH", fields.path);
  add("ORIGINAL", fields.original);
  add("RELATION", fields.relation);
  add("ACTION", fields.action);
  if (fields.decision_id) add("DECISION_ID", std::to_string(*fields.decision_id));
  std::vector<iovec> parts;
  for (std::string& line : lines) parts.push_back({line.data(), line.size()});
  return ::sd_journal_sendv(parts.data(), static_cast<int>(parts.size())) == 0;
}

class EventSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit EventSink(bool has_journal) : has_journal_(has_journal) {}

  void write(const spdlog::details::log_msg& message, const LogFields& fields) {
    // Warnings get their turn also while a burst of other lines is cut short.
    LogLimit& limit = message.level >= spdlog::level::warn ? warnings_ : others_;
    const auto left_out = limit.admit(message.time);
    if (!left_out) return;
    if (*left_out > 0)
      put(message,
          std::to_string(*left_out) + " lines were left out: at most " +
              std::to_string(most_lines) + " in " + std::to_string(limit_interval.count()) +
              " s are written; the duplicates log has every decision",
          {});
    put(message,
        protocol::readable_text(std::string_view(message.payload.data(), message.payload.size())),
        fields);
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override { write(message, {}); }
  void flush_() override {}

 private:
  void put(const spdlog::details::log_msg& original, const std::string& text,
           const LogFields& fields) {
    if (has_journal_ && send_to_journal(original.level, text, fields)) return;
    if (!writer()) return;
    spdlog::details::log_msg message = original;
    message.payload = text;
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    writer()->write({line.data(), line.size()});
  }

  bool has_journal_;
  LogLimit warnings_{most_lines, limit_interval};
  LogLimit others_{most_lines, limit_interval};
};

/// The sink of set_up_log(), for the lines that have more than a text.
std::shared_ptr<EventSink>& event_sink() {
  static std::shared_ptr<EventSink> sink;
  return sink;
}

}  // namespace

void set_up_log() {
  writer() = std::make_unique<posix::LineWriter>(STDERR_FILENO, "imgdedupd", max_waiting_bytes);
  event_sink() = std::make_shared<EventSink>(is_journal_there());
  spdlog::set_default_logger(std::make_shared<spdlog::logger>("imgdedupd", event_sink()));
  spdlog::set_pattern(::getenv("JOURNAL_STREAM") ? "%l: %v" : "%Y-%m-%dT%H:%M:%S.%e %l: %v");
}

void set_log_level(config::LogLevel level) {
  switch (level) {
    case config::LogLevel::trace:
      return spdlog::set_level(spdlog::level::trace);
    case config::LogLevel::debug:
      return spdlog::set_level(spdlog::level::debug);
    case config::LogLevel::info:
      return spdlog::set_level(spdlog::level::info);
    case config::LogLevel::warning:
      return spdlog::set_level(spdlog::level::warn);
    case config::LogLevel::error:
      return spdlog::set_level(spdlog::level::err);
  }
}

void log_event(spdlog::level::level_enum level, const LogFields& fields, std::string_view text) {
  if (!spdlog::should_log(level)) return;
  const spdlog::string_view_t payload(text.data(), text.size());
  if (event_sink())
    event_sink()->write(spdlog::details::log_msg("imgdedupd", level, payload), fields);
  else
    spdlog::log(level, payload);
}

void log_quarantine_event(std::string_view event, const store::QuarantineEntry& entry,
                          std::string_view text) {
  log_event(spdlog::level::info,
            {event, entry.original_path, entry.keeper_path, name_of(entry.relation), "quarantine",
             entry.id},
            text);
}

std::uint64_t log_lines_dropped() { return writer() ? writer()->dropped() : 0; }

void end_log(std::string_view last_words) {
  if (!writer()) {
    if (last_words.empty()) return;
    writer() = std::make_unique<posix::LineWriter>(STDERR_FILENO, "imgdedupd", max_waiting_bytes);
  }
  if (!last_words.empty()) writer()->write(std::string(last_words) + "\n");
  writer().reset();
}

}  // namespace imgdedup::daemon
