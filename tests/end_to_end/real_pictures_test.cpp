// SPDX-License-Identifier: Apache-2.0
// Real pictures dropped into a watched folder: groups with known truth, distinct photos, hostile
// files.
#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <set>

#include "end_to_end/service.h"
#include "protocol/json.h"

using namespace imgdedup::testing;
using imgdedup::protocol::Json;
namespace fs = std::filesystem;

namespace {

void copy_files(const fs::path& from, const fs::path& to) {
  for (const auto& entry : fs::recursive_directory_iterator(from))
    if (entry.is_regular_file()) {
      const fs::path target = to / fs::relative(entry.path(), from);
      fs::create_directories(target.parent_path());
      fs::copy_file(entry.path(), target);
    }
}

/// file name -> names of the pictures that show the same, of imagededup's form of truth.
std::map<std::string, std::set<std::string>> read_truth(const fs::path& path) {
  std::map<std::string, std::set<std::string>> truth;
  const Json json = Json::parse(read_file(path));
  for (const auto& [name, others] : json.items())
    for (const auto& other : others) truth[name].insert(other.get<std::string>());
  return truth;
}

std::string name_of_path(const Json& decision, const char* key) {
  return fs::path(decision.at(key).get<std::string>()).filename();
}

}  // namespace

TEST_CASE("every group of resized photos is found, and no pair across groups") {
  const fs::path data = test_data("resized photos with truth");
  if (data.empty()) return;
  const fs::path pictures = data / "neardup/caltech_resize";
  const auto truth = read_truth(pictures / "ground_truth.json");
  Service service;
  service.start();
  for (const auto& entry : fs::directory_iterator(pictures))
    if (entry.path().extension() == ".jpg")
      fs::copy_file(entry.path(), service.root() / entry.path().filename());
  service.sync();

  std::map<std::string, std::string> original_of;
  for (const Json& decision : service.list("duplicates")) {
    const std::string name = name_of_path(decision, "path");
    const std::string original = name_of_path(decision, "original");
    original_of[name] = original;
    CAPTURE(name);
    CAPTURE(original);
    CHECK(truth.at(name).contains(original));
  }
  // Each file is in one group with all that show the same: a star around one of them.
  for (const auto& [name, others] : truth) {
    const auto star_of = [&](const std::string& file) {
      const auto place = original_of.find(file);
      return place == original_of.end() ? file : place->second;
    };
    for (const std::string& other : others) {
      CAPTURE(name);
      CAPTURE(other);
      CHECK(star_of(name) == star_of(other));
    }
  }
}

TEST_CASE("among distinct photos there is no decision, among made-up look-alikes two at most") {
  const fs::path data = test_data("distinct photos");
  if (data.empty()) return;
  Service service;
  copy_files(data / "photos", service.root());
  service.start();
  service.sync();
  // Two flags with one canton are half the same picture; only `edited`, which shares parts, may say
  // so, and only of pictures that were chosen because they look alike.
  int look_alikes = 0;
  for (const std::string& decision : service.decisions()) {
    CAPTURE(decision);
    CHECK(decision.starts_with("edited hardneg_"));
    CHECK(decision.find("< hardneg_") != std::string::npos);
    ++look_alikes;
  }
  CHECK(look_alikes <= 2);
  CHECK(service.call("status")["images"].get<int>() >= 157);
}

TEST_CASE("every hostile file is judged or listed with its reason, and the service lives on") {
  const fs::path data = test_data("hostile files");
  if (data.empty()) return;
  Service service;
  service.start();
  copy_files(data / "hostile", service.root());
  service.sync(std::chrono::seconds(50));
  std::set<std::string> listed;
  for (const Json& file : service.list("unreadable")) {
    listed.insert(file["path"].get<std::string>());
    CHECK_FALSE(file["message"].get<std::string>().empty());
  }
  for (const Json& file : service.list("files")) {
    const auto path = file["path"].get<std::string>();
    const auto state = file["state"].get<std::string>();
    CAPTURE(path);
    CAPTURE(state);
    CHECK((state == "judged" || listed.contains(path) || state == "not-an-image"));
    CHECK((state != "not-an-image" || path.ends_with(".csv") || path.ends_with(".md")));
  }
  CHECK(service.call("status")["state"] == "idle");
}

TEST_CASE("all formats: what is readable is judged, the rest says what it is") {
  const fs::path data = test_data("files of many formats");
  if (data.empty()) return;
  Service service;
  copy_files(data / "formats", service.root());
  service.start();
  service.sync(std::chrono::seconds(50));
  CHECK(service.call("status")["images"].get<int>() > 80);
  for (const Json& file : service.list("unreadable"))
    CHECK_FALSE(file["message"].get<std::string>().empty());
}
