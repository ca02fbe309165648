// SPDX-License-Identifier: Apache-2.0
// Bytes to lower-case hex digits and back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace imgdedup::matching {

/// Two lower-case digits a byte.
std::string bytes_to_hex(std::span<const std::uint8_t> bytes);

/// Fills `bytes` from exactly twice as many hex digits (either case); false otherwise, leaving
/// `bytes` unspecified.
bool hex_to_bytes(std::string_view hex, std::span<std::uint8_t> bytes);

}  // namespace imgdedup::matching
