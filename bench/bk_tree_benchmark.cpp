// SPDX-License-Identifier: Apache-2.0
// The BK-tree beside a flat scan and a textbook BK-tree; prints the ratios of the run at its end.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <new>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "bench/textbook_bk_tree.h"
#include "matching/bk_tree.h"
#include "matching/bucket_scan.h"

namespace {

using imgdedup::bench::TextbookBkTree;
using namespace imgdedup::matching;

constexpr std::array counts{100'000, 1'000'000, 10'000'000};
constexpr std::array radii{2, 4, 8, 10};
constexpr std::size_t query_count = 512;

enum class Kind { uniform, clustered };

std::string name_of(Kind kind) { return kind == Kind::uniform ? "uniform" : "clustered"; }

/// uniform: 64 random bits. clustered: a tenth as many centres, each hash 0..6 bits from one.
class HashSource {
 public:
  HashSource(Kind kind, std::size_t count) : kind_(kind), centers_(count / 10) {}

  PerceptualHash next() {
    if (kind_ == Kind::uniform) return {random_()};
    // A centre is a function of its number, so that ten million need no list of them.
    std::mt19937_64::result_type bits = (random_() % centers_ + 1) * 0x9E3779B97F4A7C15;
    bits = (bits ^ bits >> 30) * 0xBF58476D1CE4E5B9;
    bits = (bits ^ bits >> 27) * 0x94D049BB133111EB;
    bits ^= bits >> 31;
    for (auto flips = random_() % 7; flips > 0; --flips) bits ^= std::uint64_t{1} << random_() % 64;
    return {bits};
  }

 private:
  Kind kind_;
  std::size_t centers_;
  std::mt19937_64 random_{42};
};

/// All hashes in one aligned array, read from end to end.
class FlatScan {
 public:
  explicit FlatScan(const std::vector<BkTree::Entry>& entries)
      : hashes_(static_cast<PerceptualHash*>(
            ::operator new (entries.size() * sizeof(PerceptualHash), std::align_val_t{64}))),
        size_(entries.size()) {
    for (std::size_t i = 0; i < size_; ++i) hashes_.get()[i] = entries[i].hash;
  }

  [[nodiscard]] std::vector<std::uint32_t> within(PerceptualHash query, int radius_bits) const {
    constexpr std::size_t block = 4096;
    const ScanFunction scan = scan_function(fastest_scan_kernel());
    std::vector<std::uint32_t> matches;
    std::array<std::uint32_t, block> positions;
    for (std::size_t begin = 0; begin < size_; begin += block) {
      const std::size_t found = scan({hashes_.get() + begin, std::min(block, size_ - begin)}, query,
                                     radius_bits, positions.data());
      for (std::size_t i = 0; i < found; ++i)
        matches.push_back(static_cast<std::uint32_t>(begin) + positions[i]);
    }
    return matches;
  }

 private:
  struct Free {
    void operator()(PerceptualHash* hashes) const {
      ::operator delete (hashes, std::align_val_t{64});
    }
  };
  std::unique_ptr<PerceptualHash, Free> hashes_;
  std::size_t size_;
};

/// The textbook tree, made when first asked: at ten million it takes longest of all.
class LazyTextbookBkTree {
 public:
  explicit LazyTextbookBkTree(std::vector<BkTree::Entry> entries) : entries_(std::move(entries)) {}

  [[nodiscard]] std::vector<std::uint32_t> within(PerceptualHash query, int radius_bits) const {
    for (const auto& [hash, id] : entries_) tree_.insert(hash, id);
    if (!entries_.empty()) entries_ = {};
    return tree_.within(query, radius_bits);
  }

 private:
  mutable std::vector<BkTree::Entry> entries_;
  mutable TextbookBkTree tree_;
};

struct Indexes {
  BkTree tree;
  FlatScan flat;
  LazyTextbookBkTree textbook;
  std::vector<PerceptualHash> queries;
};

std::vector<BkTree::Entry> entries_of(Kind kind, std::size_t count) {
  HashSource source(kind, count);
  std::vector<BkTree::Entry> entries(count);
  for (std::size_t i = 0; i < count; ++i) entries[i] = {source.next(), static_cast<BkTree::Id>(i)};
  return entries;
}

/// Made once a kind and count, one at a time in memory.
const Indexes& indexes_of(Kind kind, std::size_t count) {
  static std::tuple<Kind, std::size_t> made;
  static std::unique_ptr<Indexes> indexes;
  if (indexes && made == std::tuple(kind, count)) return *indexes;
  indexes.reset();
  const std::vector<BkTree::Entry> entries = entries_of(kind, count);
  indexes = std::make_unique<Indexes>(
      Indexes{BkTree::build(entries), FlatScan(entries), LazyTextbookBkTree(entries), {}});
  std::mt19937_64 random(4711);
  while (indexes->queries.size() < query_count) {
    PerceptualHash query{random()};
    if (kind == Kind::clustered) {
      query = entries[random() % count].hash;
      query.bits ^= std::uint64_t{1} << random() % 64;
    }
    indexes->queries.push_back(query);
  }
  made = {kind, count};
  return *indexes;
}

template <typename Index>
void run_queries(benchmark::State& state, Kind kind, Index Indexes::*index) {
  const Indexes& all = indexes_of(kind, static_cast<std::size_t>(state.range(0)));
  const int radius = static_cast<int>(state.range(1));
  benchmark::DoNotOptimize((all.*index).within(all.queries[0], radius).size());
  std::size_t i = 0, matches = 0;
  for (auto _ : state)
    matches += (all.*index).within(all.queries[i++ % query_count], radius).size();
  state.counters["matches"] =
      benchmark::Counter(static_cast<double>(matches), benchmark::Counter::kAvgIterations);
}

void check_agreement(benchmark::State& state, Kind kind) {
  const Indexes& all = indexes_of(kind, static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    for (std::size_t i = 0; i < 8; ++i) {
      const PerceptualHash query = all.queries[i];
      const std::size_t expected = all.flat.within(query, 10).size();
      if (all.tree.within(query, 10).size() != expected ||
          all.textbook.within(query, 10).size() != expected)
        state.SkipWithError("the indexes disagree");
    }
  }
  state.counters["bytes_a_hash"] =
      static_cast<double>(all.tree.memory_bytes()) / static_cast<double>(all.tree.size());
}

void build(benchmark::State& state, Kind kind) {
  const auto entries = entries_of(kind, static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    state.PauseTiming();
    auto copy = entries;
    state.ResumeTiming();
    benchmark::DoNotOptimize(BkTree::build(std::move(copy)).size());
  }
}

void insert(benchmark::State& state, Kind kind) {
  const auto entries = entries_of(kind, static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    BkTree tree;
    for (const auto& [hash, id] : entries) tree.insert(hash, id);
    benchmark::DoNotOptimize(tree.size());
  }
}

void register_all() {
  const auto plain = [](const std::string& name, auto run, int count) {
    benchmark::RegisterBenchmark(name.c_str(), run)
        ->Args({count})
        ->Iterations(1)
        ->Unit(benchmark::kMillisecond);
  };
  for (const Kind kind : {Kind::uniform, Kind::clustered}) {
    for (const int count : counts) {
      for (const int radius : radii) {
        const auto query = [&](const std::string& index, auto member) {
          return benchmark::RegisterBenchmark(
                     ("query/" + name_of(kind) + "/" + index).c_str(),
                     [kind, member](benchmark::State& state) { run_queries(state, kind, member); })
              ->Args({count, radius})
              ->Unit(benchmark::kMicrosecond);
        };
        query("flat", &Indexes::flat);
        query("tree", &Indexes::tree);
        query("textbook", &Indexes::textbook);
      }
      plain(
          "agree/" + name_of(kind), [kind](auto& state) { check_agreement(state, kind); }, count);
    }
    for (const int count : counts) {
      plain(
          "build/" + name_of(kind), [kind](auto& state) { build(state, kind); }, count);
      plain(
          "insert/" + name_of(kind), [kind](auto& state) { insert(state, kind); }, count);
    }
  }
}

/// Prints each run as usual and keeps the times of the queries for the table.
class RatioReporter : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs)
      if (run.run_type == Run::RT_Iteration && run.run_name.function_name.starts_with("query/"))
        times_[run.run_name.function_name + "/" + run.run_name.args].push_back(
            run.GetAdjustedRealTime());
  }

  void print_table() const {
    std::printf(
        "\n| hashes | n | radius | tree us | flat us | textbook us | flat / tree | textbook / "
        "tree |\n|---|---|---|---|---|---|---|---|\n");
    for (const Kind kind : {Kind::uniform, Kind::clustered})
      for (const int count : counts)
        for (const int radius : radii) print_row(kind, count, radius);
  }

 private:
  [[nodiscard]] double median(const std::string& name) const {
    const auto found = times_.find(name);
    if (found == times_.end()) return 0;
    std::vector<double> times = found->second;
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
  }

  void print_row(Kind kind, int count, int radius) const {
    const auto time = [&](const std::string& index) {
      return median("query/" + name_of(kind) + "/" + index + "/" + std::to_string(count) + "/" +
                    std::to_string(radius));
    };
    const double tree = time("tree"), flat = time("flat"), textbook = time("textbook");
    if (tree == 0 || flat == 0) return;
    std::printf("| %s | %d | %d | %.1f | %.1f | %.1f | %.2f | %.1f |\n", name_of(kind).c_str(),
                count, radius, tree, flat, textbook, flat / tree, textbook / tree);
  }

  std::map<std::string, std::vector<double>> times_;
};

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  register_all();
  RatioReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  reporter.print_table();
  return 0;
}
