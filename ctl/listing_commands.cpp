// SPDX-License-Identifier: Apache-2.0
// duplicates, groups, quarantine list, files, unreadable, events.
#include <chrono>
#include <ostream>
#include <utility>

#include "ctl/commands.h"
#include "ctl/human_text.h"
#include "ctl/table.h"
#include "protocol/path_text.h"
#include "protocol/reports.h"
#include "protocol/utf8.h"

namespace imgdedup::ctl {
namespace {

using protocol::DecisionReport;
using protocol::Json;

/// Hands on each item of the command's listing.
template <typename Handler>
void for_each_listed(const Task& task, Handler handler) {
  protocol::ListingOptions options;
  options.page_time = answer_time;
  if (task.invocation.max_items) options.max_items = *task.invocation.max_items;
  protocol::for_each_item(
      task.client, task.invocation.command->name, task.invocation.params,
      [&](const Json& item) {
        handler(item);
        return true;
      },
      options);
}

void write_json_array(const Task& task) {
  JsonArrayWriter array(task.console);
  for_each_listed(task, [&](const Json& item) { array.add(item); });
  array.close();
}

/// Lists Reports as a table: one row each, made by `row_of`; `none` where there is nothing.
template <typename Report, typename RowOf>
ExitStatus list_as_table(const Task& task, std::vector<Column> columns, std::string_view none,
                         RowOf row_of) {
  if (task.wants_json()) {
    write_json_array(task);
    return ExitStatus::done;
  }
  Table table(task.console, std::move(columns));
  for_each_listed(task, [&](const Json& item) { table.add(row_of(item.get<Report>())); });
  table.flush();
  if (table.row_count() == 0) task.console.out << none << '\n';
  return ExitStatus::done;
}

protocol::Time now() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

std::string action_text(const DecisionReport& decision) {
  if (decision.not_moved) return "not moved";
  std::string text(decision.state == matching::DecisionState::standing ? name_of(decision.action)
                                                                       : name_of(decision.state));
  if (decision.action_limit != matching::ActionLimit::none)
    text += " (" + std::string(name_of(decision.action_limit)) + ")";
  return text;
}

/// Writes groups with aligned evidence below each original.
class GroupWriter {
 public:
  explicit GroupWriter(const Console& console) : console_(console) {}

  void add(const protocol::GroupReport& group) {
    if (group.id != last_id_) {
      if (last_id_) console_.out << '\n';
      console_.out << console_.painted(Colour::bold, protocol::readable_text(group.original))
                   << "  (" << count_text(group.copies, "duplicate") << ")\n";
      last_id_ = group.id;
    }
    // Wider where what is shown is: "turned 90°, shows 49 % of it" and more.
    std::size_t evidence_columns = 22;
    std::size_t action_columns = 13;
    for (const DecisionReport& decision : group.duplicates) {
      const auto wide = [](const std::string& text) { return protocol::display_width(text) + 2; };
      evidence_columns = std::max(evidence_columns, wide(evidence_text(decision.evidence)));
      action_columns = std::max(action_columns, wide(action_text(decision)));
    }
    for (const DecisionReport& decision : group.duplicates) {
      console_.out << "  " << padded(std::string(name_of(decision.relation)), 8)
                   << padded(evidence_text(decision.evidence), evidence_columns)
                   << padded(action_text(decision), action_columns)
                   << protocol::readable_text(decision.path) << '\n';
      if (decision.not_moved)
        console_.out << "          not moved: " << protocol::readable_text(*decision.not_moved)
                     << '\n';
    }
  }
  [[nodiscard]] bool is_empty() const { return !last_id_; }

 private:
  static std::string padded(std::string text, std::size_t columns) {
    const std::size_t width = protocol::display_width(text);
    return text + std::string(columns > width ? columns - width : 1, ' ');
  }

