// SPDX-License-Identifier: Apache-2.0
// A drawing as JPEG, through libjpeg-turbo.
#pragma once

#include <cstdint>
#include <vector>

#include "batch/canvas.h"

namespace imgdedup::batch {

/// Quality 90, colour not subsampled: small text stays legible. Throws std::runtime_error with the
/// library's words.
std::vector<std::uint8_t> encode_jpeg(const Canvas& drawing);

}  // namespace imgdedup::batch
