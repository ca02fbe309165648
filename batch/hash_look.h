// SPDX-License-Identifier: Apache-2.0
// By which method hashes seem to have been made: what they themselves show of it.
#pragma once

#include <optional>
#include <string>

#include "batch/encodings.h"
#include "matching/hash_definition.h"

namespace imgdedup::batch {

/// What makes a hash shows in many of them: phash and whash set as many bits as a median leaves
/// above it, phash of imagededup one more than that of imagehash; rows of ahash and whash run on,
/// as pictures do, those of phash and dhash do not.
struct HashLook {
  matching::HashKind kind = matching::HashKind::phash;
  /// Only phash shows it.
  std::optional<matching::HashLibrary> library = std::nullopt;
};

/// Nothing where the hashes are fewer than 20 different ones, or show nothing clearly.
std::optional<HashLook> look_of(const Encodings& encodings);

/// "dhash", "phash --compat imagehash": the --method they seem to need.
std::string method_text(const HashLook& look);

/// Whether the hashes show that they were not made by `definition`.
bool contradicts(const HashLook& look, const matching::HashDefinition& definition);

}  // namespace imgdedup::batch