  const Console& console_;
  std::optional<std::int64_t> last_id_;
};

/// The items of `groups`, parts of one group joined.
void write_json_groups(const Task& task) {
  JsonArrayWriter array(task.console);
  Json group;
  for_each_listed(task, [&](const Json& item) {
    if (!group.is_null() && group.at("id") == item.at("id")) {
      for (const Json& decision : item.at("duplicates")) group["duplicates"].push_back(decision);
      return;
    }
    if (!group.is_null()) array.add(group);
    group = item;
  });
  if (!group.is_null()) array.add(group);
  array.close();
}

}  // namespace

ExitStatus list_duplicates(const Task& task) {
  // Reasons are too long for a column.
  constexpr std::size_t most_reasons = 20;
  std::vector<std::string> reasons;
  std::size_t not_moved = 0;
  const ExitStatus status = list_as_table<DecisionReport>(
      task,
      {{"ID", Alignment::right},
       {"DECIDED"},
       {"RELATION"},
       {"EVIDENCE"},
       {"ACTION"},
       {"DUPLICATE"},
       {"ORIGINAL"}},
      "No duplicates.", [&](const DecisionReport& decision) -> std::vector<std::string> {
        if (decision.not_moved && not_moved++ < most_reasons)
          reasons.push_back(std::to_string(decision.id) + " not moved: " + *decision.not_moved);
        return {std::to_string(decision.id),
                age_text(decision.decided_at, now()),
                std::string(name_of(decision.relation)),
                evidence_text(decision.evidence),
                action_text(decision),
                decision.path,
                decision.original};
      });
  if (!reasons.empty()) task.console.out << '\n';
  for (const std::string& reason : reasons)
    task.console.out << protocol::readable_text(reason) << '\n';
  if (not_moved > reasons.size())
    task.console.out << "and " << count_text(not_moved - reasons.size())
                     << " more not moved; --json has the reason of each\n";
  return status;
}

ExitStatus list_groups(const Task& task) {
  if (task.wants_json()) {
    write_json_groups(task);
    return ExitStatus::done;
  }
  GroupWriter writer(task.console);
  for_each_listed(task, [&](const Json& item) { writer.add(item.get<protocol::GroupReport>()); });
  if (writer.is_empty()) task.console.out << "No duplicates.\n";
  return ExitStatus::done;
}

ExitStatus list_quarantine(const Task& task) {
  using Entry = protocol::QuarantineEntryReport;
  return list_as_table<Entry>(task,
                              {{"ID", Alignment::right},
                               {"QUARANTINED"},
                               {"RELATION"},
                               {"SIZE", Alignment::right},
                               {"LAST COPY"},
                               {"FILE"},
                               {"ORIGINAL"}},
                              task.invocation.params.contains("orphans")
                                  ? "No last copies in quarantine."
                                  : "Nothing in quarantine.",
                              [](const Entry& entry) -> std::vector<std::string> {
                                return {std::to_string(entry.id),
                                        age_text(entry.quarantined_at, now()),
                                        std::string(name_of(entry.relation)),
                                        bytes_text(entry.bytes),
                                        entry.changed     ? "yes, changed"
                                        : entry.last_copy ? "yes"
                                                          : "",
                                        entry.path,
                                        entry.original};
                              });
}

ExitStatus list_files(const Task& task) {
  if (task.wants_json()) {
    write_json_array(task);
    return ExitStatus::done;
  }
  const bool ends_with_nul = task.invocation.separator == Separator::nul;
  for_each_listed(task, [&](const Json& item) {
    const std::string path = protocol::get_path(item, "path");
    task.console.out << (ends_with_nul ? path : protocol::readable_text(path))
                     << (ends_with_nul ? '\0' : '\n');
  });
  return ExitStatus::done;
}

ExitStatus list_unreadable(const Task& task) {
  using protocol::UnreadableReport;
  return list_as_table<UnreadableReport>(
      task, {{"STATE"}, {"REASON"}, {"FILE"}, {"DETAIL"}}, "Every image could be read.",
      [](const UnreadableReport& file) -> std::vector<std::string> {
        return {std::string(name_of(file.state)), std::string(name_of(file.reason)), file.path,
                file.message};
      });
}

ExitStatus print_events(const Task& task) {
  if (!task.invocation.params.contains("follow")) {
    if (task.wants_json())
      write_json_array(task);
    else
      for_each_listed(task, [&](const Json& item) { write_json(task.console, item); });
    return ExitStatus::done;
  }
  const auto on_notification = [&](std::string_view method, const Json& params) {
    if (method != "decision") return;
    write_json(task.console, params);
    task.console.out << std::flush;
  };
  protocol::Client::CallOptions options;
  options.deadline = std::chrono::steady_clock::now() + answer_time;
  options.on_notification = on_notification;
  const Json result =
      task.client.call(task.invocation.command->name, task.invocation.params, options);
  for (const Json& item : result.at("items")) write_json(task.console, item);
  task.console.out << std::flush;
  task.client.listen(on_notification);
  throw protocol::ServiceUnreachable("the service closed the connection");
}

}  // namespace imgdedup::ctl
