// SPDX-License-Identifier: Apache-2.0
// imgdedup map: all pictures of a folder, alike ones beside each other, drawn.
#include "batch/map.h"

#include <array>
#include <cstdint>
#include <cstdio>
#include <span>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include "batch/appearance.h"
#include "batch/canvas.h"
#include "batch/drawing_file.h"
#include "batch/json_text.h"
#include "batch/map_layout.h"
#include "batch/pictures.h"
#include "batch/progress.h"
#include "batch/tsne.h"
#include "batch/whole_file.h"

namespace imgdedup::batch {
namespace {

namespace fs = std::filesystem;
using matching::Thumbnail;

constexpr Colour frame{200, 200, 200};

struct MappedPicture {
  ListedFile file;
  Thumbnail thumbnail;
};

std::vector<MappedPicture> read_pictures(const MapOptions& options) {
  const auto files = list_and_report({options.folder}, options.descent);
  std::vector<fs::path> paths;
  for (const auto& file : files) paths.push_back(file.path);
  auto measurer = make_measurer(options.sandbox);
  auto reduced = measurer.reduce(paths, static_cast<std::uint16_t>(map_tile_side(files.size())));
  std::vector<MappedPicture> pictures;
  for (std::size_t i = 0; i < files.size(); ++i)
    if (const auto* refusal = std::get_if<matching::Refusal>(&reduced[i]))
      report_unreadable(paths[i], *refusal);
    else
      pictures.push_back({files[i], std::get<Thumbnail>(std::move(reduced[i]))});
  return pictures;
}

/// A picture must not be lost to a slip of the hand; nor is a map of before one of the pictures.
void check_output(const fs::path& output, std::span<const MappedPicture> pictures) {
  std::error_code ignored;
  if (!fs::exists(output, ignored)) return;
  for (const auto& picture : pictures)
    if (fs::equivalent(picture.file.path, output, ignored))
      throw std::runtime_error("write " + output.string() +
                               ": it is one of the pictures; remove it or write elsewhere");
}

std::vector<Point> arrange(std::span<const MappedPicture> pictures) {
  VectorSet vectors{.dimensions = appearance_dimensions, .values = {}};
  for (const auto& picture : pictures) {
    const Appearance appearance = appearance_of(picture.thumbnail);
    vectors.values.insert(vectors.values.end(), appearance.begin(), appearance.end());
  }
  const TsneSettings settings;
  Progress progress("arranging: step", static_cast<std::size_t>(settings.steps));
  return tsne(vectors, settings, [&progress] { progress.step(); });
}

/// RFC 4180.
std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char character : text) quoted += character == '"' ? "\"\"" : std::string(1, character);
  return quoted + '"';
}

void write_csv(const fs::path& path, std::span<const MappedPicture> pictures,
               std::span<const Point> places) {
  std::string text = "file,x,y\n";
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    std::array<char, 80> coordinates{};
    std::snprintf(coordinates.data(), coordinates.size(), ",%.6g,%.6g\n", places[i].x, places[i].y);
    text += csv_field(json_text(pictures[i].file.name)) + coordinates.data();
  }
  replace_file(path, bytes_of(text));
}

void draw(std::span<const MappedPicture> pictures, std::span<const Point> places,
          const fs::path& output) {
  std::vector<Size> sizes;
  int tile_side = 0;
  for (const auto& [file, thumbnail] : pictures) {
    sizes.push_back(
        {static_cast<int>(thumbnail.width_pixels), static_cast<int>(thumbnail.height_pixels)});
    tile_side = std::max({tile_side, sizes.back().width, sizes.back().height});
  }
  const int side = map_canvas_side(pictures.size(), tile_side);
  const auto rectangles = map_layout(places, sizes, side);
  Canvas canvas({side, side});
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    canvas.outline(rectangles[i], frame);
    canvas.draw(pictures[i].thumbnail, rectangles[i].x, rectangles[i].y);
  }
  write_drawing(canvas, output);
}

}  // namespace

void draw_map(const MapOptions& options) {
  check_writable(options.output);
  check_writable(options.csv);
  const auto pictures = read_pictures(options);
  if (pictures.empty()) throw std::runtime_error("map " + options.folder + ": no picture");
  check_output(options.output, pictures);
  check_output(options.csv, pictures);
  const auto places = arrange(pictures);
  draw(pictures, places, options.output);
  if (!options.csv.empty()) write_csv(options.csv, pictures, places);
}

}  // namespace imgdedup::batch
