// SPDX-License-Identifier: Apache-2.0
// The first picture of a GIF through giflib, laid on its canvas.
#include <gif_lib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include <opencv2/core.hpp>

#include "hashing/format_decoders.h"

namespace imgdedup::hashing {
namespace {

using matching::Refusal;
using matching::RefusalReason;

/// A GIF that giflib reads from memory.
class GifFile {
 public:
  explicit GifFile(Bytes bytes) : left_(bytes), gif_(DGifOpen(this, read, &error_)) {}
  ~GifFile() {
    if (gif_ != nullptr) DGifCloseFile(gif_, nullptr);
  }
  GifFile(const GifFile&) = delete;
  GifFile& operator=(const GifFile&) = delete;

  [[nodiscard]] GifFileType* get() const { return gif_; }

  [[nodiscard]] Refusal refusal() const {
    const int error = gif_ == nullptr ? error_ : gif_->Error;
    if (error == D_GIF_ERR_NOT_ENOUGH_MEM)
      return {RefusalReason::out_of_memory, "GIF needs more memory than there is"};
    const char* text = GifErrorString(error);
    return damaged(std::string("GIF: ") + (text == nullptr ? "broken data" : text));
  }

 private:
  static int read(GifFileType* gif, GifByteType* out, int wanted) {
    Bytes& left = static_cast<GifFile*>(gif->UserData)->left_;
    const std::size_t count = std::min(left.size(), static_cast<std::size_t>(wanted));
    std::memcpy(out, left.data(), count);
    left = left.subspan(count);
    return static_cast<int>(count);
  }

  Bytes left_;
  int error_ = 0;
  GifFileType* gif_;
};

/// Reads an extension and keeps the transparent colour if it names one. False on an error.
bool read_extension(GifFileType* gif, std::optional<int>& transparent) {
  int code = 0;
  GifByteType* data = nullptr;
  if (DGifGetExtension(gif, &code, &data) != GIF_OK) return false;
  while (data != nullptr) {
    GraphicsControlBlock control{};
    if (code == GRAPHICS_EXT_FUNC_CODE && DGifExtensionToGCB(data[0], data + 1, &control) == GIF_OK)
      transparent = control.TransparentColor == NO_TRANSPARENT_COLOR
                        ? std::nullopt
                        : std::optional(control.TransparentColor);
    if (DGifGetExtensionNext(gif, &data) != GIF_OK) return false;
  }
  return true;
}

/// Reads up to the descriptor of the first picture. False on an error, or if there is none.
bool find_picture(GifFileType* gif, std::optional<int>& transparent) {
  for (;;) {
    GifRecordType record = UNDEFINED_RECORD_TYPE;
    if (DGifGetRecordType(gif, &record) != GIF_OK) return false;
    if (record == IMAGE_DESC_RECORD_TYPE) return DGifGetImageDesc(gif) == GIF_OK;
    if (record != EXTENSION_RECORD_TYPE || !read_extension(gif, transparent)) return false;
  }
}

std::array<cv::Vec4b, 256> palette_of(const ColorMapObject& map, std::optional<int> transparent) {
  std::array<cv::Vec4b, 256> palette;
  palette.fill({0, 0, 0, 255});  // what browsers show for colours beyond the table
  for (int i = 0; i < std::min(map.ColorCount, 256); ++i) {
    const GifColorType& colour = map.Colors[i];
    palette[static_cast<std::size_t>(i)] = {colour.Blue, colour.Green, colour.Red, 255};
  }
  if (transparent) palette[static_cast<std::size_t>(*transparent) & 255] = {0, 0, 0, 0};
  return palette;
}

/// The rows of a picture in the order in which they are stored.
std::vector<int> row_order(int height, bool interlaced) {
  std::vector<int> order;
  order.reserve(static_cast<std::size_t>(height));
  if (!interlaced)
    for (int y = 0; y < height; ++y) order.push_back(y);
  else
    for (const auto& [first, step] : {std::pair(0, 8), {4, 8}, {2, 4}, {1, 2}})
      for (int y = first; y < height; y += step) order.push_back(y);
  return order;
}

}  // namespace

std::optional<Refusal> give_gif(Bytes file, const ImageHeader& header, RowSink& sink) {
  const GifFile opened(file);
  GifFileType* gif = opened.get();
  std::optional<int> transparent;
  if (gif == nullptr || !find_picture(gif, transparent)) return opened.refusal();
  const GifImageDesc& frame = gif->Image;
  const ColorMapObject* map = frame.ColorMap != nullptr ? frame.ColorMap : gif->SColorMap;
  if (map == nullptr) return damaged("GIF without a table of colours");
  const cv::Rect place(frame.Left, frame.Top, frame.Width, frame.Height);
  const cv::Size canvas(static_cast<int>(header.width), static_cast<int>(header.height));
  if ((place & cv::Rect({}, canvas)) != place)
    return damaged("GIF whose picture lies outside its canvas");
  if (place.empty()) return damaged("GIF with an empty picture");

  sink.begin(canvas, CV_8UC4);
  std::vector<cv::Vec4b> row(header.width, cv::Vec4b::all(0));
  const auto give = [&](int y) {
    sink.add({.y = y, .count = canvas.width, .samples = row.data()->val});
  };
  for (int y = 0; y < canvas.height; ++y)
    if (y < place.y || y >= place.y + place.height) give(y);
  const auto palette = palette_of(*map, transparent);
  std::vector<GifPixelType> indexes(static_cast<std::size_t>(frame.Width));
  for (const int y : row_order(frame.Height, frame.Interlace)) {
    if (DGifGetLine(gif, indexes.data(), frame.Width) != GIF_OK) return opened.refusal();
    auto* pixel = row.data() + place.x;
    for (const GifPixelType index : indexes) *pixel++ = palette[index];
    give(place.y + y);
  }
  return std::nullopt;
}

}  // namespace imgdedup::hashing
