// SPDX-License-Identifier: Apache-2.0
// Pictures that belong together without one being a copy of the other: what names and times show.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "matching/image_record.h"
#include "matching/relation.h"

namespace imgdedup::matching {

enum class CompanionKind : std::uint8_t {
  raw_and_jpeg,  ///< what the camera's sensor saw, and the picture made of the same shot
  sidecar,       ///< a thumbnail that a camera puts beside a film or a RAW (.THM)
  burst,         ///< two shots of one series
};

/// "raw+jpeg", "sidecar", "burst".
std::string_view name_of(CompanionKind kind);
/// "two shots of one series": what the two files are, to be read after "A and B are".
std::string_view describe(CompanionKind kind);

/// Whether two files that were found to relate by `relation` belong together and are not copies of
/// each other; empty where neither names nor times say so. Symmetric. Never for `exact`.
/// - raw_and_jpeg: one name ends as those of camera RAW do, the other does not, and the names are
///   the same before the ending (case aside), whatever the folders: cameras and people keep the two
///   apart. Also for `pixels`: of a RAW only its preview is compared.
/// - sidecar: the same folder, the same name before the ending, and one ends in .thm.
/// - burst: the same folder; the same ending and size as shown, or one of the two a RAW; names that
///   differ in one counter of three digits or more, by at most 100, or in any digits where both say
///   BURST; modified within two seconds of each other for each step of the counter. Never for
///   `pixels`.
std::optional<CompanionKind> companion_kind(const ImageRecord& a, const ImageRecord& b,
                                            Relation relation);

/// Whether the name ends as those of camera RAW files do.
bool is_raw_name(std::string_view path);

}  // namespace imgdedup::matching
