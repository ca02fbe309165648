// SPDX-License-Identifier: Apache-2.0
// The BK-tree beside a flat scan and a textbook BK-tree; prints the ratios of the run at its end.
#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <new>
#include <random>
#include <string>
#include <tuple>
#include <utility>
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
constexpr int rounds = 25;

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

double thread_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double median_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// Asks one index, batch after batch. The batches of several are taken in turn, so that what else
/// the machine does falls on all of them alike, and last long enough to work in their own cache.
class Asker {
 public:
  Asker(std::function<std::size_t(PerceptualHash)> ask, const std::vector<PerceptualHash>& queries)
      : ask_(std::move(ask)), queries_(queries) {
    run(1);  // what is made on first use is made now
    batch_ = static_cast<std::size_t>(std::clamp(batch_seconds / run(4), 1.0, 50'000.0));
  }

  /// Seconds of processor time a query, over one batch.
  double run_batch() {
    times_.push_back(run(batch_));
    return times_.back();
  }

  [[nodiscard]] double median_us() const { return 1e6 * median_of(times_); }

 private:
  static constexpr double batch_seconds = 25e-3;

  double run(std::size_t count) {
    const double start = thread_seconds();
    for (std::size_t i = 0; i < count; ++i)
      benchmark::DoNotOptimize(ask_(queries_[next_++ % queries_.size()]));
    return (thread_seconds() - start) / static_cast<double>(count);
  }

  std::function<std::size_t(PerceptualHash)> ask_;
  const std::vector<PerceptualHash>& queries_;
  std::size_t next_ = 0, batch_ = 1;
  std::vector<double> times_;
};

void compare_queries(benchmark::State& state, Kind kind) {
  const Indexes& all = indexes_of(kind, static_cast<std::size_t>(state.range(0)));
  const int radius = static_cast<int>(state.range(1));
  Asker tree([&](auto query) { return all.tree.within(query, radius).size(); }, all.queries);
  Asker flat([&](auto query) { return all.flat.within(query, radius).size(); }, all.queries);
  std::vector<double> ratios;
  for (auto _ : state) {
    const double tree_seconds = tree.run_batch();
    ratios.push_back(flat.run_batch() / tree_seconds);
    state.SetIterationTime(tree_seconds);
  }
  Asker textbook([&](auto query) { return all.textbook.within(query, radius).size(); },
                 all.queries);
  for (int i = 0; i < 3; ++i) textbook.run_batch();
  state.counters["tree_us"] = tree.median_us();
  state.counters["flat_us"] = flat.median_us();
  state.counters["textbook_us"] = textbook.median_us();
  state.counters["flat_by_tree"] = median_of(ratios);
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
      for (const int radius : radii)
        benchmark::RegisterBenchmark(
            ("query/" + name_of(kind)).c_str(),
            [kind](benchmark::State& state) { compare_queries(state, kind); })
            ->Args({count, radius})
            ->Iterations(rounds)
            ->UseManualTime()
            ->Unit(benchmark::kMicrosecond);
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

/// Prints each run as usual and keeps the rows of a table for the end.
class TableReporter : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      if (!run.run_name.function_name.starts_with("query/")) continue;
      const auto counter = [&](const char* name) { return run.counters.at(name).value; };
      std::array<char, 256> row{};
      std::snprintf(row.data(), row.size(), "| %s | %s | %.2f | %.1f | %.1f | %.2f | %.0f |\n",
                    run.run_name.function_name.c_str() + std::strlen("query/"),
                    run.run_name.args.c_str(), counter("tree_us"), counter("flat_us"),
                    counter("textbook_us"), counter("flat_by_tree"),
                    counter("textbook_us") / counter("tree_us"));
      rows_ += row.data();
    }
  }

  void print_table() const {
    std::printf(
        "\n| hashes | n/radius | tree us | flat us | textbook us | flat / tree | textbook / tree |"
        "\n|---|---|---|---|---|---|---|\n%s",
        rows_.c_str());
  }

 private:
  std::string rows_;
};

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  register_all();
  TableReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  reporter.print_table();
  return 0;
}
