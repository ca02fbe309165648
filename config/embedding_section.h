// SPDX-License-Identifier: Apache-2.0
// The keys below detect.embedding, and the same written back.
#pragma once

#include <string>

#include "config/section.h"
#include "config/settings.h"

namespace imgdedup::config {

/// Reads what stands below `detect`.embedding; reports what is wrong with it.
void read_embedding(const Section& detect, EmbeddingSettings& target);

/// "{input_size: 224, ...}" without the braces: the keys that say what the network was trained
/// with, each with a comma before it.
std::string network_keys_in_yaml(const EmbeddingSettings& settings);

}  // namespace imgdedup::config
