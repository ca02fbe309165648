// SPDX-License-Identifier: Apache-2.0
// The service while its catalog cannot be used.
#include "daemon/catalog_outage.h"

#include <signal.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <chrono>

#include "daemon/degradation.h"
#include "daemon/event/line_server.h"
#include "daemon/event/loop.h"
#include "daemon/event/signals.h"
#include "daemon/event/timer.h"
#include "daemon/log.h"
#include "daemon/service_manager.h"
#include "daemon/socket_group.h"
#include "daemon/status_builder.h"
#include "daemon/version.h"
#include "protocol/command_table.h"
#include "protocol/json_rpc.h"
#include "protocol/utf8.h"
#include "store/catalog_probe.h"

namespace imgdedup::daemon {
namespace {

using protocol::ErrorCode;
using std::chrono::steady_clock;

constexpr std::chrono::milliseconds probe_interval{1000};

class Outage final : public event::LineHandler {
 public:
  Outage(const config::Settings& settings, std::string why)
      : settings_(settings),
        why_(std::move(why)),
        server_(loop_, {settings.socket.path, 0660, group_id(settings.socket.group)},
                event::LineServerLimits{}, *this),
        terminate_(loop_, SIGTERM, [this] { stop(); }),
        interrupt_(loop_, SIGINT, [this] { stop(); }),
        hang_up_(loop_, SIGHUP,
                 [] { spdlog::warn("the settings are read again when the catalog is back"); }),
        probe_timer_(loop_, [this] { probe(); }),
        watchdog_timer_(loop_, [this] { manager_.feed_watchdog(); }) {
    manager_.ready();
    manager_.set_status("degraded, waits for the catalog: " + protocol::readable_text(why_));
    if (const auto interval = manager_.watchdog_interval())
      watchdog_timer_.start_repeating(*interval);
    probe_timer_.start_repeating(probe_interval);
  }

  OutageEnd run() {
    loop_.run();
    return end_;
  }

  void on_line(event::ConnectionId connection, const event::Peer& /*peer*/, std::string line,
               std::vector<posix::UniqueDescriptor> /*descriptors*/) override {
    const auto parsed = protocol::parse_request(line);
    if (const auto* error = std::get_if<protocol::RequestError>(&parsed))
      send(connection, protocol::error_line(*error));
    else
      send(connection, answer(std::get<protocol::Request>(parsed)));
  }
  void on_closed(event::ConnectionId /*connection*/) override {}

 private:
  [[nodiscard]] std::string answer(const protocol::Request& request) const {
    if (request.method == "status")
      return protocol::result_line(request.id, protocol::Json(report()));
    if (request.method == "metrics")
      return protocol::result_line(request.id, {{"text", metrics_text(report())}});
    if (!protocol::find_command(request.method))
      return protocol::error_line(
          request.id, ErrorCode::unknown_method,
          "there is no command `" + protocol::readable_text(request.method) + "`");
    return protocol::error_line(request.id, ErrorCode::busy, trouble());
  }

  [[nodiscard]] std::string trouble() const {
    return "cannot be used now: " + why_ +
           "; nothing is judged or moved until then, and nothing is lost. Make room or give it "
           "back; the service goes on by itself";
  }

  [[nodiscard]] protocol::StatusReport report() const {
    protocol::StatusReport report;
    report.version = version;
    report.state = protocol::ServiceState::degraded;
    report.pid = ::getpid();
    report.uptime_seconds = std::chrono::duration<double>(steady_clock::now() - begin_).count();
    for (const auto& root : settings_.watch) {
      auto& entry = report.roots.emplace_back();
      entry.path = root.path;
      entry.mode = protocol::RootMode::offline;
      entry.error = "waits for the catalog";
    }
    report.log_lines_dropped = log_lines_dropped();
    report.degraded = {degradation_line("catalog", trouble())};
    report.last_error = "catalog: " + why_;
    report.last_error_at = since_;
    return report;
  }

  void send(event::ConnectionId connection, std::string_view line) {
    if (line.ends_with('\n')) line.remove_suffix(1);
    server_.send(connection, line);
  }

  void probe() {
    std::string why = store::why_catalog_is_unavailable(settings_.catalog);
    if (why.empty())
      loop_.stop();
    else
      why_ = std::move(why);
  }

  void stop() {
    spdlog::info("stopping");
    manager_.stopping();
    end_ = OutageEnd::stopped;
    loop_.stop();
  }

  const config::Settings& settings_;
  std::string why_;
  protocol::Time since_ =
      std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  OutageEnd end_ = OutageEnd::over;
  steady_clock::time_point begin_ = steady_clock::now();
  event::Loop loop_;
  ServiceManager manager_;
  event::LineServer server_;
  event::SignalWatch terminate_;
  event::SignalWatch interrupt_;
  event::SignalWatch hang_up_;
  event::Timer probe_timer_;
  event::Timer watchdog_timer_;
};

}  // namespace

OutageEnd wait_for_catalog(const config::Settings& settings, const std::string& why) {
  spdlog::error("the catalog cannot be used, nothing is judged or moved until it can: {}",
                protocol::readable_text(why));
  const OutageEnd end = Outage(settings, why).run();
  if (end == OutageEnd::over) spdlog::info("the catalog can be used again");
  return end;
}

}  // namespace imgdedup::daemon
