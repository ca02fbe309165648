// SPDX-License-Identifier: Apache-2.0
// Has a worker measure a file, with the network or, where that cannot take it, without.
#pragma once

#include "matching/measurement.h"
#include "posix/unique_descriptor.h"
#include "worker/worker_pool.h"

namespace imgdedup::daemon {

/// Asks for the fingerprint of an open file, and for `measures`. What is refused with its embedding
/// is measured once more without; if that succeeds, the embedding is there and has no values, so
/// that a network's trouble hides no copy. `callback` gets the last answer. Throws
/// std::system_error when descriptors run out; then nothing was asked.
void measure_file(worker::WorkerPool& pool, const worker::JobLimits& limits,
                  const matching::Measures& measures, posix::UniqueDescriptor file,
                  worker::WorkerPool::Callback callback, const worker::JobTurn& turn = {});

}  // namespace imgdedup::daemon
