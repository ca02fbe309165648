// SPDX-License-Identifier: Apache-2.0
// imgdedup plot and imgdedup map with the real worker, as a person calls them.
#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <sstream>

#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>

#include "batch/map_layout.h"
#include "batch/plot_layout.h"
#include "batch/program_call.h"
#include "support/drawn_pictures.h"

using namespace imgdedup;
using namespace imgdedup::testing;
using nlohmann::json;

namespace {

/// A picture, and copies of it at other qualities; the map that find gives of them.
struct Scene : Call {
  std::string found = directory / "found.json";
  std::string output = directory / "out.png";

  explicit Scene(int copies) {
    const auto picture = draw_picture(1);
    add("original.png", encode_picture(picture, ".png"));
    for (int i = 0; i < copies; ++i)
      add("copy" + std::to_string(i) + ".jpg", encode_picture(picture, ".jpg", 60 + i));
    REQUIRE(run("find --scores @ -o " + found).status == 0);
  }
  [[nodiscard]] Outcome plot(const std::string& arguments) const {
    return run("plot --found " + found + " -o " + output + " " + arguments);
  }
  [[nodiscard]] cv::Size drawn() const { return cv::imread(output).size(); }
};

cv::Size expected_size(std::size_t duplicates, std::size_t lines) {
  const batch::Size shape{256, 192};  // of 400 x 300
  const auto layout = batch::plot_layout(shape, std::vector<batch::Size>(duplicates, shape), lines);
  return {layout.canvas.width, layout.canvas.height};
}

std::map<std::string, batch::Point> places_in(const std::string& csv) {
  std::map<std::string, batch::Point> places;
  std::istringstream lines(csv);
  std::string line;
  std::getline(lines, line);
  CHECK(line == "file,x,y");
  while (std::getline(lines, line)) {
    const auto second = line.rfind(',');
    const auto first = line.rfind(',', second - 1);
    places[line.substr(0, first)] = {std::stod(line.substr(first + 1)),
                                     std::stod(line.substr(second + 1))};
  }
  return places;
}

}  // namespace

TEST_CASE("plot draws a picture and its duplicates, by name or by path") {
  const Scene scene(5);
  const auto by_path = scene.plot("@/original.png");
  CHECK(by_path.status == 0);
  CHECK(by_path.output.empty());
  CHECK(by_path.errors.empty());
  CHECK(scene.drawn() == expected_size(5, 2));
  const auto first = read_file(scene.output);
  CHECK(scene.plot("original.png --folder @").status == 0);
  CHECK(read_file(scene.output) == first);
}

TEST_CASE("plot draws no duplicate, and many") {
  for (const int copies : {0, 1, 30}) {
    const Scene scene(copies);
    CHECK(scene.plot("@/original.png").status == 0);
    CHECK(scene.drawn() == expected_size(static_cast<std::size_t>(copies), 2));
  }
}

TEST_CASE("plot draws a field for what cannot be read any more, and says so") {
  const Scene scene(2);
  std::filesystem::remove(scene.directory / "in/copy0.jpg");
  write_file(scene.directory / "in/copy1.jpg", "no picture");
  const auto outcome = scene.plot("@/original.png");
  CHECK(outcome.status == 0);
  CHECK(outcome.errors.find("copy0.jpg: unreadable: ") != std::string::npos);
  CHECK(outcome.errors.find("copy1.jpg: not-an-image: ") != std::string::npos);
  CHECK(scene.drawn() == expected_size(2, 2));
  const auto nowhere = scene.plot("original.png --folder " + scene.directory.path().string());
  CHECK(nowhere.status == 1);
  CHECK(nowhere.errors.find("--folder") != std::string::npos);
}

TEST_CASE("plot draws pictures whose names are in no fit state") {
  const Scene scene(0);
  const auto picture = encode_picture(draw_picture(1), ".jpg");
  const std::vector<std::string> names{"\xE4\xBD\xA0\xE5\xA5\xBD.jpg",
                                       "\xFF\xFE.jpg",
                                       "new\nline.jpg",
                                       "\xE2\x80\xAEgpj.exe.jpg",
                                       std::string(240, 'x') + ".jpg",
                                       "deep/in/a/folder.jpg"};
  for (const auto& name : names) scene.add(name, picture);
  REQUIRE(scene.run("find --recursive --scores @ -o " + scene.found).status == 0);
  const auto outcome = scene.plot("@/original.png");
  CHECK(outcome.status == 0);
  CHECK(outcome.errors.empty());
  CHECK(scene.drawn() == expected_size(names.size(), 3));
}

