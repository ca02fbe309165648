// SPDX-License-Identifier: Apache-2.0
// What the settings say of the workers, their network included.
#pragma once

#include <string>

#include "config/settings.h"
#include "worker/worker_pool.h"

namespace imgdedup::daemon {

/// Where a model is set, a worker is started to check it, and waited for. Throws
/// worker::EmbeddingModelError for a model that cannot be used; std::runtime_error when there is no
/// worker or none can be started.
worker::WorkerPoolSettings pool_settings(const config::Settings& settings);

/// Whether the file at the path of the settings' model is not, or is not as, the one that these
/// workers were given. False where there is no model, or none that can be opened.
bool model_has_changed(const config::Settings& settings, const worker::WorkerPoolSettings& pool);

/// Why the model of the settings cannot be used; empty if it can, or if none is set. Throws as
/// above for the rest.
std::string problem_with_model(const config::Settings& settings);

}  // namespace imgdedup::daemon
