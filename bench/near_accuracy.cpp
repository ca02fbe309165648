// SPDX-License-Identifier: Apache-2.0
// What exact + pixels + near find in a folder whose true duplicates are known: precision, recall,
// false pairs.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "hashing/measure.h"
#include "matching/decision.h"

namespace {

using namespace imgdedup;
using matching::Candidate;
using matching::Fingerprint;
using matching::ImageRecord;

using Pair = std::pair<std::string, std::string>;
using Pairs = std::set<Pair>;

struct Picture {
  std::string name;
  std::vector<std::uint8_t> bytes;
  ImageRecord record;
};

std::vector<std::uint8_t> read_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

Pair pair_of(const std::string& a, const std::string& b) { return a < b ? Pair(a, b) : Pair(b, a); }

/// Truth in imagededup's form: {file: [duplicate, ...]}.
Pairs read_truth(const std::filesystem::path& path) {
  std::ifstream file(path);
  Pairs pairs;
  if (!file) return pairs;
  const nlohmann::json truth = nlohmann::json::parse(file);
  for (const auto& [name, duplicates] : truth.items())
    for (const auto& duplicate : duplicates)
      pairs.insert(pair_of(name, duplicate.get<std::string>()));
  return pairs;
}

std::vector<Picture> read_pictures(const std::filesystem::path& folder) {
  std::vector<Picture> pictures;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    Picture picture{entry.path().filename().string(), read_bytes(entry.path()), {}};
    const auto measured = hashing::measure_image(picture.bytes, {});
    if (const auto* measurement = std::get_if<matching::Measurement>(&measured)) {
      picture.record.fingerprint = measurement->fingerprint;
      pictures.push_back(std::move(picture));
    }
  }
  std::sort(pictures.begin(), pictures.end(),
            [](const Picture& a, const Picture& b) { return a.name < b.name; });
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    pictures[i].record.file_id = static_cast<std::int64_t>(i) + 1;
    pictures[i].record.stamp.inode = i + 1;
  }
  return pictures;
}

/// The candidate that the service would hold `file` against, or nothing if their hashes are apart.
std::optional<Candidate> candidate_of(const Picture& file, const Picture& original,
                                      const matching::Policy& policy) {
  const Fingerprint& a = file.record.fingerprint;
  const Fingerprint& b = original.record.fingerprint;
  if (a.content_digest == b.content_digest) return Candidate{original.record, {}, false};
  if (hamming_distance(a.hashes.of(policy.hash_kind), b.hashes.of(policy.hash_kind)) >
      policy.radius_bits)
    return std::nullopt;
  const auto compared = hashing::compare_images(file.bytes, original.bytes, {});
  if (const auto* comparison = std::get_if<matching::Comparison>(&compared))
    return Candidate{original.record, *comparison, false};
  return std::nullopt;
}

struct Found {
  Pairs pairs;                              ///< every pair with a relation, each file against each
  Pairs hash_only;                          ///< every pair within the radius
  std::map<std::string, std::string> star;  ///< duplicate -> its original, in order of names
};

