// SPDX-License-Identifier: Apache-2.0
// What the settings say of the workers, their network included.
#include "daemon/pool_settings.h"

#include <fcntl.h>

#include <algorithm>
#include <thread>

#include "worker/embedding_model.h"
#include "worker/worker_path.h"

namespace imgdedup::daemon {

worker::WorkerPoolSettings pool_settings(const config::Settings& settings) {
  worker::WorkerPoolSettings pool;
  pool.worker_path = worker::find_worker();
  pool.worker_count =
      settings.workers > 0 ? settings.workers : std::max(1U, std::thread::hardware_concurrency());
  pool.memory_bytes = settings.limits.worker_memory_bytes;
  pool.max_pixels = settings.limits.max_pixels;
  pool.sandbox = settings.sandbox == config::SandboxRule::required
                     ? worker::SandboxRule::required
                     : worker::SandboxRule::best_effort;
  pool.job_time = settings.limits.worker_time;
  if (!settings.embedding.model.empty())
    pool.embedding = worker::check_embedding_model(pool, settings.embedding.model,
                                                   settings.embedding.parameters);
  return pool;
}

bool model_has_changed(const config::Settings& settings, const worker::WorkerPoolSettings& pool) {
  if (!pool.embedding || settings.embedding.model.empty()) return false;
  const posix::UniqueDescriptor file(
      ::open(settings.embedding.model.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  return file && posix::status_of(file.get()) != pool.embedding->status;
}

std::string problem_with_model(const config::Settings& settings) {
  if (settings.embedding.model.empty()) return {};
  try {
    (void)pool_settings(settings);
    return {};
  } catch (const worker::EmbeddingModelError& error) {
    return error.what();
  }
}

}  // namespace imgdedup::daemon
