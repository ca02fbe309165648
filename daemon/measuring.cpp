// SPDX-License-Identifier: Apache-2.0
// Has a worker measure a file.
#include "daemon/measuring.h"

#include <memory>
#include <utility>
#include <vector>

#include "daemon/file_access.h"

namespace imgdedup::daemon {
namespace {

void submit(worker::WorkerPool& pool, const worker::JobLimits& limits,
            const matching::Measures& measures, posix::UniqueDescriptor file,
            worker::WorkerPool::Callback callback, const worker::JobTurn& turn) {
  std::vector<posix::UniqueDescriptor> files;
  files.push_back(std::move(file));
  pool.submit({0, worker::JobKind::fingerprint, limits, measures}, std::move(files),
              std::move(callback), turn);
}

/// Whether leaving out the embedding cannot help.
bool is_final(const worker::Answer& answer) {
  using matching::RefusalReason;
  const auto* refusal = std::get_if<matching::Refusal>(&answer);
  return !refusal || refusal->reason == RefusalReason::not_an_image ||
         refusal->reason == RefusalReason::unsupported ||
         refusal->reason == RefusalReason::unreadable;
}

}  // namespace

void measure_file(worker::WorkerPool& pool, const worker::JobLimits& limits,
                  const matching::Measures& measures, posix::UniqueDescriptor file,
                  worker::WorkerPool::Callback callback, const worker::JobTurn& turn) {
  if (!measures.embedding) {
    submit(pool, limits, measures, std::move(file), std::move(callback), turn);
    return;
  }
  auto kept = std::make_shared<posix::UniqueDescriptor>(duplicate(file));
  submit(
      pool, limits, measures, std::move(file),
      [&pool, limits, measures, kept, callback = std::move(callback),
       turn](const worker::Answer& answer) {
        if (is_final(answer)) {
          callback(answer);
          return;
        }
        matching::Measures without = measures;
        without.embedding = false;
        submit(
            pool, limits, without, std::move(*kept),
            [callback](worker::Answer second) {
              if (auto* measurement = std::get_if<matching::Measurement>(&second))
                measurement->embedding.emplace();
              callback(std::move(second));
            },
            turn);
      },
      turn);
}

}  // namespace imgdedup::daemon
