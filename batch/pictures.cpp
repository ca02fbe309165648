// SPDX-License-Identifier: Apache-2.0
// The readable pictures of some folders, measured; the others named on standard error.
#include "batch/pictures.h"

#include <strings.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <thread>
#include <utility>

#include "batch/readable_name.h"
#include "worker/worker_path.h"

namespace imgdedup::batch {
namespace {

using matching::Refusal;

bool named_like_an_image(const std::string& name) {
  constexpr std::array extensions{".jpg", ".jpeg", ".png",  ".webp", ".tif",  ".tiff",
                                  ".bmp", ".pnm",  ".pbm",  ".pgm",  ".ppm",  ".jp2",
                                  ".j2k", ".gif",  ".heic", ".heif", ".avif", ".jxl"};
  const std::string extension = std::filesystem::path(name).extension().string();
  return std::ranges::any_of(extensions, [&extension](const char* known) {
    return ::strcasecmp(extension.c_str(), known) == 0;
  });
}

void report(const std::string& name, const Refusal& refusal) {
  const std::string reason(matching::name_of(refusal.reason));
  say(name + ": " + reason + ": " + refusal.message);
}

}  // namespace

void report_unreadable(const std::filesystem::path& path, const Refusal& refusal) {
  if (refusal.reason != matching::RefusalReason::not_an_image || named_like_an_image(path.native()))
    report(path.native(), refusal);
}

worker::WorkerPoolSettings measurer_settings(worker::SandboxRule sandbox) {
  worker::WorkerPoolSettings settings;
  settings.worker_path = worker::find_worker();
  settings.worker_count = std::max(1U, std::thread::hardware_concurrency());
  settings.sandbox = sandbox;
  // What the Python libraries hash is the picture in full.
  settings.memory = worker::MemorySharing::unbounded;
  return settings;
}

PictureMeasurer make_measurer(worker::SandboxRule sandbox) {
  return PictureMeasurer(measurer_settings(sandbox));
}

Pictures measure_pictures(PictureMeasurer& measurer, const std::vector<ListedFile>& files,
                          const matching::Measures& measures) {
  auto measured = measurer.measure(files, measures);
  Pictures pictures;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (const auto* refusal = std::get_if<Refusal>(&measured[i])) {
      report_unreadable(files[i].path, *refusal);
      continue;
    }
    auto& picture = std::get<MeasuredPicture>(measured[i]);
    pictures.records.push_back(std::move(picture.record));
    if (measures.features) pictures.features.push_back(std::move(picture.features));
    pictures.paths.push_back(files[i].path);
  }
  return pictures;
}

Encodings encode_pictures(PictureMeasurer& measurer, const std::vector<ListedFile>& files,
                          matching::HashDefinition definition) {
  const auto encoded = measurer.encode(files, definition);
  Encodings encodings;
  for (std::size_t i = 0; i < files.size(); ++i)
    if (const auto* refusal = std::get_if<Refusal>(&encoded[i]))
      report_unreadable(files[i].path, *refusal);
    else
      encodings.emplace(files[i].name, std::get<matching::EncodedHash>(encoded[i]));
  return encodings;
}

Digests digest_pictures(PictureMeasurer& measurer, const std::vector<ListedFile>& files) {
  const auto digested = measurer.digest(files);
  Digests digests;
  for (std::size_t i = 0; i < files.size(); ++i)
    if (const auto* refusal = std::get_if<Refusal>(&digested[i]))
      report_unreadable(files[i].path, *refusal);
    else
      digests.emplace(files[i].name, std::get<worker::DigestAnswer>(digested[i]).content_digest);
  return digests;
}

Vectors embed_pictures(PictureMeasurer& measurer, const std::vector<ListedFile>& files) {
  auto embedded = measurer.embed(files);
  Vectors vectors;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (const auto* refusal = std::get_if<Refusal>(&embedded[i]))
      report_unreadable(files[i].path, *refusal);
    else
      vectors.emplace(files[i].name, std::get<matching::Embedding>(std::move(embedded[i])));
  }
  return vectors;
}

std::vector<ListedFile> list_and_report(const std::vector<std::string>& folders, Descent descent) {
  std::vector<std::filesystem::path> unlistable;
  PassedOver passed_over;
  auto files = list_files(folders, descent, unlistable, &passed_over);
  for (const auto& folder : unlistable) say(folder.native() + ": cannot be listed");
  if (passed_over.links > 0)
    say("symbolic links, which are not followed: " + std::to_string(passed_over.links));
  if (files.empty() && passed_over.folders > 0)
    say("no file here, but folders, into which --recursive looks: " +
        std::to_string(passed_over.folders));
  return files;
}

Compare comparer(PictureMeasurer& measurer, const Pictures& pictures) {
  return [&measurer, &pictures](const std::vector<IndexPair>& pairs) {
    std::vector<PictureMeasurer::PathPair> paths;
    paths.reserve(pairs.size());
    for (const auto& [i, j] : pairs) paths.emplace_back(pictures.paths[i], pictures.paths[j]);
    const auto compared = measurer.compare(paths, {.features = !pictures.features.empty()});

    std::vector<std::optional<matching::Comparison>> comparisons(pairs.size());
    for (std::size_t n = 0; n < pairs.size(); ++n) {
      const auto& [i, j] = pairs[n];
      const std::string both = paths[n].first.native() + " and " + paths[n].second.native();
      if (const auto* refusal = std::get_if<Refusal>(&compared[n])) {
        report(both, *refusal);
        continue;
      }
      const auto& comparison = std::get<matching::Comparison>(compared[n]);
      if (comparison.left_digest == pictures.records[i].fingerprint.content_digest &&
          comparison.right_digest == pictures.records[j].fingerprint.content_digest) {
        comparisons[n] = comparison;
      } else {
        say(both + ": changed meanwhile");
      }
    }
    return comparisons;
  };
}

}  // namespace imgdedup::batch
