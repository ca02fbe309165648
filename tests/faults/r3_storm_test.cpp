// SPDX-License-Identifier: Apache-2.0
// Very many duplicates at once while duplicates are moved: one move at a time, never the last copy.
#include <doctest/doctest.h>

#include <cstdio>
#include <map>
#include <set>

#include "faults/fault_support.h"
#include "faults/load_support.h"

using namespace imgdedup::testing;
using imgdedup::protocol::Json;
namespace fs = std::filesystem;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t different_pictures = 50;
// 100,000 take ten minutes and more; that many by hand, with IMGDEDUP_LOAD_DUPLICATES.
constexpr std::size_t duplicates_in_each_run = 2'000;
constexpr seconds long_time{7200};

/// Half of all are copies of the first picture.
std::size_t picture_of(std::size_t number) {
  return number % 2 == 0 ? 0 : number / 2 % different_pictures;
}

std::string name_of(std::size_t number) {
  return "p" + std::to_string(picture_of(number)) + "-" + std::to_string(number) + ".png";
}

/// How many files of each picture lie in the folders, quarantine left out.
std::map<std::string, std::size_t> copies_in(const fs::path& root) {
  std::map<std::string, std::size_t> copies;
  for (const std::string& path : files_on_disk(root)) {
    const std::string name = fs::path(path).filename();
    ++copies[name.substr(0, name.find('-'))];
  }
  return copies;
}

}  // namespace

TEST_CASE(
    "r3-storm: of very many duplicates at once each is moved once, and one copy always stays") {
  const std::size_t files =
      size_from_environment("IMGDEDUP_LOAD_DUPLICATES", duplicates_in_each_run);
  const auto pictures = tiny_pictures(different_pictures);
  Service service("actions: {exact: quarantine}\ndetect: {edited: {enabled: false}}\n");
  service.start();
  StatusWatch watch(service);
  const auto begin = steady_clock::now();
  for (std::size_t i = 0; i < files; ++i)
    write_small_file(service.root() / ("d" + std::to_string(i % 100)) / name_of(i),
                     pictures[picture_of(i)]);
  std::size_t lost = 0;
  std::size_t looks = 0;
  const auto moved = [&] { return service.call("status")["moves_done"].get<std::size_t>(); };
  wait_until(
      [&] {
        // What is in the folder at this moment, and no journal or count, says that a copy stays.
        const auto copies = copies_in(service.root());
        ++looks;
        lost += different_pictures - copies.size();
        std::size_t here = 0;
        for (const auto& [picture, count] : copies) here += count;
        return here == different_pictures;
      },
      "all duplicates to be moved", long_time);
  service.sync(long_time);
  const double took = std::chrono::duration<double>(steady_clock::now() - begin).count();
  const auto figures = watch.stop();
  CHECK(lost == 0);
  CHECK(moved() == files - different_pictures);
  CHECK(figures.daemon_peak_mib < 300);
  // No move leaves one behind.
  CHECK(figures.most_descriptors < 100);
  check_answers(figures);
  check_files_are_known(service);
  CHECK(service.list("quarantine.list").size() == files - different_pictures);

  // Each file is what its name says, here and in quarantine.
  std::map<std::string, std::size_t> in_quarantine;
  for (const auto& entry : fs::directory_iterator(service.root() / ".imgdedup-quarantine"))
    if (entry.path().extension() == ".png") ++in_quarantine[read_file(entry.path())];
  for (std::size_t picture = 0; picture < different_pictures; ++picture) {
    std::size_t copies = 0;
    for (std::size_t i = 0; i < files; ++i) copies += picture_of(i) == picture ? 1 : 0;
    CHECK(in_quarantine[pictures[picture]] == copies - 1);
  }
  for (const std::string& path : files_on_disk(service.root())) {
    const std::string name = fs::path(path).filename();
    CHECK(read_file(path) == pictures[std::stoul(name.substr(1))]);
  }
  std::set<std::string> paths;
  for (const Json& line : service.log_lines()) paths.insert(line["path"].get<std::string>());
  CHECK(paths.size() == files - different_pictures);
  std::printf(
      "r3-storm: %zu duplicates of %zu pictures, all moved after %.0f s (%.0f a second), "
      "looked at %zu times meanwhile: a copy of each was there; %s\n",
      files - different_pictures, different_pictures, took, static_cast<double>(files) / took,
      looks, to_text(figures).c_str());
}
