// SPDX-License-Identifier: Apache-2.0
// status and metrics.
#include <chrono>
#include <cmath>
#include <ostream>

#include "ctl/commands.h"
#include "ctl/human_text.h"
#include "ctl/table.h"
#include "protocol/status_report.h"
#include "protocol/utf8.h"

namespace imgdedup::ctl {
namespace {

using protocol::RootMode;
using protocol::RootReport;
using protocol::ServiceState;
using protocol::StatusReport;

protocol::Time now() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

Colour colour_of(ServiceState state) {
  switch (state) {
    case ServiceState::idle:
    case ServiceState::scanning:
      return Colour::green;
    case ServiceState::starting:
    case ServiceState::paused:
      return Colour::yellow;
    case ServiceState::degraded:
      return Colour::red;
  }
  return Colour::bold;
}

std::string duplicates_text(const StatusReport& report) {
  std::string text;
  for (std::size_t i = 0; i < report.duplicates.size(); ++i) {
    if (i > 0) text += ", ";
    text += std::string(name_of(static_cast<matching::Relation>(i))) + " " +
            count_text(report.duplicates[i]);
  }
  return text;
}

std::string sandbox_text(const protocol::SandboxReport& sandbox) {
  const std::string rule = sandbox.required ? "required" : "best effort";
  if (!sandbox.missing) return rule + ", no worker yet";
  std::string text;
  for (const std::string& layer : *sandbox.missing) text += (text.empty() ? "" : ", ") + layer;
  return rule + (text.empty() ? ", complete" : ", WITHOUT " + text);
}

void write_figure(const Console& console, std::string_view name, const std::string& value) {
  constexpr std::size_t name_columns = 13;
  console.out << name << std::string(name_columns - name.size(), ' ')
              << protocol::readable_text(value) << '\n';
}

void write_figures(const Console& console, const StatusReport& report) {
  write_figure(console, "images",
               count_text(report.images) + " (" + count_text(report.contents, "content") + ", " +
                   bytes_text(report.bytes) + ")");
  std::string pending = count_text(report.pending);
  if (report.pending > 0)
    pending += " (" + std::to_string(std::llround(report.images_per_second)) + " images/s)";
  write_figure(console, "pending", pending);
  write_figure(console, "duplicates", duplicates_text(report));
  std::string quarantined = count_text(report.quarantined.files, "file");
  if (report.quarantined.files > 0) quarantined += ", " + bytes_text(report.quarantined.bytes);
  if (report.quarantined.orphans > 0)
    quarantined += "; last copies: " + count_text(report.quarantined.orphans);
  write_figure(console, "quarantined", quarantined);
  std::string unreadable = count_text(report.unreadable);
  if (report.incomplete > 0)
    unreadable += " (and " + count_text(report.incomplete) + " incomplete)";
  write_figure(console, "unreadable", unreadable);
  std::string index = count_text(report.index.hashes) + " hashes";
  if (report.index.features > 0)
    index += ", features of " + count_text(report.index.features) + " pictures in " +
             bytes_text(report.index.feature_bytes);
  if (report.index.embeddings > 0)
    index += ", embeddings of " + count_text(report.index.embeddings) + " in " +
             bytes_text(report.index.embedding_bytes);
  write_figure(console, "index", index + ", built in " + seconds_text(report.index.build_seconds));
  write_figure(console, "memory", bytes_text(report.memory_bytes));
  write_figure(console, "sandbox", sandbox_text(report.sandbox));
  std::string last_error = report.last_error.value_or("none");
  if (report.last_error_at) last_error = age_text(*report.last_error_at, now()) + ": " + last_error;
  write_figure(console, "last error", last_error);
  for (const std::string& reason : report.degraded) write_figure(console, "degraded", reason);
}

std::string note_of(const RootReport& root) {
  if (root.error) return *root.error;
  if (root.mode == RootMode::events && root.polled_directories > 0)
    return count_text(root.polled_directories) + " of the directories are polled";
  return "";
}

void write_roots(const Console& console, const StatusReport& report) {
  if (report.roots.empty()) {
    console.out << "\nNo folder is watched.\n";
    return;
  }
  console.out << '\n';
  Table table(console, {{"FOLDER"},
                        {"MODE"},
                        {"IMAGES", Alignment::right},
                        {"DIRECTORIES", Alignment::right},
                        {"COMPARED"},
                        {"NOTE"}});
  for (const RootReport& root : report.roots)
    table.add({root.path, std::string(name_of(root.mode)), count_text(root.images),
               count_text(root.directories),
               root.last_reconcile ? age_text(*root.last_reconcile, now()) : "not yet",
               note_of(root)});
  table.flush();
}

}  // namespace

ExitStatus show_status(const Task& task) {
  const protocol::Json result = call_command(task);
  if (task.wants_json()) {
    write_json(task.console, result);
    return ExitStatus::done;
  }
  const auto report = result.get<StatusReport>();
  const Console& console = task.console;
  console.out << "imgdedupd " << protocol::readable_text(report.version) << " is "
              << console.painted(colour_of(report.state), name_of(report.state)) << ", process "
              << report.pid << ", up " << seconds_text(report.uptime_seconds) << "\n\n";
  write_figures(console, report);
  write_roots(console, report);
  return ExitStatus::done;
}

ExitStatus show_metrics(const Task& task) {
  const protocol::Json result = call_command(task);
  if (task.wants_json()) {
    write_json(task.console, result);
    return ExitStatus::done;
  }
  const auto text = result.at("text").get<std::string>();
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    task.console.out << protocol::readable_text(std::string_view(text).substr(begin, end - begin))
                     << '\n';
    begin = end + 1;
  }
  return ExitStatus::done;
}

}  // namespace imgdedup::ctl
