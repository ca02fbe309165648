// SPDX-License-Identifier: Apache-2.0
// The model whose network the workers run. Asking side: the file is opened here, and read there.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include "matching/embedding_parameters.h"
#include "posix/file_status.h"
#include "posix/unique_descriptor.h"

namespace imgdedup::worker {

struct WorkerPoolSettings;

/// A model that a worker could use. Every worker is given the file that was opened then; one that
/// finds other bytes in it does not start, so embeddings of two models never mix.
struct EmbeddingModel {
  std::shared_ptr<const posix::UniqueDescriptor> file;  ///< open for reading
  posix::FileStatus status;                             ///< of the file, before it was read
  matching::EmbeddingParameters parameters;
  matching::EmbeddingModelIdentity identity;  ///< as found when it was checked
};

/// Why there is no network: what() names the file and says what is wrong with it.
class EmbeddingModelError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Opens the model at `path` and has one worker, started as `settings` say, build its network and
/// run it once; waits for that, half a minute at most. settings.embedding is not looked at. Throws
/// EmbeddingModelError; std::system_error when no worker can be started.
EmbeddingModel check_embedding_model(const WorkerPoolSettings& settings, const std::string& path,
                                     const matching::EmbeddingParameters& parameters);

}  // namespace imgdedup::worker
