// SPDX-License-Identifier: Apache-2.0
// sync, distinct, quarantine apply, restore and purge, rescan, pause, resume, reload.
#include <algorithm>
#include <ostream>
#include <sstream>
#include <string>

#include "ctl/commands.h"
#include "ctl/human_text.h"
#include "ctl/progress_bar.h"
#include "protocol/reports.h"
#include "protocol/utf8.h"

namespace imgdedup::ctl {
namespace {

using protocol::Json;
using protocol::MoveReport;

/// Writes what happened to each entry, and remembers whether all went well.
class MoveWriter {
 public:
  /// done: the verb in the past, e.g. "restored".
  MoveWriter(const Task& task, std::string_view done)
      : task_(task), done_(done), array_(task.console) {}

  void add(const Json& item) {
    const auto move = item.get<MoveReport>();
    ++count_;
    if (!move.done) status_ = ExitStatus::failed;
    if (task_.wants_json()) {
      array_.add(item);
    } else if (move.done) {
      task_.console.out << done_ << ' ' << protocol::readable_text(move.path) << '\n';
      if (move.message)
        task_.console.errors << "imgdedupctl: " << move.id << ' '
                             << protocol::readable_text(move.path) << ": "
                             << protocol::readable_text(*move.message) << '\n';
    } else {
      task_.console.errors << "imgdedupctl: not " << done_ << ": " << move.id << ' '
                           << protocol::readable_text(move.path) << ": "
                           << protocol::readable_text(move.message.value_or("no reason given"))
                           << '\n';
    }
  }

  ExitStatus close() {
    if (task_.wants_json())
      array_.close();
    else if (count_ == 0)
      task_.console.out << "Nothing to be " << done_ << ".\n";
    return status_;
  }

 private:
  const Task& task_;
  std::string_view done_;
  JsonArrayWriter array_;
  std::uint64_t count_ = 0;
  ExitStatus status_ = ExitStatus::done;
};

/// Has the entries moved that the user named by id, or by the other parameters.
ExitStatus move_entries(const Task& task, std::string_view done) {
  MoveWriter writer(task, done);
  const auto handler = [&](const Json& item) {
    writer.add(item);
    return true;
  };
  const std::string_view method = task.invocation.command->name;
  std::span<const std::int64_t> left = task.invocation.ids;
  if (left.empty()) {
    protocol::for_each_item(task.client, method, task.invocation.params, handler, {});
    return writer.close();
  }
  while (!left.empty()) {
    const auto batch = left.first(std::min(left.size(), protocol::max_listed_ids));
    left = left.subspan(batch.size());
    Json params = task.invocation.params;
    params["ids"] = Json(std::vector<std::int64_t>(batch.begin(), batch.end()));
    protocol::for_each_item(task.client, method, params, handler, {});
  }
  return writer.close();
}

}  // namespace

ExitStatus sync_service(const Task& task) {
  // The service watches the time; this is for one that does not answer any more.
  constexpr std::chrono::seconds grace{5};
  Json result;
  {
    ProgressBar bar(task.console);
    protocol::Client::CallOptions options;
    if (task.invocation.timeout)
      options.deadline = std::chrono::steady_clock::now() + *task.invocation.timeout + grace;
    options.on_notification = [&](std::string_view method, const Json& params) {
      if (method != "progress") return;
      const auto progress = params.get<protocol::ProgressReport>();
      bar.show(progress.pending, progress.total);
    };
    result = task.client.call(task.invocation.command->name, task.invocation.params, options);
  }
  if (task.wants_json()) {
    write_json(task.console, result);
  } else {
    const auto report = result.get<protocol::SyncReport>();
    task.console.out << "Every file has its decision: " << count_text(report.files, "file")
                     << " judged in " << seconds_text(report.seconds) << ".\n";
  }
  return ExitStatus::done;
}

ExitStatus declare_distinct(const Task& task) {
  const Json result = call_command(task);
  if (task.wants_json()) {
    write_json(task.console, result);
    return ExitStatus::done;
  }
  const auto report = result.get<protocol::DistinctReport>();
  task.console.out << (report.distinct ? "These two are no duplicates of each other; remembered"
                                       : "These two are judged like any other files")
                   << (report.changed ? ".\n" : " (as before).\n");
  return ExitStatus::done;
}

ExitStatus apply_settings(const Task& task) { return move_entries(task, "judged anew"); }

ExitStatus restore_files(const Task& task) { return move_entries(task, "restored"); }

ExitStatus purge_files(const Task& task) { return move_entries(task, "purged"); }

ExitStatus change_state(const Task& task) {
  const Json result = call_command(task);
  if (task.wants_json())
    write_json(task.console, result);
  else if (task.invocation.command->name == "rescan")
    task.console.out << "Comparing; `imgdedupctl sync` waits for the end.\n";
  else
    task.console.out << "imgdedupd is " << name_of(result.get<protocol::StateReport>().state)
                     << ".\n";
  return ExitStatus::done;
}

ExitStatus reload_settings(const Task& task) {
  try {
    return change_state(task);
  } catch (const protocol::CallFailed& error) {
    // Each mistake in the settings is a line of its own.
    if (error.message().find('\n') == std::string::npos) throw;
    task.console.errors << "imgdedupctl: the settings stay as they were:\n";
    std::istringstream lines(error.message());
    for (std::string line; std::getline(lines, line);)
      task.console.errors << protocol::readable_text(line) << '\n';
    return ExitStatus::failed;
  }
}

}  // namespace imgdedup::ctl
