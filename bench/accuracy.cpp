// SPDX-License-Identifier: Apache-2.0
// What the service's judgement finds among pictures whose true copies are known, and what it
// mistakes.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>

#include "accuracy_pictures.h"
#include "hashing/measure.h"

namespace {

using namespace imgdedup;
using namespace imgdedup::bench;
using matching::Candidate;
using matching::Policy;

struct Options {
  std::filesystem::path folder;
  std::filesystem::path library;  ///< where the originals of the folder's copies lie
  std::string lines;              ///< a file for one line a compared pair
  Policy policy;
};

/// One line for every pair that was compared: truth, relation, names, measures.
class PairLines {
 public:
  explicit PairLines(const std::string& path)
      : file_(path.empty() ? nullptr : std::fopen(path.c_str(), "w")) {}
  ~PairLines() {
    if (file_ != nullptr) std::fclose(file_);
  }
  PairLines(const PairLines&) = delete;
  PairLines& operator=(const PairLines&) = delete;

  void add(const Picture& a, const Picture& b, const Candidate& candidate, bool is_true,
           const std::optional<matching::RelationFound>& found, const Policy& policy) {
    if (file_ == nullptr || !candidate.comparison) return;
    const std::scoped_lock lock(mutex_);
    std::fprintf(file_, "%s\t%s\t%s\t%s\t%s\n", is_true ? "true" : "FALSE",
                 found ? std::string(name_of(found->relation)).c_str() : "-", a.name.c_str(),
                 b.name.c_str(), measures_line(a, b, *candidate.comparison, policy).c_str());
  }

 private:
  std::FILE* file_;
  std::mutex mutex_;
};

struct FoundPair {
  std::size_t file = 0, original = 0;
  Candidate candidate;
  std::optional<matching::RelationFound> relation;
};

/// For each of `files` what it is held against, among those of `originals` with a smaller file id.
std::vector<std::vector<FoundPair>> hold_against(const std::vector<Picture>& files,
                                                 const std::vector<Picture>& originals,
                                                 const Truth& truth, const Options& options) {
  PairLines lines(options.lines);
  std::vector<std::vector<FoundPair>> found(files.size());
  in_two_threads(files.size(), [&](std::size_t i) {
    for (std::size_t j = 0; j < originals.size(); ++j) {
      if (originals[j].record.file_id >= files[i].record.file_id) break;
      auto candidate = candidate_of(files[i], originals[j], options.policy);
      if (!candidate) continue;
      const auto relation = relation_between(files[i].record, *candidate, options.policy);
      lines.add(files[i], originals[j], *candidate,
                truth.all.contains(pair_of(files[i].name, originals[j].name)), relation,
                options.policy);
      found[i].push_back({i, j, std::move(*candidate), relation});
    }
  });
  return found;
}

void print_share(const char* what, std::size_t found, std::size_t all) {
  if (all == 0) return;
  std::printf("  %-44s %5zu of %5zu  %.4f\n", what, found, all,
              static_cast<double>(found) / static_cast<double>(all));
}

/// The original of each file by decide(), in order of names; itself where it is one.
std::vector<std::size_t> stars_of(const std::vector<Picture>& pictures,
                                  const std::vector<std::vector<FoundPair>>& found,
                                  const Policy& policy) {
  std::vector<std::size_t> star(pictures.size());
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    std::vector<Candidate> candidates;
    for (const FoundPair& pair : found[i])
      if (star[pair.original] == pair.original) candidates.push_back(pair.candidate);
    const auto verdict = decide(pictures[i].record, candidates, policy);
    star[i] = i;
    if (verdict.duplicate)
      star[i] = static_cast<std::size_t>(verdict.duplicate->original_file_id - 1);
  }
  return star;
}

void print_false(const Pairs& false_pairs, const char* what) {
  for (const auto& [a, b] : false_pairs) std::printf("  %s: %s %s\n", what, a.c_str(), b.c_str());
}

