// SPDX-License-Identifier: Apache-2.0
// export: copies of duplicates and of unique files in two folders.
#include "ctl/export_command.h"

#include <array>
#include <filesystem>
#include <ostream>
#include <set>
#include <stdexcept>
#include <utility>

#include "ctl/export_folder.h"
#include "ctl/export_plan.h"
#include "ctl/human_text.h"
#include "ctl/progress_bar.h"
#include "ctl/watched_folders.h"
#include "protocol/path_text.h"
#include "protocol/reports.h"
#include "protocol/utf8.h"

namespace imgdedup::ctl {
namespace {

using protocol::Json;

std::string path_param(const Task& task, const char* name) {
  return protocol::path_from_param(task.invocation.params.at(name)).value();
}

template <typename Report, typename Handler>
void for_each_report(const Task& task, std::string_view method, bool with_under, Handler handler) {
  Json params = Json::object();
  const Json& given = task.invocation.params;
  if (with_under && given.contains("under")) params["under"] = given.at("under");
  protocol::ListingOptions options;
  options.page_time = answer_time;
  protocol::for_each_item(
      task.client, method, params,
      [&](const Json& item) {
        handler(item.get<Report>());
        return true;
      },
      options);
}

std::vector<std::string> watched_roots(const Task& task) {
  protocol::Client::CallOptions options;
  options.deadline = std::chrono::steady_clock::now() + answer_time;
  const auto status =
      task.client.call("status", Json::object(), options).get<protocol::StatusReport>();
  std::vector<std::string> roots;
  for (const auto& root : status.roots) roots.push_back(root.path);
  return roots;
}

ExportPlan plan_of(const Task& task, const std::vector<std::string>& roots) {
  ExportPlanner planner(roots);
  // Files first: one that is judged between the two listings is then left to the next export.
  for_each_report<protocol::FileReport>(task, "files", true,
                                        [&](const auto& file) { planner.add_file(file); });
  for_each_report<protocol::DecisionReport>(
      task, "duplicates", true, [&](const auto& decision) { planner.add_decision(decision); });
  if (planner.has_quarantined())
    for_each_report<protocol::QuarantineEntryReport>(
        task, "quarantine.list", false, [&](const auto& entry) { planner.add_quarantined(entry); });
  return planner.plan();
}

Json report_of(const ExportFolder& folder) {
  Json report = Json::object();
  protocol::put_path(report, "directory", folder.path());
  protocol::put_path(report, "list", folder.list_path());
  const ExportFigures& figures = folder.figures();
  report["files"] = figures.files;
  report["copied"] = figures.copied;
  report["copied_bytes"] = figures.bytes;
  report["removed"] = figures.removed;
  return report;
}

std::string line_about(std::string_view sort, const ExportFolder& folder, ExportForm form) {
  const ExportFigures& figures = folder.figures();
  std::string text = std::string(sort) + count_text(figures.files, "file") + " in " +
                     protocol::readable_text(folder.path());
  std::string changes;
  if (figures.copied > 0)
    changes += count_text(figures.copied) +
               (form == ExportForm::link ? " linked" : " copied, " + bytes_text(figures.bytes));
  if (figures.removed > 0)
    changes += (changes.empty() ? "" : "; ") + count_text(figures.removed) +
               " of an earlier export removed";
  return text + " (" + (changes.empty() ? "nothing to change" : changes) + ")\n";
}

class Export {
 public:
  explicit Export(const Task& task)
      : task_(task),
        form_(task.invocation.params.contains("link") ? ExportForm::link : ExportForm::copy),
        roots_(watched_roots(task)) {}

