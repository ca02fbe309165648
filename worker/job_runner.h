// SPDX-License-Identifier: Apache-2.0
// Answers jobs: the only place that joins the channel with the hashing library. Process side.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "posix/unique_descriptor.h"
#include "worker/job.h"
#include "worker/sandbox_layers.h"

namespace imgdedup::hashing {
class EmbeddingNetwork;
}

namespace imgdedup::worker {

/// Does what `job` asks with the files behind it (as many as its kind has), or says what memory
/// that takes (MemoryNeed). Bad input is a Refusal; so is memory that runs out (out_of_memory),
/// after which the process should end, and an embedding where `network` is null (unsupported).
Answer run_job(const Job& job, std::span<const posix::UniqueDescriptor> files,
               hashing::EmbeddingNetwork* network);

/// Says hello, `sandbox` being the layers that hold, and answers jobs until the other side closes
/// the channel. What this returns is the exit status: 0; or 1 after an out-of-memory answer or a
/// malformed job.
int serve_jobs(int channel, hashing::EmbeddingNetwork* network, const SandboxLayers& sandbox);

}  // namespace imgdedup::worker
