// SPDX-License-Identifier: Apache-2.0
// An embedding as bytes that the catalog keeps.
#include "store/embedding_blob.h"

#include <bit>
#include <cmath>
#include <cstdint>

#include "store/store_error.h"

namespace imgdedup::store {
namespace {

constexpr std::size_t value_bytes = 4;

}  // namespace

std::string to_blob(const matching::Embedding& embedding) {
  std::string blob;
  blob.reserve(embedding.values.size() * value_bytes);
  for (const float value : embedding.values) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    for (std::size_t i = 0; i < value_bytes; ++i)
      blob.push_back(static_cast<char>(bits >> 8 * i & 0xff));
  }
  return blob;
}

matching::Embedding embedding_from_blob(std::string_view blob) {
  const auto damaged = [] {
    return MeaninglessRow("catalog: an embedding is damaged; the catalog is damaged");
  };
  if (blob.size() % value_bytes != 0 || blob.size() / value_bytes > matching::max_embedding_values)
    throw damaged();
  matching::Embedding embedding;
  embedding.values.reserve(blob.size() / value_bytes);
  for (std::size_t at = 0; at < blob.size(); at += value_bytes) {
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < value_bytes; ++i)
      bits |= std::uint32_t{static_cast<unsigned char>(blob[at + i])} << 8 * i;
    const auto value = std::bit_cast<float>(bits);
    if (!std::isfinite(value)) throw damaged();
    embedding.values.push_back(value);
  }
  return embedding;
}

}  // namespace imgdedup::store
