// SPDX-License-Identifier: Apache-2.0
// Which names below a watched root count.
#include "daemon/path_filter.h"

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "store/hidden_file.h"

namespace imgdedup::daemon {
namespace {

std::string_view name_in(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

bool matches(const std::string& glob, const std::string& path, const std::string& name) {
  if (glob.find('/') == std::string::npos) return ::fnmatch(glob.c_str(), name.c_str(), 0) == 0;
  const char* pattern = glob.c_str() + (glob.front() == '/' ? 1 : 0);
  return ::fnmatch(pattern, path.c_str(), FNM_PATHNAME) == 0;
}

bool any_matches(const std::vector<std::string>& globs, std::string_view relative) {
  if (globs.empty()) return false;
  const std::string path(relative);
  const std::string name(name_in(relative));
  return std::any_of(globs.begin(), globs.end(),
                     [&](const std::string& glob) { return matches(glob, path, name); });
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

}  // namespace

PathFilter::PathFilter(std::vector<std::string> include, std::vector<std::string> exclude)
    : include_(std::move(include)), exclude_(std::move(exclude)) {}

bool PathFilter::admits_file(std::string_view relative) const {
  if (is_temporary_name(name_in(relative)) || any_matches(exclude_, relative)) return false;
  return include_.empty() || any_matches(include_, relative);
}

bool PathFilter::reaches_file(std::string_view relative) const {
  for (auto slash = relative.find('/'); slash != std::string_view::npos;
       slash = relative.find('/', slash + 1))
    if (!admits_directory(relative.substr(0, slash))) return false;
  return admits_file(relative);
}

bool PathFilter::admits_directory(std::string_view relative) const {
  return !any_matches(exclude_, relative);
}

bool is_temporary_name(std::string_view name) {
  static constexpr std::array<std::string_view, 6> endings{".part",    ".crdownload", ".tmp",
                                                           ".partial", ".download",   "~"};
  if (store::is_hidden_name(name)) return true;
  const std::string lower = lower_case(name);
  if (std::any_of(endings.begin(), endings.end(),
                  [&](std::string_view ending) { return lower.ends_with(ending); }))
    return true;
  // rsync: ".name.XXXXXX"
  const auto dot = name.rfind('.');
  return name.starts_with('.') && dot != 0 && name.size() - dot == 7 &&
         std::all_of(name.begin() + static_cast<std::ptrdiff_t>(dot) + 1, name.end(),
                     [](char c) { return std::isalnum(static_cast<unsigned char>(c)); });
}

bool is_named_like_an_image(std::string_view name) {
  static constexpr std::array<std::string_view, 37> endings{
      ".jpg", ".jpeg", ".jpe", ".jfif", ".png",  ".apng", ".webp", ".tif", ".tiff", ".bmp",
      ".dib", ".pnm",  ".pbm", ".pgm",  ".ppm",  ".pam",  ".jp2",  ".j2k", ".jpx",  ".jpf",
      ".jpc", ".j2c",  ".gif", ".heic", ".heif", ".avif", ".jxl",  ".ico", ".cur",  ".dng",
      ".cr2", ".cr3",  ".nef", ".arw",  ".raf",  ".orf",  ".rw2"};
  const auto dot = name.rfind('.');
  if (dot == std::string_view::npos) return false;
  const std::string ending = lower_case(name.substr(dot));
  return std::find(endings.begin(), endings.end(), ending) != endings.end();
}

}  // namespace imgdedup::daemon
