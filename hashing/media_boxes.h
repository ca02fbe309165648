// SPDX-License-Identifier: Apache-2.0
// The outermost boxes of an ISO base media file (HEIF, AVIF, JPEG XL, Canon CR3).
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "hashing/measure.h"
#include "hashing/outcome.h"

namespace imgdedup::hashing {

struct MediaBox {
  std::string_view type;  ///< four characters, within the file
  Bytes contents;
};

/// All outermost boxes of `file`, in order; `incomplete` if the file ends inside one of them. Bytes
/// behind the last box that are no box are left out. ISO/IEC 14496-12, section 4.2. Any thread.
Outcome<std::vector<MediaBox>> read_media_boxes(Bytes file);

bool has_box(const std::vector<MediaBox>& boxes, std::string_view type);

}  // namespace imgdedup::hashing
