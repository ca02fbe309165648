// SPDX-License-Identifier: Apache-2.0
// An embedding as bytes that the catalog keeps.
#pragma once

#include <string>
#include <string_view>

#include "matching/measurement.h"

namespace imgdedup::store {

/// Four bytes a value: float32, least byte first.
std::string to_blob(const matching::Embedding& embedding);
/// Throws MeaninglessRow unless the bytes are finite numbers, at most max_embedding_values of them.
matching::Embedding embedding_from_blob(std::string_view blob);

}  // namespace imgdedup::store
