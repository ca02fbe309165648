// SPDX-License-Identifier: Apache-2.0
// The readable pictures of some folders, measured; the others named on standard error.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "batch/encodings.h"
#include "batch/file_list.h"
#include "batch/picture_measurer.h"
#include "batch/search.h"
#include "batch/vectors.h"

namespace imgdedup::batch {

/// The worker beside this program, one process a core. Throws std::runtime_error when there is no
/// worker.
worker::WorkerPoolSettings measurer_settings(worker::SandboxRule sandbox);

/// A measurer with the worker beside this program and one process a core. Throws std::runtime_error
/// when there is no worker.
PictureMeasurer make_measurer(worker::SandboxRule sandbox);

struct Pictures {
  std::vector<matching::ImageRecord> records;  ///< sorted by name, which is `path`
  std::vector<std::filesystem::path> paths;    ///< where each record's file lies
  /// Of each record, where they were asked for; else empty.
  std::vector<std::optional<matching::PictureFeatures>> features;
};

/// Names a file that could not be read as an image on standard error, with the reason; but for one
/// that neither is an image nor has the name of one.
void report_unreadable(const std::filesystem::path& path, const matching::Refusal& refusal);

/// Measures `files`; those that could not be read are given to report_unreadable().
Pictures measure_pictures(PictureMeasurer& measurer, const std::vector<ListedFile>& files,
                          const matching::Measures& measures = {});

/// The hash of each of `files` by `definition`; what cannot be read is named as above.
Encodings encode_pictures(PictureMeasurer& measurer, const std::vector<ListedFile>& files,
                          matching::HashDefinition definition);

/// The digest of each of `files` that begins as a picture does, decodable or not; others are named
/// as above.
Digests digest_pictures(PictureMeasurer& measurer, const std::vector<ListedFile>& files);

/// The vector of each of `files` by the measurer's network; what cannot be read is named as above.
Vectors embed_pictures(PictureMeasurer& measurer, const std::vector<ListedFile>& files);

/// The pictures of the folders. Unlistable folders below are named on standard
/// error, and how many symbolic links there were, and folders where there was nothing else.
std::vector<ListedFile> list_and_report(const std::vector<std::string>& folders, Descent descent);

/// Compares pictures of `pictures` for find_by_judgement(). A file that changed since it was
/// measured, or that cannot be read any more, gives nothing and is named on standard error.
/// Looks for edits where the pictures were measured with features.
Compare comparer(PictureMeasurer& measurer, const Pictures& pictures);

}  // namespace imgdedup::batch
