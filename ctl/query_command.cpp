// SPDX-License-Identifier: Apache-2.0
// query: files opened with the rights of the user, judged by the service.
#include <algorithm>

#include "ctl/commands.h"
#include "ctl/human_text.h"
#include "ctl/opened_file.h"
#include "ctl/table.h"
#include "protocol/path_text.h"
#include "protocol/reports.h"

namespace imgdedup::ctl {
namespace {

using protocol::Json;
using protocol::QueryReport;

Json report_of_problem(const std::string& path, const std::string& problem) {
  QueryReport report;
  report.path = absolute_path(path);
  report.judged = protocol::Judgement::unreadable;
  report.reason = matching::RefusalReason::unreadable;
  report.message = problem;
  return report;
}

/// The reports about `paths`, in their order.
std::vector<Json> query_batch(const Task& task, std::span<const std::string> paths,
                              ExitStatus& status) {
  std::vector<OpenedFile> opened;
  std::vector<int> descriptors;
  Json params = task.invocation.params;
  params["paths"] = Json::array();
  for (const std::string& path : paths) {
    const OpenedFile& file = opened.emplace_back(open_file(path));
    if (!file.problem.empty()) continue;
    descriptors.push_back(file.descriptor.get());
    params["paths"].push_back(protocol::path_to_param(absolute_path(path)));
  }
  Json items = Json::array();
  if (!descriptors.empty()) {
    protocol::Client::CallOptions options;
    options.descriptors = descriptors;
    items = task.client.call(task.invocation.command->name, params, options).at("items");
  }
  if (!items.is_array() || items.size() != descriptors.size())
    throw protocol::MalformedReply("the service answered about other files than were asked about");
  std::vector<Json> reports;
  std::size_t answered = 0;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (opened[i].problem.empty()) {
      reports.push_back(items[answered++]);
    } else {
      reports.push_back(report_of_problem(paths[i], opened[i].problem));
      status = ExitStatus::failed;
    }
  }
  return reports;
}

std::vector<std::string> row_of(const std::string& path, const QueryReport& report) {
  std::string judged(name_of(report.judged));
  // An original with a relation is one that only a network takes for like another.
  if (report.judged == protocol::Judgement::original && report.relation)
    judged += " (looks alike)";
  else if (report.relation)
    judged += " (" + std::string(name_of(*report.relation)) + ")";
  return {path, judged, report.evidence ? evidence_text(*report.evidence) : "",
          report.original.value_or(report.message.value_or(""))};
}

}  // namespace

ExitStatus query_files(const Task& task) {
  ExitStatus status = ExitStatus::done;
  JsonArrayWriter array(task.console);
  Table table(task.console, {{"FILE"}, {"JUDGED"}, {"EVIDENCE"}, {"ORIGINAL OR REASON"}});
  std::span<const std::string> left = task.invocation.files;
  while (!left.empty()) {
    const auto batch = left.first(std::min(left.size(), protocol::max_request_descriptors));
    left = left.subspan(batch.size());
    const std::vector<Json> reports = query_batch(task, batch, status);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (task.wants_json())
        array.add(reports[i]);
      else
        table.add(row_of(batch[i], reports[i].get<QueryReport>()));
    }
  }
  if (task.wants_json()) array.close();
  table.flush();
  return status;
}

}  // namespace imgdedup::ctl
