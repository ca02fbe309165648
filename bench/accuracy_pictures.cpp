// SPDX-License-Identifier: Apache-2.0
// Folders of pictures with known truth, measured and held against one another as the service does.
#include "accuracy_pictures.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <thread>

#include <nlohmann/json.hpp>

#include "hashing/measure.h"
#include "matching/feature_matching.h"

namespace imgdedup::bench {
namespace {

using matching::Candidate;
using matching::Fingerprint;

std::vector<std::uint8_t> read_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

Pairs read_pairs(const std::filesystem::path& path) {
  std::ifstream file(path);
  Pairs pairs;
  if (!file) return pairs;
  const nlohmann::json truth = nlohmann::json::parse(file);
  for (const auto& [name, duplicates] : truth.items())
    for (const auto& duplicate : duplicates)
      pairs.insert(pair_of(name, duplicate.get<std::string>()));
  return pairs;
}

bool hashes_meet(const Picture& file, const Picture& original, const matching::Policy& policy) {
  const auto near = [&](const matching::PerceptualHashes& a, const matching::PerceptualHashes& b) {
    return hamming_distance(a.of(policy.hash_kind), b.of(policy.hash_kind)) <= policy.radius_bits;
  };
  const auto& hashes = original.record.fingerprint.hashes;
  if (near(file.record.fingerprint.hashes, hashes)) return true;
  return file.features &&
         std::any_of(file.features->turned_hashes.begin(), file.features->turned_hashes.end(),
                     [&](const auto& turned) { return near(turned, hashes); });
}

bool features_meet(const Picture& file, const Picture& original) {
  return file.features && original.features &&
         may_be_edited(agree(file.features->local, original.features->local));
}

}  // namespace

Pair pair_of(const std::string& a, const std::string& b) { return a < b ? Pair(a, b) : Pair(b, a); }

Truth read_truth(const std::filesystem::path& folder) {
  Truth truth{read_pairs(folder / "ground_truth.json"),
              read_pairs(folder / "ground_truth_moderate.json"),
              read_pairs(folder / "ground_truth_all.json"),
              {},
              {}};
  std::ifstream file(folder / "truth.json");
  if (!file) return truth;
  std::map<std::string, std::vector<std::string>> groups;
  const nlohmann::json copies = nlohmann::json::parse(file);
  for (const auto& [copy, what] : copies.items()) {
    const auto original = what.at("original").get<std::string>();
    truth.original_of[copy] = original;
    truth.edit_of[copy] = what.at("edit").get<std::string>();
    auto& group = groups[original];
    truth.all.insert(pair_of(copy, original));
    for (const std::string& other : group) truth.all.insert(pair_of(copy, other));
    group.push_back(copy);
  }
  return truth;
}

void in_two_threads(std::size_t count, const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  const auto run = [&] {
    for (std::size_t i = next++; i < count; i = next++) work(i);
  };
  std::thread other(run);
  run();
  other.join();
}

std::vector<Picture> read_pictures(const std::filesystem::path& folder, bool with_features,
                                   std::int64_t first_id) {
  std::vector<Picture> pictures;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.is_regular_file())
      pictures.push_back({entry.path().filename().string(), read_bytes(entry.path()), {}, {}});
  std::sort(pictures.begin(), pictures.end(),
            [](const Picture& a, const Picture& b) { return a.name < b.name; });
  matching::Measures measures;
  measures.features = with_features;
  in_two_threads(pictures.size(), [&](std::size_t i) {
    Picture& picture = pictures[i];
    const auto measured = hashing::measure_image(picture.bytes, {}, measures);
    if (const auto* measurement = std::get_if<matching::Measurement>(&measured)) {
      picture.record.fingerprint = measurement->fingerprint;
      picture.features = measurement->features;
    } else {
      picture.bytes.clear();
    }
  });
  std::erase_if(pictures, [](const Picture& picture) { return picture.bytes.empty(); });
  for (Picture& picture : pictures) {
    picture.record.file_id = first_id++;
    picture.record.stamp.inode = static_cast<std::uint64_t>(picture.record.file_id);
  }
  return pictures;
}

std::optional<Candidate> candidate_of(const Picture& file, const Picture& original,
                                      const matching::Policy& policy) {
  if (file.record.fingerprint.content_digest == original.record.fingerprint.content_digest)
    return Candidate{original.record, {}, false};
  if (!hashes_meet(file, original, policy) && !features_meet(file, original)) return std::nullopt;
  matching::Measures measures;
  measures.features = file.features.has_value();
  const auto compared = hashing::compare_images(file.bytes, original.bytes, {}, measures);
  if (const auto* comparison = std::get_if<matching::Comparison>(&compared))
    return Candidate{original.record, *comparison, false};
  return std::nullopt;
}

std::string measures_line(const Picture& a, const Picture& b, const matching::Comparison& c,
                          const matching::Policy& policy) {
  const Fingerprint &x = a.record.fingerprint, &y = b.record.fingerprint;
  char text[600];
  int size = std::snprintf(
      text, sizeof text, "%d\t%.4f\t%.4f\t%.3f\t%.2f\t%.2f\t%.2f\t%d",
      hamming_distance(x.hashes.of(policy.hash_kind), y.hashes.of(policy.hash_kind)), c.ssim,
      c.lowest_tile_ssim, c.aspect_ratio_quotient, c.tone_difference, c.colour_difference,
      static_cast<double>(std::min(x.detail, y.detail)), c.same_pixels ? 1 : 0);
  std::string line(text, static_cast<std::size_t>(size));
  if (!c.edit) return line;
  const matching::EditComparison& e = *c.edit;
  size = std::snprintf(text, sizeof text,
                       "\t%d\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%.2f\t%.3f\t%.3f\t%."
                       "3f\t%.3f\t%.1f\t%d",
                       e.inliers, e.matched_share, e.spread, e.overlap_ssim, e.agreeing_area,
                       e.agreeing_detail, e.detail_ssim, e.fidelity, e.lowest_tile_ssim, e.detail,
                       e.left_overlap, e.right_overlap, e.scale, e.stretch, e.rotation_degrees,
                       e.mirrored ? 1 : 0);
  return line + std::string(text, static_cast<std::size_t>(size));
}

}  // namespace imgdedup::bench
