// SPDX-License-Identifier: Apache-2.0
// Where the first frame of an animated WebP lies. RFC 9649, section 2.7.
#pragma once

#include <cstdint>

#include "hashing/image_header.h"

namespace imgdedup::hashing {

/// Of the first byte of a VP8X chunk.
inline constexpr std::uint32_t webp_animation_flag = 0x02;

/// Whether give_webp_animation() is for this WebP file, not decode_with_opencv().
bool is_webp_animation(Bytes file);

struct WebpFrame {
  Bytes chunks;            ///< its ALPH, VP8 and VP8L chunks
  ImageHeader header;      ///< format, width and height of the frame itself
  std::uint32_t left = 0;  ///< on the canvas, pixels
  std::uint32_t top = 0;   ///< on the canvas, pixels
};

/// The first frame, which lies within the canvas of `file`, an animated WebP.
Outcome<WebpFrame> first_webp_frame(Bytes file);

}  // namespace imgdedup::hashing
