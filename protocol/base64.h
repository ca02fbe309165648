// SPDX-License-Identifier: Apache-2.0
// Bytes to base64 and back (RFC 4648 section 4, padded).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace imgdedup::protocol {

std::string base64_encode(std::string_view bytes);
/// Empty unless `text` is canonical padded base64: no white space, no surplus bits.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace imgdedup::protocol
