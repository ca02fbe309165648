// SPDX-License-Identifier: Apache-2.0
// What `export` puts where.
#include "ctl/export_plan.h"

#include <algorithm>
#include <utility>

#include "ctl/human_text.h"

namespace imgdedup::ctl {
namespace {

std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    if (slash != 0) parts.emplace_back(path.substr(0, slash));
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  }
  return parts;
}

/// The last `count` parts, "ada-photos".
std::string last_parts(const std::vector<std::string>& parts, std::size_t count) {
  std::string name;
  for (std::size_t i = parts.size() - std::min(count, parts.size()); i < parts.size(); ++i)
    name += (name.empty() ? "" : "-") + parts[i];
  return name.empty() ? "root" : name;
}

bool is_taken(std::string_view name) {
  return name == duplicates_list_name || name == unique_list_name ||
         name.starts_with(".imgdedup-export");
}

std::string csv_cell(std::string_view cell) {
  if (cell.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(cell);
  std::string text = "\"";
  for (const char c : cell) text += c == '"' ? std::string("\"\"") : std::string(1, c);
  return text + "\"";
}

/// "a/b.jpg" with a mark before the ending: "a/b~9.jpg".
std::string marked(const std::string& path, std::int64_t id) {
  const std::size_t slash = path.rfind('/');
  const std::size_t point = path.rfind('.');
  const bool has_ending =
      point != std::string::npos && (slash == std::string::npos || point > slash + 1);
  std::string result = path;
  return result.insert(has_ending ? point : path.size(), "~" + std::to_string(id));
}

}  // namespace

std::vector<std::string> root_folder_names(const std::vector<std::string>& roots) {
  std::vector<std::vector<std::string>> parts;
  std::size_t longest = 1;
  for (const std::string& root : roots) {
    parts.push_back(parts_of(root));
    longest = std::max(longest, parts.back().size());
  }
  std::vector<std::string> names(roots.size());
  for (std::size_t i = 0; i < roots.size(); ++i) {
    for (std::size_t count = 1; count <= longest; ++count) {
      names[i] = last_parts(parts[i], count);
      const auto shares_it = [&](std::size_t other) {
        return other != i && last_parts(parts[other], count) == names[i];
      };
      bool is_shared = false;
      for (std::size_t other = 0; other < roots.size(); ++other)
        is_shared = is_shared || shares_it(other);
      if (!is_shared) break;
    }
  }
  // "/a-b/c" and "/a/b-c" may still be called alike.
  std::set<std::string> used;
  for (std::string& name : names) {
    const std::string plain = name;
    for (int number = 2; is_taken(name) || !used.insert(name).second; ++number)
      name = plain + "-" + std::to_string(number);
  }
  return names;
}

ExportPlanner::ExportPlanner(const std::vector<std::string>& roots) {
  const auto names = root_folder_names(roots);
  for (std::size_t i = 0; i < roots.size(); ++i) folder_by_root_.emplace(roots[i], names[i]);
}

std::optional<ExportPlanner::Place> ExportPlanner::place_of(std::string_view path) const {
  for (std::size_t slash = path.rfind('/'); slash != std::string_view::npos && slash > 0;
       slash = path.rfind('/', slash - 1)) {
    const auto root = folder_by_root_.find(path.substr(0, slash));
    if (root == folder_by_root_.end()) continue;
    const std::string relative(path.substr(slash + 1));
    return Place{root->first, relative, root->second + "/" + relative};
  }
  if (const auto root = folder_by_root_.find("/"); root != folder_by_root_.end()) {
    const std::string relative(path.substr(1));
    return Place{"/", relative, root->second + "/" + relative};
  }
  return std::nullopt;
}

void ExportPlanner::add_file(const protocol::FileReport& file) {
  const auto place = place_of(file.path);
  if (!place) return;
  if (file.state == matching::FileState::judged)
    plan_.unique[place->exported] = {place->root, place->relative, file.bytes, std::nullopt};
  else if (file.state == matching::FileState::pending)
    plan_.undecided.insert(place->exported);
  else if (file.state != matching::FileState::alias)
    plan_.unread.insert(place->exported);
}

void ExportPlanner::add_decision(const protocol::DecisionReport& decision) {
  if (decision.state == matching::DecisionState::quarantined) {
    quarantined_.emplace(decision.id, decision);
    return;
  }
  if (leaves_original(decision.action_limit)) return;
  const auto place = place_of(decision.path);
  if (!place) return;
  const auto file = plan_.unique.find(place->exported);
  if (file == plan_.unique.end()) return;  // it waits for its decision again
  file->second.decision = decision;
  plan_.duplicates.insert(plan_.unique.extract(file));
}

void ExportPlanner::add_quarantined(const protocol::QuarantineEntryReport& entry) {
  const auto decision = quarantined_.find(entry.id);
  const auto place = place_of(entry.path);
  const std::size_t slash = entry.quarantine_path.rfind('/');
  if (decision == quarantined_.end() || !place || slash == std::string::npos) return;
  const bool is_free = !plan_.duplicates.contains(place->exported);
  plan_.duplicates[is_free ? place->exported : marked(place->exported, entry.id)] = {
      entry.quarantine_path.substr(0, slash), entry.quarantine_path.substr(slash + 1), entry.bytes,
      decision->second};
}

std::string list_text(const PlannedFiles& planned, const std::set<std::string>& exported,
                      bool with_decisions) {
  std::string text = "file,source,bytes";
  if (with_decisions) text += ",relation,original,evidence";
  text += "\r\n";
  for (const auto& [path, file] : planned) {
    if (!exported.contains(path)) continue;
    text += csv_cell(path) + "," + csv_cell(file.source()) + "," + std::to_string(file.bytes);
    if (with_decisions && file.decision)
      text += "," + std::string(name_of(file.decision->relation)) + "," +
              csv_cell(file.decision->original) + "," +
              csv_cell(evidence_text(file.decision->evidence));
    text += "\r\n";
  }
  return text;
}

}  // namespace imgdedup::ctl
