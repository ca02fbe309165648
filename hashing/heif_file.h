// SPDX-License-Identifier: Apache-2.0
// A HEIF or AVIF file opened by libheif, and what libheif's errors mean.
#pragma once

#include <libheif/heif.h>

#include <memory>

#include "hashing/measure.h"
#include "hashing/outcome.h"

namespace imgdedup::hashing {

template <typename Handle, void (*release)(Handle)>
struct HeifRelease {
  void operator()(Handle handle) const { release(handle); }
};
using HeifContext = std::unique_ptr<heif_context, HeifRelease<heif_context*, heif_context_free>>;
using HeifHandle =
    std::unique_ptr<heif_image_handle,
                    HeifRelease<const heif_image_handle*, heif_image_handle_release>>;
using HeifImage = std::unique_ptr<heif_image, HeifRelease<const heif_image*, heif_image_release>>;

/// The parsed boxes of a file and its primary picture; nothing is decoded yet.
struct HeifFile {
  HeifContext context;
  HeifHandle primary;
};

/// `file` must outlive the result. No side above max_side_pixels, tiles decoded without threads.
Outcome<HeifFile> open_heif(Bytes file);

/// Does nothing; who refers to it gets libheif without threads linked. See heif_without_threads.
void link_without_threads();

/// error.code is not heif_error_Ok.
matching::Refusal refusal_of(const heif_error& error);

}  // namespace imgdedup::hashing
