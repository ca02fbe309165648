// SPDX-License-Identifier: Apache-2.0
// Bytes to base64 and back (RFC 4648 section 4, padded).
#include "protocol/base64.h"

#include <cstddef>
#include <cstdint>

namespace imgdedup::protocol {
namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string base64_encode(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::string_view group = bytes.substr(i, 3);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k)
      bits = bits << 8U | (k < group.size() ? static_cast<std::uint8_t>(group[k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k)
      text += k <= group.size() ? alphabet[bits >> (18 - 6 * k) & 63U] : '=';
  }
  return text;
}

std::optional<std::string> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    std::string_view group = text.substr(i, 4);
    if (i + 4 == text.size())
      for (int padding = 0; padding < 2 && group.ends_with('='); ++padding) group.remove_suffix(1);
    std::uint32_t bits = 0;
    for (const char digit : group) {
      const std::size_t value = alphabet.find(digit);
      if (value == std::string_view::npos) return std::nullopt;
      bits = bits << 6U | static_cast<std::uint32_t>(value);
    }
    const std::size_t surplus_bits = group.size() * 6 % 8;
    if ((bits & ((1U << surplus_bits) - 1U)) != 0) return std::nullopt;
    bits >>= surplus_bits;
    for (std::size_t left = group.size() * 6 / 8; left-- > 0;)
      bytes += static_cast<char>(static_cast<std::uint8_t>(bits >> (8 * left)));
  }
  return bytes;
}

}  // namespace imgdedup::protocol
