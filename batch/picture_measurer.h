// SPDX-License-Identifier: Apache-2.0
// Files -> fingerprints, hashes, digests; pairs of files -> comparisons; by the worker processes.
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
#include "matching/encoded_hash.h"
#include "matching/hash_definition.h"
#include "matching/image_record.h"
#include "matching/measurement.h"
#include "matching/refusal.h"
#include "matching/thumbnail.h"
#include "worker/worker_pool.h"

namespace imgdedup::batch {

/// A file that could be read as an image. `record.path` is the name in results.
struct MeasuredPicture {
  matching::ImageRecord record;
  std::optional<matching::PictureFeatures> features;  ///< where asked for
};
using Measured = std::variant<MeasuredPicture, matching::Refusal>;
using Encoded = std::variant<matching::EncodedHash, matching::Refusal>;
using Digested = std::variant<worker::DigestAnswer, matching::Refusal>;
using Embedded = std::variant<matching::Embedding, matching::Refusal>;
using Compared = std::variant<matching::Comparison, matching::Refusal>;
using Reduced = std::variant<matching::Thumbnail, matching::Refusal>;

/// Waits for the workers. One thread only. Memory is bounded by the results, not by the pictures.
class PictureMeasurer {
 public:
  explicit PictureMeasurer(worker::WorkerPoolSettings settings);

  /// One entry a file, in their order; `file_id` is the index. Each file is opened only when a
  /// worker is free. Throws std::runtime_error when no worker can be started.
  std::vector<Measured> measure(std::span<const ListedFile> files,
                                const matching::Measures& measures = {});

  /// The hash of each file by `definition`, in their order. Throws as measure().
  std::vector<Encoded> encode(std::span<const ListedFile> files,
                              matching::HashDefinition definition);
  /// The digest of each file that begins as a picture does, in their order. Throws as measure().
  std::vector<Digested> digest(std::span<const ListedFile> files);
  /// The vector of each file by the workers' network, in their order. Throws as measure().
  std::vector<Embedded> embed(std::span<const ListedFile> files);

  using PathPair = std::pair<std::filesystem::path, std::filesystem::path>;
  /// One entry a pair, in their order. Throws as measure().
  std::vector<Compared> compare(std::span<const PathPair> pairs,
                                const matching::Measures& measures = {});

  /// One entry a path, in their order. side_pixels: of the longer side,
  /// 1..worker::max_thumbnail_side_pixels. Throws as measure().
  std::vector<Reduced> reduce(std::span<const std::filesystem::path> paths,
                              std::uint16_t side_pixels);

 private:
  struct Request {
    worker::Job job;
    std::vector<posix::UniqueDescriptor> files;
  };
  /// Submits `count` jobs as workers are free. request(i) may answer nothing: no job then.
  void run(const char* what, std::size_t count,
           const std::function<std::optional<Request>(std::size_t)>& request,
           const std::function<void(std::size_t, worker::Answer)>& on_answer);

  /// One job a file, which answers with a Value.
  template <typename Value>
  std::vector<std::variant<Value, matching::Refusal>> ask_of_each(const char* what,
                                                                  std::span<const ListedFile> files,
                                                                  const worker::Job& job);

  worker::WorkerPool pool_;
};

}  // namespace imgdedup::batch
