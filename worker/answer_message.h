// SPDX-License-Identifier: Apache-2.0
// How an answer's message begins. For its two ends, in worker/answer_encoding.cpp and
// worker/answer_decoding.cpp.
#pragma once

#include <cstdint>

namespace imgdedup::worker {

inline constexpr std::uint32_t answer_magic = 0x41444D49;  // "IMDA"

enum class AnswerKind : std::uint8_t {
  digest,
  measurement,
  comparison,
  refusal,
  encoded_hash,
  thumbnail,
  memory_need
};

}  // namespace imgdedup::worker