/// Every two pictures of one folder, and the groups that form.
void measure_folder(const Options& options) {
  const Truth truth = read_truth(options.folder);
  auto pictures = read_pictures(options.folder, options.policy.edited_enabled, 1);
  const auto found = hold_against(pictures, pictures, truth, options);
  std::array<std::size_t, 4> by_relation{}, false_by_relation{};
  Pairs pairs, false_pairs;
  for (const auto& of_file : found)
    for (const FoundPair& pair : of_file) {
      if (!pair.relation) continue;
      const Pair names = pair_of(pictures[pair.file].name, pictures[pair.original].name);
      const auto relation = static_cast<std::size_t>(pair.relation->relation);
      ++by_relation[relation];
      pairs.insert(names);
      if (truth.all.contains(names)) continue;
      ++false_by_relation[relation];
      false_pairs.insert(names);
    }
  std::printf("%s: %zu pictures\n", options.folder.c_str(), pictures.size());
  for (std::size_t i = 0; i < by_relation.size(); ++i)
    std::printf("  %-8s %6zu pairs, %zu of them false\n",
                std::string(name_of(static_cast<matching::Relation>(i))).c_str(), by_relation[i],
                false_by_relation[i]);

  const auto star = stars_of(pictures, found, options.policy);
  std::map<std::string, std::string> root;
  Pairs false_stars;
  std::size_t duplicates = 0;
  for (std::size_t i = 0; i < star.size(); ++i) {
    root[pictures[i].name] = pictures[star[i]].name;
    if (star[i] == i) continue;
    ++duplicates;
    const Pair names = pair_of(pictures[i].name, pictures[star[i]].name);
    if (!truth.all.contains(names)) false_stars.insert(names);
  }
  std::printf("  stars: %zu duplicates, %zu under a wrong original\n", duplicates,
              false_stars.size());
  const auto print_recall = [&](const char* tier, const Pairs& wanted) {
    // A file's pairs are found by star if it and its partner hang on originals that are copies of
    // one another; a file that nothing links to its group is missing in all its pairs.
    const auto count = [&](auto is_found) {
      return static_cast<std::size_t>(std::count_if(wanted.begin(), wanted.end(), is_found));
    };
    const auto linked = [&](const std::string& name) {
      return std::any_of(pairs.begin(), pairs.end(), [&](const Pair& pair) {
        return (pair.first == name || pair.second == name) && truth.all.contains(pair);
      });
    };
    std::map<std::string, bool> is_linked;
    for (const Picture& picture : pictures) is_linked[picture.name] = linked(picture.name);
    print_share((std::string(tier) + ", pair itself").c_str(),
                count([&](const Pair& pair) { return pairs.contains(pair); }), wanted.size());
    print_share((std::string(tier) + ", in one star").c_str(), count([&](const Pair& pair) {
                  return root.contains(pair.first) && root.contains(pair.second) &&
                         root[pair.first] == root[pair.second];
                }),
                wanted.size());
    print_share(
        (std::string(tier) + ", both linked to the group").c_str(),
        count([&](const Pair& pair) { return is_linked[pair.first] && is_linked[pair.second]; }),
        wanted.size());
  };
  print_recall("required", truth.required);
  print_recall("moderate", truth.moderate);
  print_recall("all", truth.all);
  print_false(false_pairs, "false");
}

/// Copies in one folder, held against the library that their originals lie in.
void measure_copies(const Options& options) {
  const Truth truth = read_truth(options.folder);
  const auto library = read_pictures(options.library, options.policy.edited_enabled, 1);
  const auto copies = read_pictures(options.folder, options.policy.edited_enabled,
                                    static_cast<std::int64_t>(library.size()) + 1);
  const auto found = hold_against(copies, library, truth, options);
  struct Count {
    std::size_t copies = 0;
    std::array<std::size_t, 4> right{};
  };
  std::map<std::string, Count> counts;
  Pairs wrong, missed;
  std::size_t false_pairs = 0;
  for (std::size_t i = 0; i < copies.size(); ++i) {
    const auto original = truth.original_of.find(copies[i].name);
    if (original == truth.original_of.end()) continue;
    Count& count = counts[truth.edit_of.at(copies[i].name)];
    ++count.copies;
    std::vector<Candidate> candidates;
    for (const FoundPair& pair : found[i]) {
      candidates.push_back(pair.candidate);
      if (pair.relation && library[pair.original].name != original->second) ++false_pairs;
    }
    const auto verdict = decide(copies[i].record, candidates, options.policy);
    if (!verdict.duplicate) {
      missed.emplace(copies[i].name, original->second);
      continue;
    }
    const auto& taken =
        library[static_cast<std::size_t>(verdict.duplicate->original_file_id - 1)].name;
    if (taken == original->second)
      ++count.right[static_cast<std::size_t>(verdict.duplicate->relation)];
    else
      wrong.emplace(copies[i].name, taken);
  }
  std::printf("%s: %zu copies, held against %zu pictures of %s\n", options.folder.c_str(),
              copies.size(), library.size(), options.library.c_str());
  std::printf("  %-16s %6s %7s %7s %7s %7s %7s\n", "edit", "copies", "found", "exact", "pixels",
              "near", "edited");
  double sum = 0;
  for (const auto& [edit, count] : counts) {
    const auto all = static_cast<double>(count.copies);
    double right = 0;
    for (const std::size_t of_relation : count.right) right += static_cast<double>(of_relation);
    sum += right / all;
    std::printf("  %-16s %6zu %7.3f %7zu %7zu %7zu %7zu\n", edit.c_str(), count.copies, right / all,
                count.right[0], count.right[1], count.right[2], count.right[3]);
  }
  std::printf("  mean %.4f, wrong originals %zu, false pairs %zu\n",
              sum / static_cast<double>(std::max<std::size_t>(1, counts.size())), wrong.size(),
              false_pairs);
  print_false(missed, "missed");
  print_false(wrong, "wrong");
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--no-edited")
      options.policy.edited_enabled = false;
    else if (argument == "--library" && i + 1 < argc)
      options.library = argv[++i];
    else if (argument == "--pairs" && i + 1 < argc)
      options.lines = argv[++i];
    else if (argument == "--radius" && i + 1 < argc)
      options.policy.radius_bits = std::atoi(argv[++i]);
    else
      options.folder = argument;
  }
  if (options.folder.empty()) {
    std::fprintf(stderr,
                 "usage: accuracy FOLDER [--library FOLDER] [--no-edited] [--radius BITS] "
                 "[--pairs FILE]\n"
                 "Holds every picture of FOLDER against every other; with --library those of "
                 "FOLDER, edited copies\nwith truth.json, against those of the library.\n");
    return 2;
  }
  hashing::warm_codecs();
  if (options.library.empty())
    measure_folder(options);
  else
    measure_copies(options);
  return 0;
}
