// SPDX-License-Identifier: Apache-2.0
// Files -> fingerprints, hashes, digests; pairs of files -> comparisons; by the worker processes.
#include "batch/picture_measurer.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>

#include "batch/progress.h"

namespace imgdedup::batch {
namespace {

using matching::Refusal;
using matching::RefusalReason;

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

struct OpenedFile {
  posix::UniqueDescriptor descriptor;
  struct stat status {};
};

std::variant<OpenedFile, Refusal> open_file(const std::filesystem::path& path) {
  OpenedFile file;
  // A pipe that took the place of the file since it was listed must not hold us up.
  file.descriptor.reset(
      ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file.descriptor || ::fstat(file.descriptor.get(), &file.status) != 0)
    return Refusal{RefusalReason::unreadable, std::generic_category().message(errno)};
  if (!S_ISREG(file.status.st_mode))
    return Refusal{RefusalReason::unreadable, "not a regular file"};
  return file;
}

matching::FileStamp stamp_of(const struct stat& status) {
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .size_bytes = status.st_size,
          .mtime_ns = nanoseconds(status.st_mtim),
          .ctime_ns = nanoseconds(status.st_ctim)};
}

}  // namespace

PictureMeasurer::PictureMeasurer(worker::WorkerPoolSettings settings)
    : pool_(std::move(settings)) {}

void PictureMeasurer::run(const char* what, std::size_t count,
                          const std::function<std::optional<Request>(std::size_t)>& request,
                          const std::function<void(std::size_t, worker::Answer)>& on_answer) {
  Progress progress(what, count);
  std::size_t next = 0;
  std::size_t outstanding = 0;
  while (next < count || outstanding > 0) {
    while (next < count && pool_.free_slots() > 0) {
      const std::size_t index = next++;
      auto asked = request(index);
      if (!asked) {
        progress.step();
        continue;
      }
      ++outstanding;
      pool_.submit(asked->job, std::move(asked->files), [&, index](worker::Answer answer) {
        --outstanding;
        progress.step();
        on_answer(index, std::move(answer));
      });
    }
    if (outstanding == 0) continue;
    pollfd events{pool_.event_descriptor(), POLLIN, 0};
    if (::poll(&events, 1, -1) < 0 && errno != EINTR)
      throw std::system_error(errno, std::generic_category(), "wait for the workers");
    pool_.process_events();
    // Nobody is there to mend it while a command waits.
    if (const auto error = pool_.last_error(); !error.empty()) throw std::runtime_error(error);
  }
}

std::vector<Measured> PictureMeasurer::measure(std::span<const ListedFile> files,
                                               const matching::Measures& measures) {
  std::vector<Measured> results(files.size());
  const auto request = [&](std::size_t index) -> std::optional<Request> {
    auto opened = open_file(files[index].path);
    if (auto* refusal = std::get_if<Refusal>(&opened)) {
      results[index] = std::move(*refusal);
      return std::nullopt;
    }
    auto& file = std::get<OpenedFile>(opened);
    results[index] = MeasuredPicture{{.file_id = static_cast<std::int64_t>(index),
                                      .path = files[index].name,
                                      .stamp = stamp_of(file.status),
                                      .hard_links = file.status.st_nlink,
                                      .is_protected = false,
                                      .fingerprint = {}},
                                     {}};
    Request asked{{.kind = worker::JobKind::fingerprint, .measures = measures}, {}};
    asked.files.push_back(std::move(file.descriptor));
    return asked;
  };
  run("measuring", files.size(), request, [&](std::size_t index, worker::Answer answer) {
    if (auto* refusal = std::get_if<Refusal>(&answer)) {
      results[index] = std::move(*refusal);
    } else {
      auto& measurement = std::get<matching::Measurement>(answer);
      auto& picture = std::get<MeasuredPicture>(results[index]);
      picture.record.fingerprint = measurement.fingerprint;
      picture.features = std::move(measurement.features);
    }
  });
  return results;
}

template <typename Value>
std::vector<std::variant<Value, Refusal>> PictureMeasurer::ask_of_each(
    const char* what, std::span<const ListedFile> files, const worker::Job& job) {
  std::vector<std::variant<Value, Refusal>> results(files.size());
  const auto request = [&](std::size_t index) -> std::optional<Request> {
    auto opened = open_file(files[index].path);
    if (auto* refusal = std::get_if<Refusal>(&opened)) {
      results[index] = std::move(*refusal);
      return std::nullopt;
    }
    Request asked{job, {}};
    asked.files.push_back(std::move(std::get<OpenedFile>(opened).descriptor));
    return asked;
  };
  run(what, files.size(), request, [&](std::size_t index, worker::Answer answer) {
    if (auto* refusal = std::get_if<Refusal>(&answer))
      results[index] = std::move(*refusal);
    else
      results[index] = std::get<Value>(std::move(answer));
  });
  return results;
}

std::vector<Encoded> PictureMeasurer::encode(std::span<const ListedFile> files,
                                             matching::HashDefinition definition) {
  return ask_of_each<matching::EncodedHash>(
      "hashing", files, {.kind = worker::JobKind::encode, .definition = definition});
}

std::vector<Digested> PictureMeasurer::digest(std::span<const ListedFile> files) {
  return ask_of_each<worker::DigestAnswer>("reading", files,
                                           {.kind = worker::JobKind::picture_digest});
}

std::vector<Embedded> PictureMeasurer::embed(std::span<const ListedFile> files) {
  auto measured = ask_of_each<matching::Measurement>(
      "measuring", files, {.kind = worker::JobKind::fingerprint, .measures = {.embedding = true}});
  std::vector<Embedded> results;
  for (auto& one : measured)
    if (auto* refusal = std::get_if<Refusal>(&one))
      results.emplace_back(std::move(*refusal));
    else
      results.emplace_back(*std::get<matching::Measurement>(std::move(one)).embedding);
  return results;
}

std::vector<Compared> PictureMeasurer::compare(std::span<const PathPair> pairs,
                                               const matching::Measures& measures) {
  std::vector<Compared> results(pairs.size());
  const auto request = [&](std::size_t index) -> std::optional<Request> {
    Request asked{{.kind = worker::JobKind::compare, .measures = measures}, {}};
    for (const auto& path : {pairs[index].first, pairs[index].second}) {
      auto opened = open_file(path);
      if (auto* refusal = std::get_if<Refusal>(&opened)) {
        results[index] = std::move(*refusal);
        return std::nullopt;
      }
      asked.files.push_back(std::move(std::get<OpenedFile>(opened).descriptor));
    }
    return asked;
  };
  run("comparing", pairs.size(), request, [&](std::size_t index, worker::Answer answer) {
    if (auto* refusal = std::get_if<Refusal>(&answer))
      results[index] = std::move(*refusal);
    else
      results[index] = std::get<matching::Comparison>(answer);
  });
  return results;
}

std::vector<Reduced> PictureMeasurer::reduce(std::span<const std::filesystem::path> paths,
                                             std::uint16_t side_pixels) {
  std::vector<ListedFile> files;
  for (const auto& path : paths) files.push_back({path.native(), path});
  return ask_of_each<matching::Thumbnail>(
      "reading", files, {.kind = worker::JobKind::thumbnail, .thumbnail_side_pixels = side_pixels});
}

}  // namespace imgdedup::batch