TEST_CASE("plot and map never write over a picture they draw") {
  const Scene scene(1);
  const auto original = read_file(scene.directory / "in/original.png");
  for (const char* arguments :
       {"plot copy0.jpg --folder @ -o @/original.png --found ", "map @ -o @/original.png --csv "}) {
    const auto outcome = scene.run(arguments + scene.found);
    CHECK(outcome.status == 1);
    CHECK(outcome.errors.find("original.png: it is one of the pictures") != std::string::npos);
  }
  CHECK(scene.run("map @ -o " + scene.output + " --csv @/original.png").status == 1);
  CHECK(read_file(scene.directory / "in/original.png") == original);
}

TEST_CASE("map places copies beside each other") {
  const Call call;
  constexpr int groups = 12;
  for (int group = 0; group < groups; ++group)
    for (int copy = 0; copy < 3; ++copy)
      call.add(std::to_string(group) + "/," + std::to_string(copy) + ".jpg",
               encode_picture(draw_picture(static_cast<std::uint64_t>(group + 1)), ".jpg",
                              50 + 20 * copy));
  call.add("notes.txt", "no picture");
  const std::string output = call.directory / "map.png";
  const std::string csv = call.directory / "map.csv";
  const auto outcome = call.run("map @ --recursive -o " + output + " --csv " + csv);
  CHECK(outcome.status == 0);
  CHECK(outcome.errors.empty());
  const int side = batch::map_canvas_side(groups * 3, 100);
  CHECK(cv::imread(output).size() == cv::Size(side, side));

  const auto places = places_in(read_file(csv));
  REQUIRE(places.size() == groups * 3);
  CHECK(places.contains("\"0/,0.jpg\""));
  for (const auto& [name, place] : places) {
    const auto group_of = [](const std::string& file) { return file.substr(1, file.find('/')); };
    const std::string* nearest = nullptr;
    double least = 0;
    for (const auto& [other, other_place] : places) {
      const double distance = std::hypot(place.x - other_place.x, place.y - other_place.y);
      if (other == name || (nearest && distance >= least)) continue;
      nearest = &other;
      least = distance;
    }
    CHECK(group_of(*nearest) == group_of(name));
  }
  const auto first = read_file(output);
  CHECK(call.run("map @ --recursive -o " + output).status == 0);
  CHECK(read_file(output) == first);
}

TEST_CASE("map draws one picture, two, equal ones and very flat ones; none is an error") {
  const Call call;
  std::filesystem::create_directory(call.directory / "in");
  const std::string output = call.directory / "map.jpg";
  const auto map = [&] { return call.run("map @ -o " + output); };
  const auto without = map();
  CHECK(without.status == 1);
  CHECK(without.errors.find("no picture") != std::string::npos);
  CHECK(!std::filesystem::exists(output));
  const auto picture = encode_picture(draw_picture(1), ".png");
  for (const char* name : {"a.png", "b.png", "c.png"}) {
    call.add(name, picture);
    CHECK(map().status == 0);
    CHECK(cv::imread(output).size() == cv::Size(1000, 1000));
  }
  call.add("wide.png", encode_picture(draw_picture(2, {4000, 20}), ".png"));
  call.add("tall.png", encode_picture(draw_picture(3, {20, 4000}), ".png"));
  CHECK(map().status == 0);
}

TEST_CASE("a drawing that cannot be written, or of an unknown kind, is an error") {
  const Scene scene(1);
  const auto unwritable = scene.run("map @ -o /nonexistent/map.png");
  CHECK(unwritable.status == 1);
  CHECK(unwritable.errors.find("/nonexistent/map.png") != std::string::npos);
  CHECK(scene.plot("missing.png").status == 1);
  for (const char* wrong : {"map @", "map @ -o map.gif", "map -o map.png", "plot a -o a.png",
                            "plot a --found f.json", "map /nonexistent -o map.png"})
    CHECK(scene.run(wrong).status == 2);
}
