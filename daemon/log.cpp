// SPDX-License-Identifier: Apache-2.0
// The service's own log, on standard error.
#include "daemon/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <stdlib.h>

namespace imgdedup::daemon {

void set_up_log() {
  auto logger = spdlog::stderr_logger_st("imgdedupd");
  spdlog::set_default_logger(logger);
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

}  // namespace imgdedup::daemon
