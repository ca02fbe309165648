// SPDX-License-Identifier: Apache-2.0
// Which image format a file is, by its first bytes alone; never by its name.
#pragma once

#include <string_view>

#include "hashing/measure.h"
#include "hashing/outcome.h"

namespace imgdedup::hashing {

/// The format of a file that begins with `head` (`signature_bytes` of it, or the whole file if it
/// is shorter), or why there is none: `unsupported` naming a known format that this build does not
/// read, `incomplete` for an empty file or one that ends inside a signature, else `not_an_image`.
/// This is the allow-list: no decoder ever sees bytes that it was not named here for. Any thread.
/// Camera raw that is built as TIFF is told from TIFF by read_header() only.
Outcome<matching::ImageFormat> recognise_format(Bytes head);

/// `unsupported`: `format` could be read, but the library for it was left out of this build.
matching::Refusal unread_in_this_build(std::string_view format);

}  // namespace imgdedup::hashing
