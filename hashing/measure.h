// SPDX-License-Identifier: Apache-2.0
// The bytes of one image -> Measurement; of two images -> Comparison. All that a worker process
// does.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <variant>

#include "matching/fingerprint.h"
#include "matching/measurement.h"
#include "matching/refusal.h"
#include "matching/relation.h"

struct evp_md_ctx_st;

namespace imgdedup::hashing {

class EmbeddingNetwork;

using Bytes = std::span<const std::uint8_t>;

struct DecodeLimits {
  /// Width times height that a header may announce; more is refused (over_limit) before decoding.
  std::uint64_t max_pixels = 500'000'000;
  /// Asked once the header is read whether decoding may take so many bytes beside the file; a
  /// picture that may not is refused (over_limit). Empty: whatever it takes.
  std::function<bool(std::uint64_t bytes)> permits_memory = {};
};

/// Bytes of a file's beginning that refuse_by_signature() wants to see.
inline constexpr std::size_t signature_bytes = 64;

/// Judges by the first `signature_bytes` of a file (fewer if the file is shorter) whether it is
/// worth reading: nothing for a format that this build reads, else a Refusal (not_an_image,
/// unsupported; incomplete for an empty file).
std::optional<matching::Refusal> refuse_by_signature(Bytes head);

matching::ContentDigest digest_of(Bytes file);

/// The same of bytes that come in parts. One thread at a time.
class DigestOfParts {
 public:
  /// Throws std::bad_alloc, as add() and finish().
  DigestOfParts();
  ~DigestOfParts();
  DigestOfParts(const DigestOfParts&) = delete;
  DigestOfParts& operator=(const DigestOfParts&) = delete;

  void add(Bytes part);
  /// Once, at the end.
  matching::ContentDigest finish();

 private:
  struct Release {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Release> context_;
};

/// Recognises `file` by content, checks its header against the limits, decodes it at the smallest
/// sufficient scale and measures it. Never throws on bad input: that is a Refusal. network: null
/// where no embedding is asked for.
std::variant<matching::Measurement, matching::Refusal> measure_image(
    Bytes file, const DecodeLimits& limits, const matching::Measures& measures = {},
    EmbeddingNetwork* network = nullptr);

/// Compares two whole images as shown (orientation applied). Pixels are compared in full only when
/// sizes agree. Edits are looked for where `measures.features` asks for them. A Refusal if either
/// cannot be decoded.
std::variant<matching::Comparison, matching::Refusal> compare_images(
    Bytes left, Bytes right, const DecodeLimits& limits, const matching::Measures& measures = {});

/// Decodes one tiny picture of every format, so that no codec opens files later, inside a sandbox;
/// limits OpenCV to one thread; sets the time zone of the process to UTC. Once per process.
void warm_codecs();

}  // namespace imgdedup::hashing
