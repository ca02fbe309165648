// SPDX-License-Identifier: Apache-2.0
// The commands that list what the catalog holds, a page at a time.
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "daemon/control_context.h"
#include "daemon/page_room.h"
#include "daemon/reports_from_store.h"
#include "protocol/utf8.h"

namespace imgdedup::daemon {
namespace {

using protocol::Json;

constexpr std::int64_t newest_events_count = 10;

std::string under_of(const Json& params) {
  const auto under = params.find("under");
  return under == params.end() || under->is_null() ? "" : under->get<std::string>();
}

/// Of a page of rows as many items as have room.
template <typename Row, typename Report>
Json page_of(const store::Page<Row, std::int64_t>& page, Report report) {
  Json items = Json::array();
  PageRoom room;
  std::int64_t last = 0;
  for (const Row& row : page.rows) {
    Json item = report(row);
    if (!room.takes(item)) return protocol::make_page(std::move(items), last);
    items.push_back(std::move(item));
    last = row.id;
  }
  return protocol::make_page(std::move(items), page.next ? Json(*page.next) : Json());
}

store::PageSize size_of(const Json& params) {
  return {params.at("limit").get<std::size_t>(), most_rows_looked_at};
}

/// A decision in force, and what has become of its move.
protocol::DecisionReport report_in(const ControlContext& context,
                                   const store::CatalogDecision& decision) {
  protocol::DecisionReport report = report_of(decision);
  if (decision.state == matching::DecisionState::standing)
    if (const auto why = context.mover.why_not_moved(decision.id))
      report.not_moved = protocol::readable_text(*why);
  return report;
}

std::optional<matching::ContentDigest> digest_of(ControlContext& context,
                                                 const store::CatalogFile& file) {
  if (!file.content_id) return std::nullopt;
  const auto content = context.library.catalog().content(*file.content_id);
  if (!content) return std::nullopt;
  return content->fingerprint.content_digest;
}

/// A folder that is gone is compared as long as the catalog has files of it.
void check_there(ControlContext& context, const std::string& path) {
  const Root* root = context.roots.holding(path);
  if (!root->is_online() || path == root->settings.path ||
      !context.library.catalog().directories_below(path).empty())
    return;
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0)
    throw CommandFailure(protocol::ErrorCode::not_found,
                         protocol::readable_text(path) + ": " + std::strerror(errno));
  if (!S_ISDIR(status.st_mode))
    throw CommandFailure(protocol::ErrorCode::not_found,
                         protocol::readable_text(path) + " is no folder; name the one it lies in");
}

}  // namespace

std::int64_t after_of(const Json& params) {
  const auto after = params.find("after");
  if (after == params.end() || after->is_null()) return 0;
  if (!after->is_number_integer())
    throw CommandFailure(protocol::ErrorCode::invalid_params,
                         "after: is not the `next` of a page of this listing");
  return after->get<std::int64_t>();
}

Json list_duplicates(ControlContext& context, const Json& params) {
  store::DecisionFilter filter;
  if (const auto relation = params.find("relation");
      relation != params.end() && relation->is_string())
    filter.relation = matching::relation_from_name(relation->get<std::string>());
  filter.under = under_of(params);
  return page_of(
      context.library.catalog().decisions_in_force(filter, after_of(params), size_of(params)),
      [&](const store::CatalogDecision& decision) { return Json(report_in(context, decision)); });
}

Json list_groups(ControlContext& context, const Json& params) {
  store::GroupPlace after;
  if (const auto cursor = params.find("after"); cursor != params.end() && !cursor->is_null()) {
    const auto place = cursor->is_string()
                           ? protocol::group_cursor_from_text(cursor->get<std::string>())
                           : std::nullopt;
    if (!place)
      throw CommandFailure(protocol::ErrorCode::invalid_params,
                           "after: is not the `next` of a page of groups");
    after = {place->group_id, place->decision_id};
  }
  store::Catalog& catalog = context.library.catalog();
  const store::GroupPage page =
      catalog.decisions_by_group(under_of(params), after, size_of(params));
  std::vector<protocol::GroupReport> groups;
  std::optional<store::GroupPlace> next = page.next;
  PageRoom room;
  for (const store::CatalogDecision& decision : page.rows) {
    const protocol::DecisionReport report = report_in(context, decision);
    if (!room.takes(report)) {
      next = after;
      break;
    }
    after = {decision.original_file_id, decision.id};
    if (groups.empty() || groups.back().id != decision.original_file_id) {
      protocol::GroupReport& group = groups.emplace_back();
      group.id = decision.original_file_id;
      group.original = decision.original_path;
      group.content = decision.original_content;
      group.copies = catalog.count_decisions_against(decision.original_file_id);
      room.count(group);
    }
    groups.back().duplicates.push_back(report);
  }
  return protocol::make_page(
      groups, next ? Json(to_text(protocol::GroupCursor{next->original_file_id, next->decision_id}))
                   : Json());
}

Json list_files(ControlContext& context, const Json& params) {
  return page_of(
      context.library.catalog().files_below(under_of(params), after_of(params), size_of(params)),
      [&](const store::CatalogFile& file) {
        return Json(protocol::FileReport{file.id, file.path, file.state,
                                         static_cast<std::uint64_t>(file.stamp.size_bytes),
                                         digest_of(context, file)});
      });
}

Json list_unreadable(ControlContext& context, const Json& params) {
  return page_of(context.library.catalog().refused_files(after_of(params), size_of(params)),
                 [](const store::CatalogFile& file) {
                   const matching::Refusal refusal = file.refusal.value_or(matching::Refusal{});
                   return Json(protocol::UnreadableReport{file.id, file.path, file.state,
                                                          refusal.reason, refusal.message});
                 });
}

Json list_events(ControlContext& context, const Json& params) {
  const std::size_t limit = size_of(params).rows;
  store::DecisionPage page{context.library.catalog().decisions_after(after_of(params), limit), {}};
  if (page.rows.size() == limit) page.next = page.rows.back().id;
  return page_of(page,
                 [](const store::CatalogDecision& decision) { return Json(report_of(decision)); });
}

Json newest_events(ControlContext& context) {
  store::Catalog& catalog = context.library.catalog();
  const auto after = std::max<std::int64_t>(0, catalog.last_decision_id() - newest_events_count);
  Json items = Json::array();
  for (const auto& decision :
       catalog.decisions_after(after, static_cast<std::size_t>(newest_events_count)))
    items.push_back(report_of(decision));
  return protocol::make_page(std::move(items), Json());
}

Json rescan(ControlContext& context, const Json& params) {
  const auto directory = params.find("directory");
  if (directory == params.end() || directory->is_null()) {
    context.reconciler.start_pass();
  } else {
    const auto path = directory->get<std::string>();
    if (!context.roots.holding(path))
      throw CommandFailure(protocol::ErrorCode::not_found,
                           "it lies in no watched folder; `status` lists these");
    check_there(context, path);
    context.reconciler.look_below(path);
  }
  using matching::RefusalReason;
  context.refused_again.start({RefusalReason::unreadable, RefusalReason::over_limit,
                               RefusalReason::timed_out, RefusalReason::out_of_memory,
                               RefusalReason::crashed});
  context.mover.carry_out_all();
  context.look_at_access();
  return protocol::StateReport{context.status.state()};
}

}  // namespace imgdedup::daemon
