// SPDX-License-Identifier: Apache-2.0
// Which image format a file is, by its first bytes alone; never by its name.
#pragma once

#include "hashing/measure.h"
#include "hashing/outcome.h"

namespace imgdedup::hashing {

/// The format of a file that begins with `head` (`signature_bytes` of it, or the whole file if it
/// is shorter), or why there is none: `unsupported` naming a known format that this build does not
/// read, `incomplete` for an empty file or one that ends inside a signature, else `not_an_image`.
/// This is the allow-list: no decoder ever sees bytes that it was not named here for. Any thread.
Outcome<matching::ImageFormat> recognise_format(Bytes head);

}  // namespace imgdedup::hashing
