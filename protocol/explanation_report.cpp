// SPDX-License-Identifier: Apache-2.0
// The JSON form of an explanation.
#include "protocol/explanation_report.h"

#include "protocol/json_fields.h"
#include "protocol/path_text.h"

namespace imgdedup::protocol {
namespace {

using matching::Fingerprint;
using matching::HashKind;

constexpr std::array<HashKind, 4> hash_kinds{HashKind::ahash, HashKind::dhash, HashKind::phash,
                                             HashKind::whash};

template <typename Enum>
Json name_or_null(const std::optional<Enum>& value) {
  return value ? Json(name_of(*value)) : Json(nullptr);
}

std::optional<matching::Bound> bound_from_name(std::string_view name) {
  for (const auto bound : {matching::Bound::at_least, matching::Bound::at_most})
    if (name_of(bound) == name) return bound;
  return std::nullopt;
}

std::optional<matching::CompanionKind> companion_from_name(std::string_view name) {
  using enum matching::CompanionKind;
  for (const auto kind : {raw_and_jpeg, sidecar, burst})
    if (name_of(kind) == name) return kind;
  return std::nullopt;
}

std::optional<matching::Side> side_from_name(std::string_view name) {
  if (name == "A") return matching::Side::a;
  if (name == "B") return matching::Side::b;
  return std::nullopt;
}

matching::PerceptualHash& hash_of(matching::PerceptualHashes& hashes, HashKind kind) {
  switch (kind) {
    case HashKind::ahash:
      return hashes.ahash;
    case HashKind::dhash:
      return hashes.dhash;
    case HashKind::phash:
      return hashes.phash;
    case HashKind::whash:
      break;
  }
  return hashes.whash;
}

/// The members of a file that its bytes give; null without a fingerprint.
void put_fingerprint(Json& json, const std::optional<Fingerprint>& fingerprint) {
  if (!fingerprint) {
    for (const char* key : {"content", "format", "bytes", "width", "height", "detail", "hashes"})
      json[key] = nullptr;
    return;
  }
  json["content"] = to_hex(fingerprint->content_digest);
  json["format"] = name_of(fingerprint->format);
  json["bytes"] = fingerprint->size_bytes;
  json["width"] = fingerprint->width_pixels;
  json["height"] = fingerprint->height_pixels;
  json["detail"] = fingerprint->detail;
  Json hashes = Json::object();
  for (const HashKind kind : hash_kinds)
    hashes[std::string(name_of(kind))] = to_hex(fingerprint->hashes.of(kind));
  json["hashes"] = std::move(hashes);
}

std::optional<Fingerprint> fingerprint_from(const Json& json) {
  if (json.at("content").is_null()) return std::nullopt;
  Fingerprint fingerprint;
  fingerprint.content_digest = parsed_member(json, "content", matching::content_digest_from_hex);
  fingerprint.format = parsed_member(json, "format", matching::image_format_from_name);
  json.at("bytes").get_to(fingerprint.size_bytes);
  json.at("width").get_to(fingerprint.width_pixels);
  json.at("height").get_to(fingerprint.height_pixels);
  json.at("detail").get_to(fingerprint.detail);
  for (const HashKind kind : hash_kinds)
    hash_of(fingerprint.hashes, kind) =
        parsed_member(json.at("hashes"), name_of(kind), matching::perceptual_hash_from_hex);
  return fingerprint;
}

Json to_json_row(const matching::MeasureRow& row) {
  return {{"measure", row.measure},
          {"value", or_null(row.value)},
          {"bound", name_or_null(row.bound)},
          {"threshold", or_null(row.threshold)},
          {"passes", or_null(row.passes)},
          {"relation", name_or_null(row.relation)},
          {"note", row.note}};
}

matching::MeasureRow row_from(const Json& json) {
  matching::MeasureRow row;
  json.at("measure").get_to(row.measure);
  row.value = optional_member<double>(json, "value");
  row.bound = optional_parsed_member(json, "bound", bound_from_name);
  row.threshold = optional_member<double>(json, "threshold");
  row.passes = optional_member<bool>(json, "passes");
  row.relation = optional_parsed_member(json, "relation", matching::relation_from_name);
  json.at("note").get_to(row.note);
  return row;
}

matching::ExplanationStep step_from(const Json& json) {
  matching::ExplanationStep step;
  step.kind = parsed_member(json, "step", matching::step_kind_from_name);
  json.at("decides").get_to(step.decides);
  json.at("text").get_to(step.text);
  return step;
}

}  // namespace

void to_json(Json& json, const ExplainedFileReport& report) {
  json = Json::object();
  put_path(json, "path", report.path);
  json["id"] = or_null(report.id);
  json["state"] = name_or_null(report.state);
  json["restored"] = or_null(report.restored);
  json["protected"] = report.is_protected;
  json["hard_links"] = report.hard_links;
  put_fingerprint(json, report.fingerprint);
  json["reason"] = name_or_null(report.reason);
  json["message"] = or_null(report.message);
}

void from_json(const Json& json, ExplainedFileReport& report) {
  report.path = get_path(json, "path");
  report.id = optional_member<std::int64_t>(json, "id");
  report.state = optional_parsed_member(json, "state", matching::file_state_from_name);
  report.restored = optional_member<bool>(json, "restored");
  json.at("protected").get_to(report.is_protected);
  json.at("hard_links").get_to(report.hard_links);
  report.fingerprint = fingerprint_from(json);
  report.reason = optional_parsed_member(json, "reason", matching::refusal_reason_from_name);
  report.message = optional_member<std::string>(json, "message");
}

void to_json(Json& json, const ExplanationReport& report) {
  json = Json::object();
  json["files"] = report.files;
  json["same_bytes"] = or_null(report.same_bytes);
  json["same_pixels"] = or_null(report.same_pixels);
  json["measures"] = Json::array();
  for (const auto& row : report.measures) json["measures"].push_back(to_json_row(row));
  json["steps"] = Json::array();
  for (const auto& step : report.steps)
    json["steps"].push_back(
        Json{{"step", name_of(step.kind)}, {"decides", step.decides}, {"text", step.text}});
  json["relation"] = name_or_null(report.relation);
  json["companion"] = name_or_null(report.companion);
  json["duplicate"] = name_or_null(report.duplicate);
  json["action"] = name_or_null(report.action);
  json["action_limit"] = report.action_limit == matching::ActionLimit::none
                             ? Json(nullptr)
                             : Json(name_of(report.action_limit));
  json["decision"] = or_null(report.decision);
  json["conclusion"] = report.conclusion;
}

void from_json(const Json& json, ExplanationReport& report) {
  for (std::size_t i = 0; i < report.files.size(); ++i)
    json.at("files").at(i).get_to(report.files[i]);
  report.same_bytes = optional_member<bool>(json, "same_bytes");
  report.same_pixels = optional_member<bool>(json, "same_pixels");
  report.measures.clear();
  for (const Json& row : json.at("measures")) report.measures.push_back(row_from(row));
  report.steps.clear();
  for (const Json& step : json.at("steps")) report.steps.push_back(step_from(step));
  report.relation = optional_parsed_member(json, "relation", matching::relation_from_name);
  report.companion = optional_parsed_member(json, "companion", companion_from_name);
  report.duplicate = optional_parsed_member(json, "duplicate", side_from_name);
  report.action = optional_parsed_member(json, "action", matching::action_from_name);
  report.action_limit =
      optional_parsed_member(json, "action_limit", matching::action_limit_from_name)
          .value_or(matching::ActionLimit::none);
  report.decision = optional_member<std::int64_t>(json, "decision");
  json.at("conclusion").get_to(report.conclusion);
}

}  // namespace imgdedup::protocol
