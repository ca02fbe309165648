// SPDX-License-Identifier: Apache-2.0
// A HEIF or AVIF file opened by libheif.
#include "hashing/heif_file.h"

#include <new>
#include <string>

#include "hashing/format_headers.h"
#include "hashing/media_boxes.h"

namespace imgdedup::hashing {

using matching::Refusal;
using matching::RefusalReason;

Refusal refusal_of(const heif_error& error) {
  std::string message = std::string("HEIF: ") + error.message;
  switch (error.code) {
    case heif_error_Memory_allocation_error:
      if (error.subcode == heif_suberror_Security_limit_exceeded)
        return over_limit(std::move(message));
      return {RefusalReason::out_of_memory, std::move(message)};
    case heif_error_Unsupported_filetype:
    case heif_error_Unsupported_feature:
      return unsupported(std::move(message));
    default:
      if (error.subcode == heif_suberror_End_of_data) return incomplete(std::move(message));
      return damaged(std::move(message));
  }
}

Outcome<HeifFile> open_heif(Bytes file) {
  link_without_threads();
  HeifFile result;
  result.context.reset(heif_context_alloc());
  if (!result.context) throw std::bad_alloc();
  heif_context_set_max_decoding_threads(result.context.get(), 0);
  heif_context_set_maximum_image_size_limit(result.context.get(),
                                            static_cast<int>(max_side_pixels));
  heif_error error = heif_context_read_from_memory_without_copy(result.context.get(), file.data(),
                                                                file.size(), nullptr);
  if (error.code != heif_error_Ok) return refusal_of(error);
  heif_image_handle* primary = nullptr;
  error = heif_context_get_primary_image_handle(result.context.get(), &primary);
  if (error.code != heif_error_Ok) return refusal_of(error);
  result.primary.reset(primary);
  return result;
}

Outcome<ImageHeader> read_heif_header(Bytes file) {
  const auto read = read_media_boxes(file);
  if (const auto* refusal = std::get_if<Refusal>(&read)) return *refusal;
  const auto& boxes = std::get<std::vector<MediaBox>>(read);
  if (!has_box(boxes, "meta")) {
    if (has_box(boxes, "moov")) return unsupported("HEIF with a film and no picture is not read");
    return incomplete("HEIF that ends before its picture");
  }
  auto opened = open_heif(file);
  if (auto* refusal = std::get_if<Refusal>(&opened)) return std::move(*refusal);
  const auto& heif = std::get<HeifFile>(opened);
  const auto side = [](int pixels) { return static_cast<std::uint32_t>(std::max(pixels, 0)); };
  ImageHeader header;
  header.width = side(heif_image_handle_get_width(heif.primary.get()));
  header.height = side(heif_image_handle_get_height(heif.primary.get()));
  header.coded_pixels = std::uint64_t{side(heif_image_handle_get_ispe_width(heif.primary.get()))} *
                        side(heif_image_handle_get_ispe_height(heif.primary.get()));
  const int bits = heif_image_handle_get_luma_bits_per_pixel(heif.primary.get());
  // Measured were 6 (AV1) and 7.6 (HEVC) for three samples of 8 bits, the result included.
  const std::uint32_t samples =
      heif_image_handle_has_alpha_channel(heif.primary.get()) != 0 ? 4 : 3;
  header.decoder_bytes_a_pixel = (samples * 8 + 2) / 3 * (bits > 8 ? 2 : 1);
  if (bits > 8 && bits <= 16) header.max_sample = (std::uint32_t{1} << bits) - 1;
  if (heif_context_get_number_of_top_level_images(heif.context.get()) > 1 || has_box(boxes, "moov"))
    header.pictures = PictureCount::several;
  return header;
}

}  // namespace imgdedup::hashing
