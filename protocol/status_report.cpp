// SPDX-License-Identifier: Apache-2.0
// The JSON form of the result of `status`.
#include "protocol/status_report.h"

#include "matching/name_table.h"
#include "matching/relation.h"
#include "protocol/json_fields.h"
#include "protocol/path_text.h"

namespace imgdedup::protocol {
namespace {

constexpr matching::NameTable<ServiceState, 5> service_states{
    {"starting", "scanning", "idle", "paused", "degraded"}};
constexpr matching::NameTable<RootMode, 3> root_modes{{"events", "polling", "offline"}};

std::string relation_key(std::size_t index) {
  return std::string(matching::name_of(static_cast<matching::Relation>(index)));
}

}  // namespace

std::string_view name_of(ServiceState state) { return service_states.name_of(state); }
std::optional<ServiceState> service_state_from_name(std::string_view name) {
  return service_states.from_name(name);
}

std::string_view name_of(RootMode mode) { return root_modes.name_of(mode); }
std::optional<RootMode> root_mode_from_name(std::string_view name) {
  return root_modes.from_name(name);
}

void to_json(Json& json, const RootReport& report) {
  json = Json::object();
  put_path(json, "path", report.path);
  json["mode"] = name_of(report.mode);
  json["images"] = report.images;
  json["directories"] = report.directories;
  json["polled_directories"] = report.polled_directories;
  json["last_reconcile"] =
      report.last_reconcile ? Json(time_to_text(*report.last_reconcile)) : Json(nullptr);
  json["lost_events"] = report.lost_events;
  json["error"] = or_null(report.error);
}

void from_json(const Json& json, RootReport& report) {
  report.path = get_path(json, "path");
  report.mode = parsed_member(json, "mode", root_mode_from_name);
  json.at("images").get_to(report.images);
  json.at("directories").get_to(report.directories);
  json.at("polled_directories").get_to(report.polled_directories);
  report.last_reconcile = optional_parsed_member(json, "last_reconcile", time_from_text);
  json.at("lost_events").get_to(report.lost_events);
  report.error = optional_member<std::string>(json, "error");
}

void to_json(Json& json, const StatusReport& report) {
  json = Json::object();
  json["version"] = report.version;
  json["state"] = name_of(report.state);
  json["pid"] = report.pid;
  json["uptime_seconds"] = report.uptime_seconds;
  json["images"] = report.images;
  json["contents"] = report.contents;
  json["bytes"] = report.bytes;
  json["pending"] = report.pending;
  json["incomplete"] = report.incomplete;
  json["unreadable"] = report.unreadable;
  json["poison"] = report.poison;
  json["images_per_second"] = report.images_per_second;
  json["memory_bytes"] = report.memory_bytes;
  json["roots"] = report.roots;
  Json duplicates = Json::object();
  for (std::size_t i = 0; i < report.duplicates.size(); ++i)
    duplicates[relation_key(i)] = report.duplicates[i];
  json["duplicates"] = std::move(duplicates);
  json["quarantined"] = {{"files", report.quarantined.files},
                         {"bytes", report.quarantined.bytes},
                         {"orphans", report.quarantined.orphans}};
  json["index"] = {{"hashes", report.index.hashes},
                   {"features", report.index.features},
                   {"feature_bytes", report.index.feature_bytes},
                   {"embeddings", report.index.embeddings},
                   {"embedding_bytes", report.index.embedding_bytes},
                   {"build_seconds", report.index.build_seconds}};
  json["sandbox"] = {{"rule", report.sandbox.required ? "required" : "best-effort"},
                     {"missing", or_null(report.sandbox.missing)}};
  json["last_error"] = or_null(report.last_error);
  json["last_error_at"] =
      report.last_error_at ? Json(time_to_text(*report.last_error_at)) : Json(nullptr);
  json["watches"] = report.watches;
  json["watch_failures"] = report.watch_failures;
  json["watch_repairs"] = report.watch_repairs;
  json["overflows"] = report.overflows;
  json["reconciles"] = report.reconciles;
  json["last_reconcile_ms"] = or_null(report.last_reconcile_ms);
  json["queue_dirs"] = report.queue_dirs;
  json["queue_files"] = report.queue_files;
  json["inflight"] = report.inflight;
  json["moves_done"] = report.moves_done;
  json["moves_undone"] = report.moves_undone;
  json["moves_failed"] = report.moves_failed;
  json["log_lines_dropped"] = report.log_lines_dropped;
  json["degraded"] = report.degraded;
}

void from_json(const Json& json, StatusReport& report) {
  json.at("version").get_to(report.version);
  report.state = parsed_member(json, "state", service_state_from_name);
  json.at("pid").get_to(report.pid);
  json.at("uptime_seconds").get_to(report.uptime_seconds);
  json.at("images").get_to(report.images);
  json.at("contents").get_to(report.contents);
  json.at("bytes").get_to(report.bytes);
  json.at("pending").get_to(report.pending);
  json.at("incomplete").get_to(report.incomplete);
  json.at("unreadable").get_to(report.unreadable);
  json.at("poison").get_to(report.poison);
  json.at("images_per_second").get_to(report.images_per_second);
  json.at("memory_bytes").get_to(report.memory_bytes);
  json.at("roots").get_to(report.roots);
  for (std::size_t i = 0; i < report.duplicates.size(); ++i)
    json.at("duplicates").at(relation_key(i)).get_to(report.duplicates[i]);
  json.at("quarantined").at("files").get_to(report.quarantined.files);
  json.at("quarantined").at("bytes").get_to(report.quarantined.bytes);
  json.at("quarantined").at("orphans").get_to(report.quarantined.orphans);
  json.at("index").at("hashes").get_to(report.index.hashes);
  json.at("index").at("features").get_to(report.index.features);
  json.at("index").at("feature_bytes").get_to(report.index.feature_bytes);
  json.at("index").at("embeddings").get_to(report.index.embeddings);
  json.at("index").at("embedding_bytes").get_to(report.index.embedding_bytes);
  json.at("index").at("build_seconds").get_to(report.index.build_seconds);
  report.sandbox.required = json.at("sandbox").at("rule") == "required";
  report.sandbox.missing = optional_member<std::vector<std::string>>(json.at("sandbox"), "missing");
  report.last_error = optional_member<std::string>(json, "last_error");
  report.last_error_at = optional_parsed_member(json, "last_error_at", time_from_text);
  json.at("watches").get_to(report.watches);
  json.at("watch_failures").get_to(report.watch_failures);
  json.at("watch_repairs").get_to(report.watch_repairs);
  json.at("overflows").get_to(report.overflows);
  json.at("reconciles").get_to(report.reconciles);
  report.last_reconcile_ms = optional_member<std::int64_t>(json, "last_reconcile_ms");
  json.at("queue_dirs").get_to(report.queue_dirs);
  json.at("queue_files").get_to(report.queue_files);
  json.at("inflight").get_to(report.inflight);
  json.at("moves_done").get_to(report.moves_done);
  json.at("moves_undone").get_to(report.moves_undone);
  json.at("moves_failed").get_to(report.moves_failed);
  json.at("log_lines_dropped").get_to(report.log_lines_dropped);
  json.at("degraded").get_to(report.degraded);
}

}  // namespace imgdedup::protocol
