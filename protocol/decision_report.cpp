// SPDX-License-Identifier: Apache-2.0
// The JSON forms of decisions: alone, in groups, and as an answer about a file.
#include "matching/name_table.h"
#include "protocol/json_fields.h"
#include "protocol/path_text.h"
#include "protocol/reports.h"

namespace imgdedup::protocol {
namespace {

constexpr matching::NameTable<Judgement, 6> judgements{
    {"original", "duplicate", "incomplete", "unreadable", "unsupported", "not-an-image"}};

Json evidence_to_json(const matching::Evidence& evidence) {
  return {{"distance_bits", or_null(evidence.distance_bits)},
          {"ssim", or_null(evidence.ssim)},
          {"inliers", or_null(evidence.inliers)},
          {"similarity", or_null(evidence.similarity)},
          {"mirrored", or_null(evidence.mirrored)},
          {"rotation_degrees", or_null(evidence.rotation_degrees)},
          {"scale", or_null(evidence.scale)},
          {"overlap", or_null(evidence.overlap)}};
}

matching::Evidence evidence_from_json(const Json& json) {
  matching::Evidence evidence;
  evidence.distance_bits = optional_member<int>(json, "distance_bits");
  evidence.ssim = optional_member<double>(json, "ssim");
  evidence.inliers = optional_member<int>(json, "inliers");
  evidence.similarity = optional_member<double>(json, "similarity");
  evidence.mirrored = optional_member<bool>(json, "mirrored");
  evidence.rotation_degrees = optional_member<double>(json, "rotation_degrees");
  evidence.scale = optional_member<double>(json, "scale");
  evidence.overlap = optional_member<double>(json, "overlap");
  return evidence;
}

std::optional<std::int64_t> number_from_text(std::string_view text) {
  if (text.empty() || text.size() > 18) return std::nullopt;
  std::int64_t number = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return std::nullopt;
    number = number * 10 + (digit - '0');
  }
  return number;
}

}  // namespace

std::string decision_line(const DecisionReport& decision) { return dump_line(decision); }

void to_json(Json& json, const DecisionReport& report) {
  json = Json::object();
  json["id"] = report.id;
  json["relation"] = name_of(report.relation);
  put_path(json, "path", report.path);
  put_path(json, "original", report.original);
  json["action"] = name_of(report.action);
  json["action_limit"] = report.action_limit == matching::ActionLimit::none
                             ? Json(nullptr)
                             : Json(name_of(report.action_limit));
  json["evidence"] = evidence_to_json(report.evidence);
  json["content"] = to_hex(report.content);
  json["original_content"] = to_hex(report.original_content);
  json["decided_at"] = time_to_text(report.decided_at);
  json["state"] = name_of(report.state);
  json["supersedes"] = or_null(report.supersedes);
  if (report.not_moved) json["not_moved"] = *report.not_moved;
}

void from_json(const Json& json, DecisionReport& report) {
  json.at("id").get_to(report.id);
  report.relation = parsed_member(json, "relation", matching::relation_from_name);
  report.path = get_path(json, "path");
  report.original = get_path(json, "original");
  report.action = parsed_member(json, "action", matching::action_from_name);
  report.action_limit =
      optional_parsed_member(json, "action_limit", matching::action_limit_from_name)
          .value_or(matching::ActionLimit::none);
  report.evidence = evidence_from_json(json.at("evidence"));
  report.content = parsed_member(json, "content", matching::content_digest_from_hex);
  report.original_content =
      parsed_member(json, "original_content", matching::content_digest_from_hex);
  report.decided_at = parsed_member(json, "decided_at", time_from_text);
  report.state = parsed_member(json, "state", matching::decision_state_from_name);
  report.supersedes = optional_member<std::int64_t>(json, "supersedes");
  report.not_moved =
      json.contains("not_moved") ? optional_member<std::string>(json, "not_moved") : std::nullopt;
}

void to_json(Json& json, const GroupReport& report) {
  json = Json::object();
  json["id"] = report.id;
  put_path(json, "original", report.original);
  json["content"] = to_hex(report.content);
  json["copies"] = report.copies;
  json["duplicates"] = report.duplicates;
}

void from_json(const Json& json, GroupReport& report) {
  json.at("id").get_to(report.id);
  report.original = get_path(json, "original");
  report.content = parsed_member(json, "content", matching::content_digest_from_hex);
  json.at("copies").get_to(report.copies);
  json.at("duplicates").get_to(report.duplicates);
}

std::string to_text(const GroupCursor& cursor) {
  return std::to_string(cursor.group_id) + ":" + std::to_string(cursor.decision_id);
}

std::optional<GroupCursor> group_cursor_from_text(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto group = number_from_text(text.substr(0, colon));
  const auto decision = number_from_text(text.substr(colon + 1));
  if (!group || !decision) return std::nullopt;
  return GroupCursor{*group, *decision};
}

std::string_view name_of(Judgement judgement) { return judgements.name_of(judgement); }
std::optional<Judgement> judgement_from_name(std::string_view name) {
  return judgements.from_name(name);
}

void to_json(Json& json, const QueryReport& report) {
  json = Json::object();
  put_path(json, "path", report.path);
  json["judged"] = name_of(report.judged);
  json["content"] = report.content ? Json(to_hex(*report.content)) : Json(nullptr);
  json["relation"] = report.relation ? Json(name_of(*report.relation)) : Json(nullptr);
  if (report.original)
    put_path(json, "original", *report.original);
  else
    json["original"] = nullptr;
  json["evidence"] = report.evidence ? evidence_to_json(*report.evidence) : Json(nullptr);
  json["reason"] = report.reason ? Json(name_of(*report.reason)) : Json(nullptr);
  json["message"] = or_null(report.message);
}

void from_json(const Json& json, QueryReport& report) {
  report.path = get_path(json, "path");
  report.judged = parsed_member(json, "judged", judgement_from_name);
  report.content = optional_parsed_member(json, "content", matching::content_digest_from_hex);
  report.relation = optional_parsed_member(json, "relation", matching::relation_from_name);
  report.original = json.at("original").is_null()
                        ? std::nullopt
                        : std::optional<std::string>(get_path(json, "original"));
  report.evidence =
      json.at("evidence").is_null()
          ? std::nullopt
          : std::optional<matching::Evidence>(evidence_from_json(json.at("evidence")));
  report.reason = optional_parsed_member(json, "reason", matching::refusal_reason_from_name);
  report.message = optional_member<std::string>(json, "message");
}

}  // namespace imgdedup::protocol
