// SPDX-License-Identifier: Apache-2.0
// imgdedup plot: a file and its duplicates, drawn.
#include "batch/plot.h"

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "batch/canvas.h"
#include "batch/drawing_file.h"
#include "batch/json_text.h"
#include "batch/pictures.h"
#include "batch/plot_layout.h"
#include "batch/plot_subject.h"
#include "batch/readable_name.h"

namespace imgdedup::batch {
namespace {

namespace fs = std::filesystem;
using matching::Thumbnail;

/// More would not fit on a canvas, and nobody would look at them.
constexpr std::size_t most_duplicates = 200;

constexpr Colour black{0, 0, 0};
constexpr Colour dim{96, 96, 96};
constexpr Colour frame{200, 200, 200};
constexpr Colour unreadable_ground{224, 224, 224};
constexpr Size unreadable_size{plot_picture_side_pixels, plot_picture_side_pixels * 3 / 4};

/// Whether below each name there is a line for the folder it is in.
enum class FolderLine : std::uint8_t { none, shown };

Size size_of(const Reduced& picture) {
  const auto* thumbnail = std::get_if<Thumbnail>(&picture);
  if (!thumbnail) return unreadable_size;
  return {static_cast<int>(thumbnail->width_pixels), static_cast<int>(thumbnail->height_pixels)};
}

/// "640 × 480 · score 3"
std::string facts_of(const Reduced& picture, const std::string& more) {
  std::string text;
  if (const auto* thumbnail = std::get_if<Thumbnail>(&picture))
    text = std::to_string(thumbnail->picture_width_pixels) + " × " +
           std::to_string(thumbnail->picture_height_pixels);
  if (!text.empty() && !more.empty()) text += " · ";
  return text + more;
}

void draw_cell(Canvas& canvas, const PlotCell& cell, const Reduced& picture,
               const std::string& name, FolderLine folder_line, const std::string& more) {
  if (const auto* thumbnail = std::get_if<Thumbnail>(&picture)) {
    canvas.outline(cell.picture, frame);
    canvas.draw(*thumbnail, cell.picture.x, cell.picture.y);
  } else {
    canvas.fill(cell.picture, unreadable_ground);
    canvas.write("not readable", cell.picture,
                 {.size_pixels = 14, .colour = dim, .alignment = Alignment::centre});
  }
  auto line = cell.lines.begin();
  const auto write = [&](const std::string& text, TextStyle style) {
    style.alignment = Alignment::centre;
    canvas.write(text, *line++, style);
  };
  const fs::path path(name);
  write(readable_name(path.filename().native()),
        {.size_pixels = 14, .weight = Weight::bold, .colour = black});
  write(facts_of(picture, more), {.size_pixels = 13, .colour = black});
  if (folder_line == FolderLine::shown)
    write(readable_name(path.parent_path().native()), {.size_pixels = 12, .colour = dim});
}

std::string heading_of(std::size_t shown, std::size_t all) {
  if (all == 0) return "no duplicates";
  std::string text = std::to_string(all) + (all == 1 ? " duplicate" : " duplicates");
  if (shown < all) text += ", the first " + std::to_string(shown);
  return text;
}

/// A file of the map must not be lost to a slip of the hand.
void check_output(const fs::path& output, const nlohmann::json& found, const fs::path& folder) {
  std::error_code ignored;
  for (const auto& [name, hits] : found.items())
    if (fs::equivalent(path_of_name(folder, name), output, ignored))
      throw std::runtime_error("write " + output.string() +
                               ": it is one of the pictures in the map");
}

}  // namespace

void plot(const PlotOptions& options) {
  const auto found = read_json_file(options.found);
  const PlotSubject subject =
      plot_subject(found, options.found.native(), options.file, options.folder);
  if (fs::exists(options.output)) check_output(options.output, found, subject.folder);
  const std::size_t shown = std::min(subject.duplicates.size(), most_duplicates);

  std::vector<fs::path> paths{path_of_name(subject.folder, subject.name)};
  FolderLine folder_line = FolderLine::none;
  for (std::size_t i = 0; i < shown; ++i)
    paths.push_back(path_of_name(subject.folder, subject.duplicates[i].name));
  auto measurer = make_measurer(options.sandbox);
  const auto pictures = measurer.reduce(paths, plot_picture_side_pixels);
  bool any_readable = false;
  for (std::size_t i = 0; i < pictures.size(); ++i)
    if (const auto* refusal = std::get_if<matching::Refusal>(&pictures[i]))
      report_unreadable(paths[i], *refusal);
    else
      any_readable = true;
  if (!any_readable)
    throw std::runtime_error("plot " + options.file + ": no picture can be read in " +
                             subject.folder.string() +
                             "; --folder names the folder that was given to find");

  if (subject.name.find('/') != std::string::npos) folder_line = FolderLine::shown;
  std::vector<Size> sizes;
  for (std::size_t i = 0; i < shown; ++i) {
    sizes.push_back(size_of(pictures[i + 1]));
    if (subject.duplicates[i].name.find('/') != std::string::npos) folder_line = FolderLine::shown;
  }
  const PlotLayout layout =
      plot_layout(size_of(pictures[0]), sizes, folder_line == FolderLine::shown ? 3 : 2);
  Canvas canvas(layout.canvas);
  draw_cell(canvas, layout.original, pictures[0], subject.name, folder_line, {});
  canvas.fill({layout.heading.x, layout.heading.y, layout.heading.width, 1}, frame);
  canvas.write(heading_of(shown, subject.duplicates.size()), layout.heading,
               {.size_pixels = 14, .colour = dim});
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& [name, score] = subject.duplicates[i];
    draw_cell(canvas, layout.duplicates[i], pictures[i + 1], name, folder_line,
              score.empty() ? score : "score " + score);
  }
  write_drawing(canvas, options.output);
}

}  // namespace imgdedup::batch
