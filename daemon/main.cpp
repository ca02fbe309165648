// SPDX-License-Identifier: Apache-2.0
// imgdedupd: the command line of the service.
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "build_formats.h"
#include "config/settings_file.h"
#include "daemon/access_advice.h"
#include "daemon/catalog_outage.h"
#include "daemon/daemon.h"
#include "daemon/event/signals.h"
#include "daemon/log.h"
#include "daemon/settings_check.h"
#include "daemon/unit_openings.h"
#include "daemon/version.h"
#include "protocol/json_rpc.h"
#include "store/catalog_check.h"
#include "store/store_error.h"
#include "worker/sandbox_self_test.h"
#include "worker/worker_path.h"

namespace {

using imgdedup::config::LogLevel;
using imgdedup::config::Settings;
namespace daemon_ns = imgdedup::daemon;
namespace store_ns = imgdedup::store;

constexpr int exit_failed = 1;
constexpr int exit_usage = 2;
constexpr rlim_t wanted_descriptors = 8192;
constexpr const char* default_settings_path = "/etc/imgdedupd/imgdedupd.yaml";

struct Options {
  std::string settings_path = default_settings_path;
  bool check_only = false;
  bool test_sandbox = false;
  bool print_drop_in = false;
  std::optional<LogLevel> log_level;
};

Settings with_options(Settings settings, const Options& options) {
  if (options.log_level) settings.log_level = *options.log_level;
  return settings;
}

Settings read_settings(const Options& options) {
  return with_options(
      imgdedup::config::load_settings(options.settings_path, daemon_ns::problems_on_this_system),
      options);
}

/// For the next start to look into.
void remember_damage(const Settings& settings, const std::exception& error) {
  if (dynamic_cast<const store_ns::CatalogDamaged*>(&error))
    store_ns::write_suspicion(
        settings.catalog,
        {dynamic_cast<const store_ns::MeaninglessRow*>(&error) != nullptr, error.what()});
}

/// Those who wait for settings that no life of the service will take up.
void refuse(std::vector<daemon_ns::WaitingReload> reloads, const std::string& why) {
  for (const daemon_ns::WaitingReload& reload : reloads) {
    const std::string line =
        imgdedup::protocol::error_line(reload.request_id, imgdedup::protocol::ErrorCode::busy, why);
    (void)::send(reload.connection.socket.get(), line.data(), line.size(),
                 MSG_NOSIGNAL | MSG_DONTWAIT);
  }
}

/// Runs one Daemon after the other until it is told to stop. New settings that a Daemon cannot
/// begin with give way to the old ones; a catalog that cannot be used now is waited for.
int serve(Settings settings, const Options& options) {
  std::optional<Settings> fallback;
  daemon_ns::Legacy legacy;
  for (;;) {
    daemon_ns::set_log_level(settings.log_level);
    std::optional<daemon_ns::Daemon> daemon;
    std::string outage;
    try {
      daemon.emplace(settings, [&options] { return read_settings(options); });
    } catch (const std::exception& error) {
      if (fallback) {
        spdlog::error("cannot go on with the new settings: {}; back to the old ones", error.what());
        legacy.settings_problem = error.what();
        settings = *std::exchange(fallback, std::nullopt);
        continue;
      }
      if (!dynamic_cast<const store_ns::CatalogUnavailable*>(&error)) {
        remember_damage(settings, error);
        throw;
      }
      outage = error.what();
    }
    try {
      if (daemon) {
        daemon->take_over(std::exchange(legacy, {}));
        if (daemon->run() == daemon_ns::RunEnd::stopped) return 0;
        legacy = daemon->leave();
        fallback = std::exchange(settings, *daemon->new_settings());
        continue;
      }
    } catch (const store_ns::CatalogUnavailable& error) {
      outage = error.what();
      legacy = daemon->leave();
    } catch (const std::exception& error) {
      remember_damage(settings, error);
      throw;
    }
    // The catalog and the socket have to be free.
    daemon.reset();
    fallback.reset();
    refuse(std::exchange(legacy.reloads, {}), "the catalog cannot be used now: " + outage);
    if (daemon_ns::wait_for_catalog(settings, outage) == daemon_ns::OutageEnd::stopped) return 0;
    // Who had them read again meanwhile was told that this would happen now.
    try {
      legacy.settings_problem.clear();
      fallback = std::exchange(settings, read_settings(options));
    } catch (const std::runtime_error& error) {
      legacy.settings_problem = error.what();
    }
  }
}

int self_test_sandbox() {
  const std::string worker = imgdedup::worker::find_worker();
  const auto test = imgdedup::worker::test_sandbox(worker);
  std::cout << "worker        " << worker << '\n' << to_text(test);
  std::cout << (test.passed() ? "the sandbox holds\n" : "THE SANDBOX DOES NOT HOLD\n");
  return test.passed() ? 0 : exit_failed;
}

/// Watching and comparing hold many descriptors for a moment each.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, wanted_descriptors);
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) try {
  Options options;
  CLI::App app(
      "Watches folders and finds pictures that are there already. Stays in the foreground; "
      "imgdedupctl asks it and steers it.",
      "imgdedupd");
  app.failure_message([](const CLI::App* /*app*/, const CLI::Error& error) {
    return "imgdedupd: " + std::string(error.what()) + " (see imgdedupd --help)\n";
  });
  app.set_version_flag(
      "--version", std::string("imgdedupd ") + daemon_ns::version + "\n" + imgdedup::formats_text);
  app.add_option("--config", options.settings_path, "settings file")
      ->type_name("FILE")
      ->capture_default_str();
  app.add_flag("--check-config", options.check_only,
               "print every problem of the settings file, then what the service's user may not do "
               "in the watched folders, and end: 0 no problem, 2 some");
  app.add_flag(
      "--print-dropin", options.print_drop_in,
      "print a drop-in for the systemd unit that opens the watched folders to it, and end");
  app.add_flag("--self-test-sandbox", options.test_sandbox,
               "try to break out of the workers' sandbox and end: 0 it holds, 1 it does not");
  app.add_option("--log-level", options.log_level,
                 "trace, debug, info, warning or error, instead of the setting log.level")
      ->option_text("LEVEL")
      ->transform(CLI::Transformer(std::map<std::string, LogLevel>{{"trace", LogLevel::trace},
                                                                   {"debug", LogLevel::debug},
                                                                   {"info", LogLevel::info},
                                                                   {"warning", LogLevel::warning},
                                                                   {"error", LogLevel::error}}));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : exit_usage;
  }
  if (options.test_sandbox) return self_test_sandbox();
  // Catalog, log and quarantine tell what pictures people have.
  ::umask(0077);
  raise_descriptor_limit();
  // A peer that goes away is an error of one write, not the end of the service.
  ::signal(SIGPIPE, SIG_IGN);
  Settings settings;
  try {
    settings = read_settings(options);
  } catch (const imgdedup::config::ConfigError& error) {
    std::cerr << error.what() << '\n';
    return exit_usage;
  }
  if (options.print_drop_in) {
    std::cout << daemon_ns::drop_in_text(settings, options.settings_path);
    return std::cout.flush() ? 0 : exit_failed;
  }
  if (options.check_only) {
    for (const std::string& doubt : daemon_ns::doubts_about(settings))
      std::cerr << "warning: " << doubt << '\n';
    daemon_ns::report_access(settings, options.settings_path,
                             options.settings_path == default_settings_path, std::cerr);
    return 0;
  }
  // Before the first thread.
  imgdedup::event::hold_signals({SIGTERM, SIGINT, SIGHUP});
  daemon_ns::set_up_log();
  const int status = serve(std::move(settings), options);
  daemon_ns::end_log();
  return status;
} catch (const std::exception& error) {
  daemon_ns::end_log(std::string("imgdedupd: ") + error.what());
  return exit_failed;
}
