// SPDX-License-Identifier: Apache-2.0
// Paths of the settings: their form, and that none lies where another must not.
#include "config/path_rules.h"

#include <cstddef>
#include <utility>

#include "config/printable.h"

namespace imgdedup::config {
namespace {

constexpr std::size_t longest_path = 4095;
constexpr std::size_t longest_part = 255;

std::string named(const PathPlace& place) {
  std::string text = place.key + " " + quoted(place.path);
  if (place.line > 0) text += " (line " + std::to_string(place.line) + ")";
  return text;
}

bool overlap(const PathPlace& left, const PathPlace& right) {
  if (left.path.empty() || right.path.empty()) return false;
  return is_within(left.path, right.path) || is_within(right.path, left.path);
}

/// "is X, inside Y": how `place` lies to `other`.
std::string position(const PathPlace& place, const PathPlace& other) {
  const char* relation = place.path == other.path            ? ", the same as "
                         : is_within(place.path, other.path) ? ", inside "
                                                             : ", around ";
  return "is " + quoted(place.path) + relation + named(other);
}

/// Reports at `place`, or where `other` is written if `place` is a default.
void report(const PathPlace& place, const PathPlace& other, const std::string& rule,
            ProblemList& problems) {
  const bool is_written = place.line > 0 || other.line == 0;
  const PathPlace& at = is_written ? place : other;
  problems.add(at.line, at.key, position(at, is_written ? other : place) + "; " + rule);
}

void check_roots(const std::vector<RootPlaces>& roots, ProblemList& problems) {
  for (std::size_t i = 0; i < roots.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k)
      if (overlap(roots[i].root, roots[k].root))
        report(roots[i].root, roots[k].root,
               "watched folders must lie beside each other, not in one another", problems);
    for (std::size_t k = 0; k < roots.size(); ++k) {
      const PathPlace& quarantine = roots[i].quarantine;
      const PathPlace& root = roots[k].root;
      if (!overlap(quarantine, root)) continue;
      const bool is_own =
          i == k && quarantine.path != root.path && is_within(quarantine.path, root.path);
      // A default below a root that lies inside another is that root's problem, told already.
      if (is_own || quarantine.line == 0) continue;
      report(quarantine, root,
             "a quarantine folder must lie inside its own watched folder or outside all of them",
             problems);
    }
  }
}

void check_own_files(const std::vector<RootPlaces>& roots, const std::vector<PathPlace>& own_files,
                     ProblemList& problems) {
  for (std::size_t i = 0; i < own_files.size(); ++i) {
    const PathPlace& file = own_files[i];
    if (file.path.empty()) continue;
    for (const RootPlaces& root : roots) {
      if (overlap(file, root.root)) {
        report(file, root.root, "the service's own files must lie outside the watched folders",
               problems);
      } else if (overlap(file, root.quarantine)) {
        report(file, root.quarantine,
               "the service's own files must lie outside the quarantine folders", problems);
      }
    }
    for (std::size_t k = 0; k < i; ++k)
      if (overlap(file, own_files[k]))
        report(file, own_files[k], "catalog, duplicates_log and socket.path must be three files",
               problems);
  }
}

}  // namespace

bool normalise_path(std::string& path) {
  if (path.empty() || path.front() != '/' || path.find('\0') != std::string::npos) return false;
  std::string normal;
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = std::string_view(path).substr(begin, end - begin);
    if (part == "." || part == ".." || part.size() > longest_part) return false;
    if (!part.empty()) normal.append("/").append(part);
    begin = end + 1;
  }
  if (normal.size() > longest_path) return false;
  path = normal.empty() ? "/" : std::move(normal);
  return true;
}

bool is_within(std::string_view path, std::string_view directory) {
  if (directory == "/") return true;
  return path.starts_with(directory) &&
         (path.size() == directory.size() || path[directory.size()] == '/');
}

void check_paths(const std::vector<RootPlaces>& roots, const std::vector<PathPlace>& own_files,
                 ProblemList& problems) {
  check_roots(roots, problems);
  check_own_files(roots, own_files, problems);
}

}  // namespace imgdedup::config