Found find(const std::vector<Picture>& pictures, const matching::Policy& policy, bool print_pairs,
           const Pairs& true_pairs) {
  Found found;
  std::vector<const Picture*> originals;
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    std::vector<Candidate> candidates;
    for (std::size_t j = 0; j < i; ++j) {
      const auto candidate = candidate_of(pictures[i], pictures[j], policy);
      if (!candidate) continue;
      const Pair pair = pair_of(pictures[i].name, pictures[j].name);
      found.hash_only.insert(pair);
      const auto relation = relation_between(pictures[i].record, *candidate, policy);
      if (relation) found.pairs.insert(pair);
      if (std::find(originals.begin(), originals.end(), &pictures[j]) != originals.end())
        candidates.push_back(*candidate);
      if (print_pairs && candidate->comparison) {
        const matching::Comparison& c = *candidate->comparison;
        std::printf("%s\t%s\t%d\t%.4f\t%.4f\t%.4f\t%.2f\t%.2f\t%.2f\t%s\t%s\t%s\n",
                    true_pairs.contains(pair) ? "true" : "FALSE",
                    relation ? std::string(name_of(relation->relation)).c_str() : "-",
                    hamming_distance(pictures[i].record.fingerprint.hashes.of(policy.hash_kind),
                                     pictures[j].record.fingerprint.hashes.of(policy.hash_kind)),
                    c.ssim, c.lowest_tile_ssim, c.aspect_ratio_quotient, c.tone_difference,
                    c.colour_difference,
                    static_cast<double>(std::min(pictures[i].record.fingerprint.detail,
                                                 pictures[j].record.fingerprint.detail)),
                    c.same_pixels ? "same" : "", pair.first.c_str(), pair.second.c_str());
      }
    }
    const matching::Verdict verdict = decide(pictures[i].record, candidates, policy);
    if (!verdict.duplicate) {
      originals.push_back(&pictures[i]);
    } else {
      const auto at = static_cast<std::size_t>(verdict.duplicate->original_file_id - 1);
      found.star[pictures[i].name] = pictures[at].name;
    }
  }
  return found;
}

std::size_t common(const Pairs& a, const Pairs& b) {
  return static_cast<std::size_t>(
      std::count_if(a.begin(), a.end(), [&b](const Pair& pair) { return b.contains(pair); }));
}

void print_recall(const char* tier, const Pairs& truth, const Found& found) {
  if (truth.empty()) return;
  const auto size = static_cast<double>(truth.size());
  std::printf("recall on %-9s %4zu pairs: %.3f   (hash alone %.3f)\n", tier, truth.size(),
              static_cast<double>(common(truth, found.pairs)) / size,
              static_cast<double>(common(truth, found.hash_only)) / size);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr,
                 "usage: near_accuracy FOLDER [--pairs] [RADIUS]\n"
                 "FOLDER may hold ground_truth.json, ground_truth_moderate.json, "
                 "ground_truth_all.json; without them no pair is true\n");
    return 2;
  }
  hashing::warm_codecs();
  const std::filesystem::path folder = argv[1];
  bool print_pairs = false;
  matching::Policy policy;
  for (int i = 2; i < argc; ++i)
    if (std::string(argv[i]) == "--pairs")
      print_pairs = true;
    else
      policy.radius_bits = std::atoi(argv[i]);

  const Pairs required = read_truth(folder / "ground_truth.json");
  const Pairs moderate = read_truth(folder / "ground_truth_moderate.json");
  const Pairs all = read_truth(folder / "ground_truth_all.json");
  const std::vector<Picture> pictures = read_pictures(folder);
  const Found found = find(pictures, policy, print_pairs, all);

  std::printf("%s: %zu pictures measured, radius %d\n", folder.c_str(), pictures.size(),
              policy.radius_bits);
  const std::size_t true_found = common(found.pairs, all);
  std::printf("pairs found %zu, false %zu   (hash alone %zu, false %zu)\n", found.pairs.size(),
              found.pairs.size() - true_found, found.hash_only.size(),
              found.hash_only.size() - common(found.hash_only, all));
  print_recall("required", required, found);
  print_recall("moderate", moderate, found);
  print_recall("all", all, found);
  std::size_t false_stars = 0;
  for (const auto& [duplicate, original] : found.star)
    false_stars += all.contains(pair_of(duplicate, original)) ? 0U : 1U;
  std::printf("stars: %zu duplicates, %zu of them under a wrong original\n", found.star.size(),
              false_stars);
  for (const Pair& pair : found.pairs)
    if (!all.contains(pair)) std::printf("false: %s %s\n", pair.first.c_str(), pair.second.c_str());
  for (const Pair& pair : required)
    if (!found.pairs.contains(pair))
      std::printf("missed: %s %s\n", pair.first.c_str(), pair.second.c_str());
  return 0;
}
