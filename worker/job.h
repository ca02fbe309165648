// SPDX-License-Identifier: Apache-2.0
// What is asked of a worker process, and what it may answer.
#pragma once

#include <cstdint>
#include <variant>

#include "matching/encoded_hash.h"
#include "matching/fingerprint.h"
#include "matching/hash_definition.h"
#include "matching/measurement.h"
#include "matching/refusal.h"
#include "matching/relation.h"
#include "matching/thumbnail.h"

namespace imgdedup::worker {

enum class JobKind : std::uint8_t {
  digest,  ///< one descriptor -> DigestAnswer: the bytes only, nothing is decoded or recognised
  fingerprint,     ///< one descriptor -> Measurement
  compare,         ///< two descriptors -> Comparison
  encode,          ///< one descriptor -> EncodedHash by the job's definition
  picture_digest,  ///< one descriptor -> DigestAnswer; what does not begin as a picture is refused
  thumbnail,       ///< one descriptor -> Thumbnail
};

/// What the worker holds against the header before it decodes.
struct JobLimits {
  std::uint64_t max_file_bytes = std::uint64_t{1} << 30;
  std::uint64_t max_pixels = 500'000'000;

  bool operator==(const JobLimits&) const = default;
};

/// No thumbnail is larger: it must go through the channel in one message.
inline constexpr std::uint16_t max_thumbnail_side_pixels = 256;

/// For Job::memory_bytes: whatever it takes.
inline constexpr std::uint64_t any_memory = ~std::uint64_t{0};

/// One question. The open, readable descriptors of the file or files travel beside it; the worker
/// reads them with pread from offset 0 and closes them.
struct Job {
  std::uint64_t id = 0;
  JobKind kind = JobKind::fingerprint;
  JobLimits limits = {};
  matching::Measures measures = {};          ///< for fingerprint and compare
  matching::HashDefinition definition = {};  ///< of encode only
  /// Thumbnails only: what their longer side is reduced to, 1..max_thumbnail_side_pixels.
  std::uint16_t thumbnail_side_pixels = max_thumbnail_side_pixels;
  /// What it may take beyond what an idle worker has; a job that needs more is answered with
  /// MemoryNeed before anything is decoded. Set by the pool.
  std::uint64_t memory_bytes = any_memory;

  bool operator==(const Job&) const = default;
};

struct DigestAnswer {
  matching::ContentDigest content_digest;
  std::uint64_t size_bytes = 0;

  bool operator==(const DigestAnswer&) const = default;
};

/// The job was not done, for it takes more than its memory_bytes: so much, files included.
struct MemoryNeed {
  std::uint64_t bytes = 0;

  bool operator==(const MemoryNeed&) const = default;
};

/// WorkerPool's callbacks never get a MemoryNeed.
using Answer =
    std::variant<DigestAnswer, matching::Measurement, matching::Comparison, matching::Refusal,
                 matching::EncodedHash, matching::Thumbnail, MemoryNeed>;

}  // namespace imgdedup::worker
