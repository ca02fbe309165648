// SPDX-License-Identifier: Apache-2.0
// The model whose network the workers run.
#include "worker/embedding_model.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include "worker/job_channel.h"
#include "worker/job_codec.h"
#include "worker/pool_timing.h"
#include "worker/worker_pool.h"
#include "worker/worker_process.h"

namespace imgdedup::worker {
namespace {

using Clock = std::chrono::steady_clock;

std::shared_ptr<const posix::UniqueDescriptor> open_model(const std::string& path) {
  // A pipe in the model's place must not hold us up.
  auto file = std::make_shared<const posix::UniqueDescriptor>(
      ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  if (!*file || ::fstat(file->get(), &status) != 0)
    throw EmbeddingModelError(path +
                              ": cannot be opened: " + std::generic_category().message(errno));
  if (!S_ISREG(status.st_mode)) throw EmbeddingModelError(path + ": is no regular file");
  return file;
}

/// Waits until the process says something or ends; false when `deadline` has passed.
bool wait_for(const WorkerProcess& process, Clock::time_point deadline) {
  std::array<pollfd, 2> events{pollfd{process.channel(), POLLIN, 0},
                               pollfd{process.process_descriptor(), POLLIN, 0}};
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return false;
    const int ready = ::poll(events.data(), events.size(), static_cast<int>(left.count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR)
      throw std::system_error(errno, std::generic_category(), "wait for a worker");
  }
}

/// What its process said when it ended without a hello.
std::string end_of(WorkerProcess& process, Clock::time_point deadline) {
  std::optional<ProcessEnd> end;
  pollfd ended{process.process_descriptor(), POLLIN, 0};
  while (!(end = process.try_reap()) && Clock::now() < deadline) ::poll(&ended, 1, 100);
  process.drain_standard_error();
  const std::string words = process.last_words();
  if (end && end->kind == ProcessEnd::Kind::exited && !words.empty()) return words;
  const std::string what =
      "is too much for its worker, which " + (end ? describe(*end) : "does not end");
  return words.empty() ? what : what + ": " + words;
}

}  // namespace

EmbeddingModel check_embedding_model(const WorkerPoolSettings& settings, const std::string& path,
                                     const matching::EmbeddingParameters& parameters) {
  EmbeddingModel model{open_model(path), {}, parameters, {}};
  model.status = posix::status_of(model.file->get());
  WorkerProcess process({.path = settings.worker_path,
                         .memory_bytes = settings.memory_bytes,
                         .sandbox = settings.sandbox,
                         .max_pixels = settings.max_pixels,
                         .model_descriptor = model.file->get(),
                         .embedding = parameters});
  const auto deadline = Clock::now() + start_time;
  if (!wait_for(process, deadline))
    throw EmbeddingModelError(path + ": could not be loaded within " + seconds_text(start_time));
  const Received received = receive_message(process.channel(), 0, Waiting::do_not_block);
  if (received.status != ReceiveStatus::message)
    throw EmbeddingModelError(path + ": " + end_of(process, deadline));
  const auto hello = decode_hello(received.bytes);
  if (const auto* error = std::get_if<ProtocolError>(&hello))
    throw EmbeddingModelError("start " + settings.worker_path + ": " + error->message);
  const auto& network = std::get<Hello>(hello).network;
  if (!network) throw EmbeddingModelError("start " + settings.worker_path + ": it has no network");
  model.identity = *network;
  return model;
}

}  // namespace imgdedup::worker
