// SPDX-License-Identifier: Apache-2.0
// A white sheet on which pictures and lines of text are drawn.
#include "batch/canvas.h"

#include <pango/pangocairo.h>

#include <bit>
#include <cassert>
#include <cstring>
#include <stdexcept>

namespace imgdedup::batch {
namespace {

static_assert(std::endian::native == std::endian::little, "Cairo's pixels are in native order");

template <auto release>
struct Release {
  template <typename Handle>
  void operator()(Handle* handle) const {
    release(handle);
  }
};
using Surface = std::unique_ptr<cairo_surface_t, Release<cairo_surface_destroy>>;
using Context = std::unique_ptr<cairo_t, Release<cairo_destroy>>;
using Layout = std::unique_ptr<PangoLayout, Release<g_object_unref>>;
using Font = std::unique_ptr<PangoFontDescription, Release<pango_font_description_free>>;

void check(cairo_status_t status, const char* what) {
  if (status != CAIRO_STATUS_SUCCESS)
    throw std::runtime_error(std::string(what) + ": " + cairo_status_to_string(status));
}

void set_colour(cairo_t* context, Colour colour) {
  cairo_set_source_rgb(context, colour.red / 255.0, colour.green / 255.0, colour.blue / 255.0);
}

Font font_of(const TextStyle& style) {
  Font font(pango_font_description_new());
  pango_font_description_set_family_static(font.get(), "Sans");
  pango_font_description_set_absolute_size(font.get(), style.size_pixels * PANGO_SCALE);
  pango_font_description_set_weight(
      font.get(), style.weight == Weight::bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
  return font;
}

}  // namespace

struct Canvas::Drawing {
  Surface surface;
  Context context;
  Layout layout;
};

Canvas::Canvas(Size size) : size_(size), drawing_(std::make_unique<Drawing>()) {
  assert(size.width >= 1 && size.width <= max_side_pixels);
  assert(size.height >= 1 && size.height <= max_side_pixels);
  drawing_->surface.reset(cairo_image_surface_create(CAIRO_FORMAT_RGB24, size.width, size.height));
  check(cairo_surface_status(drawing_->surface.get()), "make a drawing");
  drawing_->context.reset(cairo_create(drawing_->surface.get()));
  check(cairo_status(drawing_->context.get()), "make a drawing");
  fill({0, 0, size.width, size.height}, {255, 255, 255});
  drawing_->layout.reset(pango_cairo_create_layout(drawing_->context.get()));
  pango_layout_set_ellipsize(drawing_->layout.get(), PANGO_ELLIPSIZE_MIDDLE);
  pango_layout_set_single_paragraph_mode(drawing_->layout.get(), TRUE);
  // A name in Arabic has its extension at the right end, like the others.
  pango_context_set_base_dir(pango_layout_get_context(drawing_->layout.get()), PANGO_DIRECTION_LTR);
  pango_layout_set_auto_dir(drawing_->layout.get(), FALSE);
  pango_layout_context_changed(drawing_->layout.get());
}

Canvas::~Canvas() = default;

void Canvas::fill(Rectangle area, Colour colour) {
  cairo_t* const context = drawing_->context.get();
  set_colour(context, colour);
  cairo_rectangle(context, area.x, area.y, area.width, area.height);
  cairo_fill(context);
}

void Canvas::outline(Rectangle area, Colour colour) {
  cairo_t* const context = drawing_->context.get();
  set_colour(context, colour);
  cairo_set_line_width(context, 1);
  cairo_rectangle(context, area.x - 0.5, area.y - 0.5, area.width + 1, area.height + 1);
  cairo_stroke(context);
}

void Canvas::draw(const matching::Thumbnail& picture, int x, int y) {
  const auto width = static_cast<int>(picture.width_pixels);
  const auto height = static_cast<int>(picture.height_pixels);
  const Surface source(cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height));
  check(cairo_surface_status(source.get()), "draw a picture");
  std::uint8_t* row = cairo_image_surface_get_data(source.get());
  const auto stride = static_cast<std::size_t>(cairo_image_surface_get_stride(source.get()));
  const std::uint8_t* samples = picture.bgr.data();
  for (int i = 0; i < height; ++i, row += stride)
    for (std::size_t j = 0; j < picture.width_pixels; ++j, samples += 3)
      std::memcpy(row + 4 * j, samples, 3);
  cairo_surface_mark_dirty(source.get());
  cairo_t* const context = drawing_->context.get();
  cairo_set_source_surface(context, source.get(), x, y);
  cairo_rectangle(context, x, y, width, height);
  cairo_fill(context);
}

void Canvas::write(const std::string& text, Rectangle box, const TextStyle& style) {
  cairo_t* const context = drawing_->context.get();
  PangoLayout* const layout = drawing_->layout.get();
  pango_layout_set_font_description(layout, font_of(style).get());
  pango_layout_set_alignment(
      layout, style.alignment == Alignment::centre ? PANGO_ALIGN_CENTER : PANGO_ALIGN_LEFT);
  pango_layout_set_width(layout, box.width * PANGO_SCALE);
  pango_layout_set_text(layout, text.data(), static_cast<int>(text.size()));
  int height = 0;
  pango_layout_get_pixel_size(layout, nullptr, &height);
  cairo_save(context);
  cairo_rectangle(context, box.x, box.y, box.width, box.height);
  cairo_clip(context);
  set_colour(context, style.colour);
  cairo_move_to(context, box.x, box.y + (box.height - height) / 2);
  pango_cairo_show_layout(context, layout);
  cairo_restore(context);
}

std::span<const std::uint8_t> Canvas::pixels() const {
  cairo_surface_flush(drawing_->surface.get());
  return {cairo_image_surface_get_data(drawing_->surface.get()),
          row_bytes() * static_cast<std::size_t>(size_.height)};
}

std::size_t Canvas::row_bytes() const {
  return static_cast<std::size_t>(cairo_image_surface_get_stride(drawing_->surface.get()));
}

std::vector<std::uint8_t> Canvas::to_png() const {
  check(cairo_status(drawing_->context.get()), "draw");
  std::vector<std::uint8_t> png;
  const auto append = [](void* closure, const unsigned char* data, unsigned int size) noexcept {
    auto& bytes = *static_cast<std::vector<std::uint8_t>*>(closure);
    try {
      bytes.insert(bytes.end(), data, data + size);
    } catch (const std::exception&) {
      return CAIRO_STATUS_NO_MEMORY;
    }
    return CAIRO_STATUS_SUCCESS;
  };
  check(cairo_surface_write_to_png_stream(drawing_->surface.get(), append, &png),
        "encode a drawing as PNG");
  return png;
}

}  // namespace imgdedup::batch
