// SPDX-License-Identifier: Apache-2.0
// What the parts of `edited` cost for the pictures of a folder, in processor time, beside the
// hashes alone.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "hashing/measure.h"
#include "matching/edited_confirmation.h"
#include "matching/feature_index.h"
#include "matching/feature_matching.h"

namespace {

using namespace imgdedup;
namespace fs = std::filesystem;
using Buffer = std::vector<std::uint8_t>;

Buffer bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

double cpu_ms(const std::function<void()>& work) {
  const std::clock_t start = std::clock();
  work();
  return 1000.0 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

/// The best of `rounds`: what others do on the machine only ever adds.
double best_cpu_ms(int rounds, const std::function<void()>& work) {
  double best = cpu_ms(work);
  for (int i = 1; i < rounds; ++i) best = std::min(best, cpu_ms(work));
  return best;
}

void print(const char* what, double ms, std::size_t count, double unit_ms) {
  const double each = ms / static_cast<double>(std::max<std::size_t>(1, count));
  std::printf("%-44s %7zu %9.3f ms  %7.2f\n", what, count, each, each / unit_ms);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: edited_cost FOLDER [ROUNDS]\n");
    return 2;
  }
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 5;
  std::vector<Buffer> files;
  for (const auto& entry : fs::recursive_directory_iterator(argv[1]))
    if (entry.is_regular_file()) files.push_back(bytes_of(entry.path()));
  hashing::warm_codecs();

  std::vector<matching::LocalFeatures> features;
  std::vector<const Buffer*> measured;
  for (const Buffer& file : files) {
    const auto outcome = hashing::measure_image(file, {}, {.features = true});
    const auto* measurement = std::get_if<matching::Measurement>(&outcome);
    if (!measurement || !measurement->features ||
        !matching::has_enough_detail_for_edited(measurement->fingerprint))
      continue;
    features.push_back(measurement->features->local);
    measured.push_back(&file);
  }
  const std::size_t count = features.size();

  const double hashes_ms = best_cpu_ms(rounds, [&] {
    for (const Buffer* file : measured) (void)hashing::measure_image(*file, {});
  });
  const double unit_ms = hashes_ms / static_cast<double>(std::max<std::size_t>(1, count));
  std::printf("%-44s %7s %12s  %7s\n", "part", "times", "each", "ratio");
  print("hashes, digest and decoding", hashes_ms, count, unit_ms);
  const double both_ms = best_cpu_ms(rounds, [&] {
    for (const Buffer* file : measured) (void)hashing::measure_image(*file, {}, {.features = true});
  });
  print("  the same and local features", both_ms, count, unit_ms);

  matching::FeatureIndex index;
  const double insert_ms = cpu_ms([&] {
    for (std::size_t i = 0; i < count; ++i)
      index.insert(static_cast<matching::FeatureIndex::Id>(i), features[i]);
  });
  print("insert into the feature index", insert_ms, count, unit_ms);
  constexpr std::size_t most_candidates = 11;  // itself among them
  std::vector<std::vector<matching::FeatureIndex::Match>> found(count);
  const double ask_ms = best_cpu_ms(rounds, [&] {
    for (std::size_t i = 0; i < count; ++i) found[i] = index.best(features[i], most_candidates);
  });
  print("ask the feature index once", ask_ms, count, unit_ms);

  std::size_t pairs = 0;
  std::vector<std::pair<std::size_t, std::size_t>> agreeing;
  const double agree_ms = best_cpu_ms(rounds, [&] {
    pairs = 0;
    agreeing.clear();
    for (std::size_t i = 0; i < count; ++i)
      for (const auto& match : found[i]) {
        if (match.id <= i) continue;
        ++pairs;
        if (may_be_edited(matching::agree(features[i], features[match.id])))
          agreeing.emplace_back(i, match.id);
      }
  });
  print("agree on an edit, a candidate", agree_ms, pairs, unit_ms);

  std::size_t confirmed = 0;
  const double compare_ms = best_cpu_ms(std::min(rounds, 3), [&] {
    confirmed = 0;
    for (const auto& [left, right] : agreeing) {
      const auto outcome =
          hashing::compare_images(*measured[left], *measured[right], {}, {.features = true});
      if (const auto* comparison = std::get_if<matching::Comparison>(&outcome))
        confirmed += comparison->edit ? 1 : 0;
    }
  });
  print("compare two files, an agreeing candidate", compare_ms, agreeing.size(), unit_ms);
  std::printf("%zu pictures; %zu of %zu compared have an overlap\n", count, confirmed,
              agreeing.size());
  return 0;
}
