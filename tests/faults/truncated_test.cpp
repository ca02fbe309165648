// SPDX-License-Identifier: Apache-2.0
// A photo of which only the beginning is there yet is no duplicate of another such.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <map>

#include "faults/fault_support.h"
#include "support/drawn_pictures.h"

using namespace imgdedup::testing;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t photos = 40;
constexpr int percents[] = {10, 20, 50};

/// Different ones, half of them progressive.
std::vector<std::string> drawn_photos() {
  std::vector<std::string> files;
  for (std::uint64_t seed = 1; seed <= photos; ++seed) {
    const cv::Mat picture = draw_picture(seed, {640, 480});
    files.push_back(seed % 2 ? encode_picture(picture, ".jpg") : encode_progressive_jpeg(picture));
  }
  return files;
}

std::vector<std::string> real_photos(const fs::path& directory) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::recursive_directory_iterator(directory))
    if (entry.is_regular_file() && entry.path().extension() == ".jpg") paths.push_back(entry);
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> files;
  std::set<std::string> seen;
  for (const fs::path& path : paths) {
    std::string bytes = read_file(path);
    if (files.size() < photos && seen.insert(bytes).second) files.push_back(std::move(bytes));
  }
  return files;
}

std::string name_of(std::size_t photo, int percent) {
  return "p" + std::to_string(photo) + "-" + std::to_string(percent) + ".jpg";
}

/// "exact" or another, by how many.
std::map<std::string, int> relations(Service& service) {
  std::map<std::string, int> counts;
  for (const std::string& decision : service.decisions())
    ++counts[decision.substr(0, decision.find(' '))];
  return counts;
}

/// Cut at 10, 20 and 50 %: each is incomplete and none a duplicate; completed, they are judged.
void check_cut_photos(const std::vector<std::string>& files, const char* which) {
  Service service;
  service.start();
  for (std::size_t i = 0; i < files.size(); ++i)
    for (const int percent : percents)
      write_file(service.root() / name_of(i, percent),
                 files[i].substr(0, files[i].size() * static_cast<std::size_t>(percent) / 100));
  service.sync();
  const std::size_t cut = files.size() * std::size(percents);
  auto status = service.call("status");
  CHECK(status["incomplete"] == cut);
  CHECK(status["images"] == 0);
  CHECK(service.decisions().empty());
  // Completed as a slow copy does: the rest is appended.
  for (std::size_t i = 0; i < files.size(); ++i)
    for (const int percent : percents) write_file(service.root() / name_of(i, percent), files[i]);
  service.sync(std::chrono::seconds(120));
  status = service.call("status");
  CHECK(status["incomplete"] == 0);
  CHECK(status["images"] == cut);
  const auto found = relations(service);
  const auto exact = found.find("exact");
  REQUIRE(exact != found.end());
  CHECK(exact->second == static_cast<int>(2 * files.size()));
  for (const std::string& decision : service.decisions()) {
    if (!decision.starts_with("exact ")) continue;
    const std::string names = decision.substr(6);
    const std::string copy = names.substr(0, names.find('-'));
    CHECK(names.substr(names.find("< ") + 2).starts_with(copy + "-"));
  }
  std::printf(
      "c2-truncated: %zu %s cut at 10, 20 and 50 %%: %zu incomplete, 0 duplicates; completed: "
      "%d exact copies\n",
      files.size(), which, cut, exact->second);
}

}  // namespace

TEST_CASE("c2-truncated: drawn photos that are cut are incomplete, and judged when completed") {
  check_cut_photos(drawn_photos(), "drawn photos");
}

TEST_CASE("c2-truncated: so are real photos") {
  const fs::path data = test_data("c2-truncated with real photos");
  if (data.empty()) return;
  const auto files = real_photos(data / "photos");
  REQUIRE(files.size() == photos);
  check_cut_photos(files, "real photos");
}
