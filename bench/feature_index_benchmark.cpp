// SPDX-License-Identifier: Apache-2.0
// The index of local features over made-up pictures: time of a question, memory, what it finds.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <random>

#include "matching/feature_index.h"

namespace {

using namespace imgdedup::matching;

constexpr std::size_t features_per_picture = 200;

std::uint64_t next_random(std::uint64_t& state) {
  std::uint64_t value = state += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

/// A function of its number, so that a million pictures need no room. Bits lean to one side, each
/// by its own measure, as those of real descriptors do: keys are met unequally often.
LocalFeatures picture(std::uint64_t number) {
  LocalFeatures result{320, 240, {}};
  result.features.resize(features_per_picture);
  std::uint64_t state = number * 0x2545f4914f6cdd1d;
  constexpr std::uint64_t leaning = 0x5555555555555555;
  for (LocalFeature& feature : result.features)
    for (std::uint64_t& word : feature.descriptor) {
      word = next_random(state);
      word |= next_random(state) & next_random(state) & leaning;
    }
  return result;
}

/// What an edit leaves: `kept` of the features, each bit of theirs flipped with `flipped`.
LocalFeatures edited(const LocalFeatures& original, double kept, double flipped,
                     std::mt19937_64& random) {
  LocalFeatures result = picture(random());
  std::uniform_real_distribution<double> share(0, 1);
  for (std::size_t i = 0; i < original.features.size(); ++i) {
    if (share(random) >= kept) continue;
    result.features[i] = original.features[i];
    for (std::size_t bit = 0; bit < 256; ++bit)
      if (share(random) < flipped)
        result.features[i].descriptor[bit / 64] ^= std::uint64_t{1} << bit % 64;
  }
  std::shuffle(result.features.begin(), result.features.end(), random);
  return result;
}

struct Built {
  FeatureIndex index;
  double seconds = 0;
};

const Built& built(std::int64_t pictures) {
  static std::map<std::int64_t, std::unique_ptr<Built>> all;
  auto& result = all[pictures];
  if (result) return *result;
  all.clear();
  auto& made = all[pictures] = std::make_unique<Built>();
  made->index.expect(static_cast<std::size_t>(pictures));
  for (std::int64_t i = 0; i < pictures; ++i) {
    const LocalFeatures features = picture(static_cast<std::uint64_t>(i));
    const auto begin = std::chrono::steady_clock::now();
    made->index.insert(static_cast<FeatureIndex::Id>(i), features);
    made->seconds +=
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }
  return *made;
}

/// An arriving picture that nothing resembles; half of what is asked about it, for it is asked
/// about its mirror image too.
void ask_about_stranger(benchmark::State& state) {
  const Built& made = built(state.range(0));
  std::uint64_t number = std::uint64_t{1} << 40;
  std::size_t found = 0;
  std::size_t asked = 0;
  std::vector<LocalFeatures> strangers;
  for (int i = 0; i < 64; ++i) strangers.push_back(picture(++number));
  for (auto _ : state) {
    found += made.index.best(strangers[asked++ % strangers.size()], 10).size();
  }
  state.counters["found"] = static_cast<double>(found) / static_cast<double>(asked);
  state.counters["bytes/picture"] =
      static_cast<double>(made.index.memory_bytes()) / static_cast<double>(made.index.size());
  state.counters["MiB"] = static_cast<double>(made.index.memory_bytes()) / (1 << 20);
  state.counters["postings/picture"] = static_cast<double>(made.index.postings_per_picture());
  state.counters["us/insert"] = 1e6 * made.seconds / static_cast<double>(made.index.size());
}

/// range(1): features of a hundred that an edit leaves; range(2): bits of a thousand it flips.
void find_edited(benchmark::State& state) {
  const Built& made = built(state.range(0));
  std::mt19937_64 random(1);
  const double kept = static_cast<double>(state.range(1)) / 100;
  const double flipped = static_cast<double>(state.range(2)) / 1000;
  std::size_t asked = 0;
  std::size_t first = 0;
  std::size_t among_ten = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const auto id =
        static_cast<FeatureIndex::Id>(random() % static_cast<std::uint64_t>(state.range(0)));
    const LocalFeatures copy = edited(picture(id), kept, flipped, random);
    state.ResumeTiming();
    const auto found = made.index.best(copy, 10);
    ++asked;
    first += !found.empty() && found[0].id == id;
    among_ten +=
        std::any_of(found.begin(), found.end(), [id](const auto& m) { return m.id == id; });
  }
  state.counters["first"] = static_cast<double>(first) / static_cast<double>(asked);
  state.counters["among_ten"] = static_cast<double>(among_ten) / static_cast<double>(asked);
}

/// Every picture holds the same hundred features besides its own.
void ask_among_pictures_with_one_logo(benchmark::State& state) {
  const LocalFeatures logo = picture(7);
  const auto with_logo = [&](std::uint64_t number) {
    LocalFeatures features = picture(number);
    std::copy_n(logo.features.begin(), 100, features.features.begin());
    return features;
  };
  FeatureIndex index;
  index.expect(static_cast<std::size_t>(state.range(0)));
  for (std::int64_t i = 0; i < state.range(0); ++i)
    index.insert(static_cast<FeatureIndex::Id>(i), with_logo(static_cast<std::uint64_t>(i) + 100));
  const LocalFeatures asked = with_logo(std::uint64_t{1} << 40);
  for (auto _ : state) benchmark::DoNotOptimize(index.best(asked, 10));
}

[[maybe_unused]] const int registered = [] {
  for (const int pictures : {10'000, 100'000, 1'000'000}) {
    benchmark::RegisterBenchmark("ask_about_stranger", ask_about_stranger)->Arg(pictures);
    for (const auto& [kept, flipped] : {std::pair(70, 30), std::pair(50, 50), std::pair(30, 60)})
      benchmark::RegisterBenchmark("find_edited", find_edited)
          ->Args({pictures, kept, flipped})
          ->Iterations(300);
  }
  return 0;
}();

}  // namespace

BENCHMARK(ask_among_pictures_with_one_logo)->Arg(100'000);

BENCHMARK_MAIN();
