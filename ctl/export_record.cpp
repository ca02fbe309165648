// SPDX-License-Identifier: Apache-2.0
// What an export folder holds by our own hand.
#include "ctl/export_record.h"

#include <stdexcept>

#include "protocol/json.h"
#include "protocol/path_text.h"

namespace imgdedup::ctl {
namespace {

using protocol::Json;

constexpr int record_version = 1;

Json to_json(const ExportStamp& stamp) { return {stamp.bytes, stamp.mtime_ns}; }

ExportStamp stamp_from(const Json& json) {
  return {json.at(0).get<std::int64_t>(), json.at(1).get<std::int64_t>()};
}

void read_line(const Json& line, ExportRecord& record) {
  if (const auto version = line.find("imgdedup_export"); version != line.end()) {
    if (version->get<int>() != record_version)
      throw std::runtime_error("it was written by another version of imgdedupctl");
  } else if (const auto list = line.find("list"); list != line.end()) {
    record.list = stamp_from(*list);
  } else {
    ExportedFile file;
    file.source = protocol::get_path(line, "source");
    file.form = line.at("link").get<bool>() ? ExportForm::link : ExportForm::copy;
    file.source_stamp = stamp_from(line.at("source_stamp"));
    file.stamp = stamp_from(line.at("stamp"));
    record.files.insert_or_assign(protocol::get_path(line, "path"), std::move(file));
  }
}

}  // namespace

std::string record_header() {
  return protocol::dump_line(Json{{"imgdedup_export", record_version}}) + "\n";
}

std::string record_line(const std::string& path, const ExportedFile& file) {
  Json line = Json::object();
  protocol::put_path(line, "path", path);
  protocol::put_path(line, "source", file.source);
  line["link"] = file.form == ExportForm::link;
  line["source_stamp"] = to_json(file.source_stamp);
  line["stamp"] = to_json(file.stamp);
  return protocol::dump_line(line) + "\n";
}

std::string record_line_of_list(const ExportStamp& list) {
  return protocol::dump_line(Json{{"list", to_json(list)}}) + "\n";
}

std::string record_text(const ExportRecord& record) {
  std::string text = record_header();
  if (record.list) text += record_line_of_list(*record.list);
  for (const auto& [path, file] : record.files) text += record_line(path, file);
  return text;
}

void read_record(std::string_view text, ExportRecord& record) {
  try {
    for (;;) {
      const std::size_t end = text.find('\n');
      if (end == std::string_view::npos) return;
      read_line(Json::parse(text.substr(0, end)), record);
      text.remove_prefix(end + 1);
    }
  } catch (const Json::exception&) {
    throw std::runtime_error("it is damaged");
  }
}

}  // namespace imgdedup::ctl
