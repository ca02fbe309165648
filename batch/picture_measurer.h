// SPDX-License-Identifier: Apache-2.0
// Files -> fingerprints, pairs of files -> comparisons, by the worker processes; waits for them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "batch/file_list.h"
#include "matching/image_record.h"
#include "matching/refusal.h"
#include "matching/thumbnail.h"
#include "worker/worker_pool.h"

namespace imgdedup::batch {

/// A file that could be read as an image. `record.path` is the name in results.
using Measured = std::variant<matching::ImageRecord, matching::Refusal>;
using Compared = std::variant<matching::Comparison, matching::Refusal>;
using Reduced = std::variant<matching::Thumbnail, matching::Refusal>;

/// One thread only. Memory is bounded by the results, not by the pictures.
class PictureMeasurer {
 public:
  explicit PictureMeasurer(worker::WorkerPoolSettings settings);

  /// One entry a file, in their order; `file_id` is the index. Each file is opened only when a
  /// worker is free. Throws std::runtime_error when no worker can be started.
  std::vector<Measured> measure(std::span<const ListedFile> files);

  using PathPair = std::pair<std::filesystem::path, std::filesystem::path>;
  /// One entry a pair, in their order. Throws as measure().
  std::vector<Compared> compare(std::span<const PathPair> pairs);

  /// One entry a path, in their order. side_pixels: of the longer side,
  /// 1..worker::max_thumbnail_side_pixels. Throws as measure().
  std::vector<Reduced> reduce(std::span<const std::filesystem::path> paths,
                              std::uint16_t side_pixels);

 private:
  struct Request {
    worker::JobKind kind;
    std::vector<posix::UniqueDescriptor> files;
    std::uint16_t thumbnail_side_pixels = worker::max_thumbnail_side_pixels;
  };
  /// Submits `count` jobs as workers are free. request(i) may answer nothing: no job then.
  void run(const char* what, std::size_t count,
           const std::function<std::optional<Request>(std::size_t)>& request,
           const std::function<void(std::size_t, worker::Answer)>& on_answer);

  worker::WorkerPool pool_;
};

}  // namespace imgdedup::batch