  ExitStatus run() {
    const std::string duplicates_path = path_param(task_, "duplicates");
    const std::string unique_path = path_param(task_, "unique");
    check_export_folders(duplicates_path, unique_path, roots_);
    const ExportPlan plan = plan_of(task_, roots_);
    ExportFolder duplicates(duplicates_path, std::string(duplicates_list_name));
    ExportFolder unique(unique_path, std::string(unique_list_name));
    const bool holds_nothing =
        plan.duplicates.empty() && plan.unique.empty() && plan.undecided.empty();
    std::set<std::string> staying = plan.undecided;
    staying.insert(plan.unread.begin(), plan.unread.end());
    if (holds_nothing && (duplicates.has_exported_files() || unique.has_exported_files()))
      throw std::runtime_error(
          "the catalog holds no such file now; what was exported before is left as it is");
    // Both first, for a file may go from one folder to the other on a disk that is nearly full.
    duplicates.remove_stale(plan.duplicates, staying);
    unique.remove_stale(plan.unique, staying);
    place_all(duplicates, plan.duplicates, unique, plan.unique);
    duplicates.finish(plan.duplicates, true);
    unique.finish(plan.unique, false);
    return report(duplicates, unique, plan.undecided.size());
  }

 private:
  void place_all(ExportFolder& duplicates, const PlannedFiles& duplicate_files,
                 ExportFolder& unique, const PlannedFiles& unique_files) {
    ProgressBar bar(task_.console);
    const std::uint64_t total = duplicate_files.size() + unique_files.size();
    std::uint64_t pending = total;
    const auto place_each = [&](ExportFolder& folder, const PlannedFiles& files) {
      for (const auto& [exported, file] : files) {
        bar.show(pending--, total);
        folder.place(exported, file, form_);
      }
    };
    place_each(duplicates, duplicate_files);
    place_each(unique, unique_files);
  }

  ExitStatus report(const ExportFolder& duplicates, const ExportFolder& unique,
                    std::uint64_t undecided) const {
    const Console& console = task_.console;
    Json problems = Json::array();
    for (const ExportFolder* folder : {&duplicates, &unique})
      for (const ExportProblem& problem : folder->problems()) {
        Json& item = problems.emplace_back(Json::object());
        protocol::put_path(item, "path", problem.path);
        item["message"] = protocol::readable_text(problem.message);
        if (!task_.wants_json())
          console.errors << "imgdedupctl: " << protocol::readable_text(problem.path) << ": "
                         << protocol::readable_text(problem.message) << '\n';
      }
    const ExitStatus status = problems.empty() ? ExitStatus::done : ExitStatus::failed;
    if (task_.wants_json()) {
      write_json(console, {{"duplicates", report_of(duplicates)},
                           {"unique", report_of(unique)},
                           {"pending", undecided},
                           {"problems", std::move(problems)}});
      return status;
    }
    console.out << line_about("duplicates  ", duplicates, form_)
                << line_about("unique      ", unique, form_);
    if (undecided > 0)
      console.out << count_text(undecided, "file")
                  << (undecided == 1 ? " waits for its decision and is"
                                     : " wait for their decision and are")
                  << " in neither folder yet; `imgdedupctl sync` returns when all are decided.\n";
    return status;
  }

  const Task& task_;
  ExportForm form_;
  std::vector<std::string> roots_;
};

using enum protocol::ParameterKind;
using enum protocol::Presence;

constexpr auto parameters = std::to_array<protocol::Parameter>(
    {{"duplicates", path, required, "the folder for files that are duplicates of another one"},
     {"unique", path, required, "the folder for all other files"},
     {"link", boolean, optional, "make symbolic links to the files instead of copies"},
     {"under", path, optional, "only what lies in or below this folder"}});

constexpr protocol::Command command{
    "export",
    protocol::CommandLevel::read,
    "export --duplicates DIR --unique DIR [--link] [--under DIR]",
    "copy duplicates and unique files into two folders, with a list of each",
    parameters,
    {}};

constexpr protocol::CommandWords words{
    "export",
    "Run again, it leaves there exactly what holds then: what changed is copied anew, what holds "
    "no more is removed, and nothing of others is touched. A list in CSV lies in each folder.",
    "export --duplicates out/duplicates --unique out/unique"};

}  // namespace

const protocol::Command& export_command() { return command; }

const protocol::CommandWords& export_words() { return words; }

ExitStatus export_files(const Task& task) { return Export(task).run(); }

}  // namespace imgdedup::ctl
