// SPDX-License-Identifier: Apache-2.0
// Layouts, names, scores and files of drawings.
#include <doctest/doctest.h>

#include <random>
#include <stdexcept>

#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>

#include "batch/appearance.h"
#include "batch/canvas.h"
#include "batch/drawing_file.h"
#include "batch/map_layout.h"
#include "batch/plot_layout.h"
#include "batch/plot_subject.h"
#include "batch/readable_name.h"
#include "support/drawn_pictures.h"
#include "support/temporary_directory.h"

using namespace imgdedup;
using namespace imgdedup::batch;
using namespace imgdedup::testing;
using nlohmann::json;

namespace {

bool overlap(const Rectangle& a, const Rectangle& b) {
  return a.x < b.right() && b.x < a.right() && a.y < b.bottom() && b.y < a.bottom();
}

bool inside(const Rectangle& rectangle, Size canvas) {
  return rectangle.x >= 0 && rectangle.y >= 0 && rectangle.right() <= canvas.width &&
         rectangle.bottom() <= canvas.height;
}

/// Whether all lie inside the canvas and none covers another.
bool is_sane(const std::vector<Rectangle>& rectangles, Size canvas) {
  for (std::size_t i = 0; i < rectangles.size(); ++i) {
    if (!inside(rectangles[i], canvas)) return false;
    for (std::size_t j = 0; j < i; ++j)
      if (overlap(rectangles[i], rectangles[j])) return false;
  }
  return true;
}

std::vector<Rectangle> rectangles_of(const PlotLayout& layout) {
  std::vector<Rectangle> all{layout.heading};
  const auto add = [&all](const PlotCell& cell) {
    all.push_back(cell.picture);
    all.insert(all.end(), cell.lines.begin(), cell.lines.end());
  };
  add(layout.original);
  for (const auto& cell : layout.duplicates) add(cell);
  return all;
}

matching::Thumbnail thumbnail_of(const cv::Mat& picture) {
  matching::Thumbnail thumbnail;
  thumbnail.width_pixels = thumbnail.picture_width_pixels =
      static_cast<std::uint32_t>(picture.cols);
  thumbnail.height_pixels = thumbnail.picture_height_pixels =
      static_cast<std::uint32_t>(picture.rows);
  const cv::Mat whole = picture.clone();
  thumbnail.bgr.assign(whole.datastart, whole.dataend);
  return thumbnail;
}

double distance(const Appearance& a, const Appearance& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

}  // namespace

TEST_CASE("nothing in a plot covers anything else, whatever the pictures' shapes and number") {
  const std::vector<Size> shapes{{256, 256}, {256, 1}, {1, 256}, {16, 16}, {256, 170}, {1, 1}};
  for (const std::size_t count : {0, 1, 2, 4, 5, 50, 200})
    for (const std::size_t line_count : {0, 2, 3}) {
      std::vector<Size> duplicates;
      for (std::size_t i = 0; i < count; ++i) duplicates.push_back(shapes[i % shapes.size()]);
      for (const Size original : shapes) {
        const auto layout = plot_layout(original, duplicates, line_count);
        CHECK(is_sane(rectangles_of(layout), layout.canvas));
        CHECK(layout.canvas.height <= Canvas::max_side_pixels);
        REQUIRE(layout.duplicates.size() == count);
        for (std::size_t i = 0; i < count; ++i) {
          CHECK(layout.duplicates[i].picture.width == duplicates[i].width);
          CHECK(layout.duplicates[i].picture.height == duplicates[i].height);
          CHECK(layout.duplicates[i].lines.size() == line_count);
          CHECK(layout.duplicates[i].picture.y > layout.heading.y);
        }
      }
    }
}

TEST_CASE("duplicates stand in rows of four, in their order") {
  const auto layout = plot_layout({256, 200}, std::vector<Size>(9, Size{256, 200}), 2);
  for (std::size_t i = 1; i < 9; ++i) {
    const auto& last = layout.duplicates[i - 1].picture;
    const auto& next = layout.duplicates[i].picture;
    if (i % 4 == 0)
      CHECK((next.y > last.y && next.x == layout.duplicates[0].picture.x));
    else
      CHECK((next.y == last.y && next.x > last.x));
  }
}

TEST_CASE("tiles of a map shrink and its canvas grows with the pictures, within bounds") {
  CHECK(map_tile_side(1) == 100);
  CHECK(map_tile_side(1000) == 100);
  CHECK(map_canvas_side(1, 100) == 1000);
  int tile = 100;
  int canvas = 1000;
  for (std::size_t count = 1; count < 10'000'000; count = count * 3 / 2 + 1) {
    CHECK(map_tile_side(count) <= tile);
    tile = map_tile_side(count);
    CHECK(map_canvas_side(count, 100) >= canvas);
    canvas = map_canvas_side(count, 100);
  }
  CHECK(tile == 8);
  CHECK(canvas == 8000);
}

TEST_CASE("thumbnails in a map do not cover each other, even all at one place") {
  std::mt19937 random(5);
  const auto below = [&random](std::uint32_t limit) { return static_cast<int>(random() % limit); };
  for (const std::size_t count : {1, 2, 3, 50, 600})
    for (const bool at_one_place : {false, true}) {
      const int tile = map_tile_side(count);
      const int side = map_canvas_side(count, tile);
      std::vector<Point> places;
      std::vector<Size> sizes;
      for (std::size_t i = 0; i < count; ++i) {
        // Four heaps, as t-SNE makes them.
        const Point heap{static_cast<double>(i % 2) * 3000, static_cast<double>(i / 2 % 2) * 3000};
        places.push_back(at_one_place ? Point{1, 1}
                                      : Point{heap.x + below(1000), heap.y + below(1000)});
        const int short_side = 1 + below(static_cast<std::uint32_t>(tile));
        sizes.push_back(i % 2 == 0 ? Size{tile, short_side} : Size{short_side, tile});
      }
      CAPTURE(count);
      CAPTURE(at_one_place);
      const auto rectangles = map_layout(places, sizes, side);
      REQUIRE(rectangles.size() == count);
      CHECK(is_sane(rectangles, {side, side}));
      CHECK(rectangles == map_layout(places, sizes, side));
      for (std::size_t i = 0; i < count; ++i)
        CHECK((rectangles[i].width == sizes[i].width && rectangles[i].height == sizes[i].height));
    }
}

TEST_CASE("names are shown on one line, whatever bytes they have") {
  CHECK(readable_name("holiday \xE4\xBD\xA0\xE5\xA5\xBD \xF0\x9F\x98\x80.jpg") ==
        "holiday \xE4\xBD\xA0\xE5\xA5\xBD \xF0\x9F\x98\x80.jpg");
  CHECK(readable_name("a\xFF\xC3.jpg") == "a\\xff\\xc3.jpg");
  constexpr const char* shown_for_acting = "\xEF\xBF\xBD";
  for (const char* acting : {"\n", "\x1B", "\x7F", "\xC2\x85", "\xE2\x80\xAE", "\xE2\x80\xA9"})
    CHECK(readable_name(acting) == shown_for_acting);
}

TEST_CASE("whole scores stay whole, others have three decimals, and none may be missing") {
  const json found = json::parse(
      R"({"a": ["b", ["c", 3], ["d", 0.98765], ["e", 1.0], ["f", -0.25], ["g", 1e300]]})");
  const auto subject = plot_subject(found, "F", "a", {});
  REQUIRE(subject.duplicates.size() == 6);
  const std::vector<std::string> scores{"", "3", "0.988", "1.000", "-0.250", "1.000e+300"};
  for (std::size_t i = 0; i < scores.size(); ++i) CHECK(subject.duplicates[i].score == scores[i]);
  for (const char* wrong : {R"([])", R"({"a": 1})", R"({"a": [1]})", R"({"a": [["b"]]})",
                            R"({"a": [["b", null]]})", R"({"b": []})"})
    CHECK_THROWS_WITH_AS(plot_subject(json::parse(wrong), "F.json", "a", {}),
                         doctest::Contains("read F.json: "), std::runtime_error);
}

TEST_CASE("a file is found in the map by its name or by its path") {
  const json found = json::parse(R"({"sub/a.jpg": [], "b.jpg": [], "/x/c.jpg": []})");
  const auto of = [&found](const std::string& file, const std::string& folder = {}) {
    const auto subject = plot_subject(found, "F", file, folder);
    return subject.folder.string() + " | " + subject.name;
  };
  CHECK(of("b.jpg") == ". | b.jpg");
  CHECK(of("/photos/b.jpg") == "/photos | b.jpg");
  CHECK(of("/photos/sub/a.jpg") == "/photos | sub/a.jpg");
  CHECK(of("/photos/other/../sub/a.jpg") == "/photos | sub/a.jpg");
  CHECK(of("sub/a.jpg", "/photos") == "/photos | sub/a.jpg");
  CHECK(of("/photos/sub/a.jpg", "/photos/") == "/photos/ | sub/a.jpg");
  CHECK(path_of_name("/photos", "/x/c.jpg") == "/x/c.jpg");
  CHECK_THROWS(of("/photos/a.jpg"));
  CHECK_THROWS(of("/elsewhere/sub/a.jpg", "/photos"));
}

TEST_CASE("bytes that are not UTF-8 in the map lead to the file again") {
  const TemporaryDirectory directory;
  write_file(directory / "\xFF.jpg", "");
  write_file(directory / "\\x41.jpg", "");
  CHECK(path_of_name(directory.path(), "\\xff.jpg") == directory / "\xFF.jpg");
  CHECK(path_of_name(directory.path(), "\\x41.jpg") == directory / "\\x41.jpg");
  CHECK(path_of_name(directory.path(), "\\xfe.jpg") == directory / "\xFE.jpg");
  // A name that looks like another one's text.
  write_file(directory / "\\xff.jpg", "");
  CHECK(path_of_name(directory.path(), "\\xff.jpg") == directory / "\xFF.jpg");
  CHECK(path_of_name(directory.path(), "\\x5cxff.jpg") == directory / "\\xff.jpg");
}

TEST_CASE("text is drawn inside its box only, however long it is") {
  Canvas canvas({300, 60});
  std::string name;
  for (int i = 0; i < 100; ++i) name += "long \xE4\xBD\xA0 ";
  canvas.write(name, {50, 20, 200, 20}, {.size_pixels = 40});
  const auto pixels = canvas.pixels();
  int dark_inside = 0;
  int dark_outside = 0;
  for (int y = 0; y < 60; ++y)
    for (int x = 0; x < 300; ++x) {
      const auto sample = pixels[static_cast<std::size_t>(y) * canvas.row_bytes() +
                                 static_cast<std::size_t>(4 * x)];
      const bool is_inside = x >= 50 && x < 250 && y >= 20 && y < 40;
      if (sample < 128) ++(is_inside ? dark_inside : dark_outside);
    }
  CHECK(dark_inside > 100);
  CHECK(dark_outside == 0);
}

TEST_CASE("a drawing is written as its name says, whole or not at all") {
  const TemporaryDirectory directory;
  Canvas canvas({400, 300});
  const auto picture = draw_picture(1);
  canvas.draw(thumbnail_of(picture), 0, 0);
  for (const char* name : {"a.png", "a.PNG", "a.jpg", "a.jpeg"}) {
    write_drawing(canvas, directory / name);
    const cv::Mat read = cv::imread(directory / name, cv::IMREAD_COLOR);
    REQUIRE(read.size() == picture.size());
    CHECK(cv::norm(read, picture, cv::NORM_L1) / (3.0 * 400 * 300) <
          (std::string(name).ends_with('g') && name[2] != 'j' ? 1e-9 : 5));
  }
  CHECK(!has_drawing_extension("a.gif"));
  CHECK(!has_drawing_extension("png"));
  CHECK_THROWS_WITH(write_drawing(canvas, directory / "missing/a.png"),
                    doctest::Contains("missing/a.png"));
  std::filesystem::create_directory(directory / "folder.png");
  CHECK_THROWS_WITH(write_drawing(canvas, directory / "folder.png"),
                    doctest::Contains("folder.png"));
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
    ++count;
    CHECK(!entry.path().filename().native().starts_with('.'));
  }
  CHECK(count == 5);
}

TEST_CASE("copies of a picture look nearer than other pictures") {
  const auto of = [](const cv::Mat& picture) { return appearance_of(thumbnail_of(picture)); };
  const auto picture = draw_picture(1, {100, 75});
  const auto compressed = cv::imdecode(std::vector<char>([&] {
                                         const auto jpeg = encode_picture(picture, ".jpg", 40);
                                         return std::vector<char>(jpeg.begin(), jpeg.end());
                                       }()),
                                       cv::IMREAD_COLOR);
  const auto original = of(picture);
  CHECK(distance(original, original) == 0);
  for (std::uint64_t seed = 2; seed < 40; ++seed)
    CHECK(distance(original, of(compressed)) * 4 <
          distance(original, of(draw_picture(seed, {100, 75}))));
  for (const PictureSize tiny : {PictureSize{1, 1}, PictureSize{100, 1}, PictureSize{1, 100}})
    for (const float value : of(cv::Mat(tiny.height, tiny.width, CV_8UC3, cv::Scalar(255, 0, 255))))
      CHECK(std::isfinite(value));
}
