// SPDX-License-Identifier: Apache-2.0
// Short forms that the tests of hashing/ share.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <variant>

#include "hashing/measure.h"

namespace imgdedup::hashing {

inline Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

inline matching::Fingerprint fingerprint_of(std::string_view file) {
  const auto measured = measure_image(bytes_of(file), {});
  const auto* refusal = std::get_if<matching::Refusal>(&measured);
  INFO((refusal == nullptr ? std::string() : refusal->message));
  REQUIRE(std::holds_alternative<matching::Measurement>(measured));
  return std::get<matching::Measurement>(measured).fingerprint;
}

inline matching::Refusal refusal_of(std::string_view file, const DecodeLimits& limits = {}) {
  const auto measured = measure_image(bytes_of(file), limits);
  REQUIRE(std::holds_alternative<matching::Refusal>(measured));
  return std::get<matching::Refusal>(measured);
}

inline matching::Comparison comparison_of(std::string_view left, std::string_view right) {
  const auto compared = compare_images(bytes_of(left), bytes_of(right), {});
  const auto* refusal = std::get_if<matching::Refusal>(&compared);
  INFO((refusal == nullptr ? std::string() : refusal->message));
  REQUIRE(std::holds_alternative<matching::Comparison>(compared));
  return std::get<matching::Comparison>(compared);
}

}  // namespace imgdedup::hashing
