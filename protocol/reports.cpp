// SPDX-License-Identifier: Apache-2.0
// The JSON forms of quarantine entries, files, and what the commands answer that do something.
#include "protocol/reports.h"

#include <utility>

#include "protocol/json_fields.h"
#include "protocol/path_text.h"

namespace imgdedup::protocol {

void to_json(Json& json, const QuarantineEntryReport& report) {
  json = Json::object();
  json["id"] = report.id;
  put_path(json, "path", report.path);
  put_path(json, "quarantine_path", report.quarantine_path);
  json["content"] = to_hex(report.content);
  json["bytes"] = report.bytes;
  json["relation"] = name_of(report.relation);
  put_path(json, "original", report.original);
  json["quarantined_at"] = time_to_text(report.quarantined_at);
  json["last_copy"] = report.last_copy;
  json["changed"] = report.changed;
  json["state"] = name_of(report.state);
}

void from_json(const Json& json, QuarantineEntryReport& report) {
  json.at("id").get_to(report.id);
  report.path = get_path(json, "path");
  report.quarantine_path = get_path(json, "quarantine_path");
  report.content = parsed_member(json, "content", matching::content_digest_from_hex);
  json.at("bytes").get_to(report.bytes);
  report.relation = parsed_member(json, "relation", matching::relation_from_name);
  report.original = get_path(json, "original");
  report.quarantined_at = parsed_member(json, "quarantined_at", time_from_text);
  json.at("last_copy").get_to(report.last_copy);
  report.changed = json.value("changed", false);
  report.state = parsed_member(json, "state", matching::decision_state_from_name);
}

void to_json(Json& json, const MoveReport& report) {
  json = Json::object();
  json["id"] = report.id;
  put_path(json, "path", report.path);
  json["done"] = report.done;
  json["message"] = or_null(report.message);
}

void from_json(const Json& json, MoveReport& report) {
  json.at("id").get_to(report.id);
  report.path = get_path(json, "path");
  json.at("done").get_to(report.done);
  report.message = optional_member<std::string>(json, "message");
}

void to_json(Json& json, const FileReport& report) {
  json = Json::object();
  json["id"] = report.id;
  put_path(json, "path", report.path);
  json["state"] = name_of(report.state);
  json["bytes"] = report.bytes;
  json["content"] = report.content ? Json(to_hex(*report.content)) : Json(nullptr);
}

void from_json(const Json& json, FileReport& report) {
  json.at("id").get_to(report.id);
  report.path = get_path(json, "path");
  report.state = parsed_member(json, "state", matching::file_state_from_name);
  json.at("bytes").get_to(report.bytes);
  report.content = optional_parsed_member(json, "content", matching::content_digest_from_hex);
}

void to_json(Json& json, const UnreadableReport& report) {
  json = Json::object();
  json["id"] = report.id;
  put_path(json, "path", report.path);
  json["state"] = name_of(report.state);
  json["reason"] = name_of(report.reason);
  json["message"] = report.message;
}

void from_json(const Json& json, UnreadableReport& report) {
  json.at("id").get_to(report.id);
  report.path = get_path(json, "path");
  report.state = parsed_member(json, "state", matching::file_state_from_name);
  report.reason = parsed_member(json, "reason", matching::refusal_reason_from_name);
  json.at("message").get_to(report.message);
}

void to_json(Json& json, const SyncReport& report) {
  json = {{"files", report.files}, {"seconds", report.seconds}};
}

void from_json(const Json& json, SyncReport& report) {
  json.at("files").get_to(report.files);
  json.at("seconds").get_to(report.seconds);
}

void to_json(Json& json, const ProgressReport& report) {
  json = {{"pending", report.pending}, {"total", report.total}};
}

void from_json(const Json& json, ProgressReport& report) {
  json.at("pending").get_to(report.pending);
  json.at("total").get_to(report.total);
}

void to_json(Json& json, const DistinctReport& report) {
  json = {{"first_content", to_hex(report.first_content)},
          {"second_content", to_hex(report.second_content)},
          {"distinct", report.distinct},
          {"changed", report.changed}};
}

void from_json(const Json& json, DistinctReport& report) {
  report.first_content = parsed_member(json, "first_content", matching::content_digest_from_hex);
  report.second_content = parsed_member(json, "second_content", matching::content_digest_from_hex);
  json.at("distinct").get_to(report.distinct);
  json.at("changed").get_to(report.changed);
}

void to_json(Json& json, const StateReport& report) {
  json = Json::object();
  json["state"] = name_of(report.state);
}

void from_json(const Json& json, StateReport& report) {
  report.state = parsed_member(json, "state", service_state_from_name);
}

Json make_page(Json items, Json next) {
  Json page = Json::object();
  page["items"] = std::move(items);
  page["next"] = std::move(next);
  return page;
}

}  // namespace imgdedup::protocol
