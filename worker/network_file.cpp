// SPDX-License-Identifier: Apache-2.0
// The open file of a model -> its network.
#include "worker/network_file.h"

#include <cstdint>
#include <new>

#include "posix/unique_descriptor.h"
#include "worker/file_bytes.h"

namespace imgdedup::worker {
namespace {

// protobuf reads no message that is longer.
constexpr std::uint64_t max_model_bytes = (std::uint64_t{2} << 30) - 1;

}  // namespace

std::unique_ptr<hashing::EmbeddingNetwork> network_from_file(
    int descriptor, const matching::EmbeddingParameters& parameters) try {
  const posix::UniqueDescriptor file(descriptor);
  const auto bytes = read_file_bytes(file.get(), max_model_bytes, nullptr);
  if (const auto* refusal = std::get_if<matching::Refusal>(&bytes))
    throw hashing::ModelError("cannot be read: " + refusal->message);
  return std::make_unique<hashing::EmbeddingNetwork>(std::get<FileBytes>(bytes).all(), parameters);
} catch (const std::bad_alloc&) {
  throw hashing::ModelError("needs more memory than a worker has");
}

}  // namespace imgdedup::worker
