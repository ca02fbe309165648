// SPDX-License-Identifier: Apache-2.0
// The commands of imgdedup.
#include "batch/commands.h"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>

#include "batch/encodings.h"
#include "batch/evaluation.h"
#include "batch/hash_look.h"
#include "batch/json_text.h"
#include "batch/pictures.h"
#include "batch/readable_name.h"
#include "batch/search.h"
#include "batch/similarity_search.h"
#include "batch/usage_error.h"

namespace imgdedup::batch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// The name in `files` of the file at `path`; it is added, as given, if it is not there.
std::string name_of_query(const std::string& path, std::vector<ListedFile>& files) {
  if (!fs::is_regular_file(path)) throw std::runtime_error("query " + path + ": not a file");
  std::error_code ignored;
  const auto found = std::ranges::find_if(files, [&](const ListedFile& file) {
    return file.path.filename() == fs::path(path).filename() &&
           fs::equivalent(file.path, path, ignored);
  });
  if (found != files.end()) return found->name;
  // Its own name could be that of another file below the folder.
  const std::string name = fs::absolute(path).lexically_normal().native();
  files.push_back({name, path});
  return name;
}

void keep_only(FoundMap& found, const std::string& name) {
  const auto kept = found.find(name);
  if (kept == found.end()) throw std::runtime_error("query " + name + ": not readable");
  FoundMap only;
  only.insert(found.extract(kept));
  found = std::move(only);
}

std::string counted(std::size_t count, const char* one, const char* several) {
  return std::to_string(count) + " " + (count == 1 ? one : several);
}

void report(const CompanionCounts& companions, Series series) {
  if (companions.two_forms > 0)
    say(counted(companions.two_forms, "pair", "pairs") +
        " left out: a RAW and its JPEG, or a film and its thumbnail");
  if (companions.series > 0)
    say(counted(companions.series, "pair", "pairs") +
        (series == Series::left_out ? " left out: " : " found: ") +
        "two shots of one series, by their names and times");
}

FoundMap search_by_judgement(const SearchOptions& options, PictureMeasurer& measurer,
                             const std::vector<ListedFile>& files, const std::string& query,
                             Series series) {
  JudgementSearch search;
  search.series = series;
  search.policy.radius_bits = max_distance_of(options, matching::HashSize::eight);
  if (options.method == Method::local) {
    search.policy.near_enabled = false;
    search.score = HitScore::ssim;
  }
  const auto pictures = measure_pictures(measurer, files, {.features = true});
  for (std::size_t i = 0; i < pictures.records.size(); ++i)
    if (!query.empty() && pictures.records[i].path == query) search.query = i;
  CompanionCounts companions;
  FoundMap found = find_by_judgement(pictures.records, pictures.features, search,
                                     comparer(measurer, pictures), &companions);
  report(companions, series);
  return found;
}

/// query: empty, or a name that the map will have alone.
FoundMap search_encodings(const Encodings& encodings, int max_distance_bits,
                          const std::string& query) {
  if (query.empty()) return find_by_hash(encodings, max_distance_bits);
  if (!encodings.contains(query)) throw std::runtime_error("query " + query + ": not readable");
  return find_by_hash(encodings, max_distance_bits, query);
}

constexpr double default_similarity = 0.9;

/// query: empty, or a name that the map will have alone.
FoundMap search_vectors(const Vectors& vectors, const SearchOptions& options,
                        const std::string& query) {
  const double similarity = options.min_similarity.value_or(default_similarity);
  if (query.empty()) return find_by_similarity(vectors, similarity);
  if (!vectors.contains(query)) throw std::runtime_error("query " + query + ": not readable");
  return find_by_similarity(vectors, similarity, query);
}

FoundMap search_pictures(const SearchOptions& options, std::string query, Series series) {
  auto files = list_and_report(options.folders, options.descent);
  if (!query.empty()) query = name_of_query(query, files);
  if (options.method == Method::cnn) {
    auto measurer = make_measurer(options.model, options.sandbox);
    return search_vectors(embed_pictures(measurer, files), options, query);
  }
  auto measurer = make_measurer(options.sandbox);
  if (const auto definition = hash_definition_of(options))
    return search_encodings(encode_pictures(measurer, files, *definition),
                            max_distance_of(options, definition->size), query);
  FoundMap found = options.method == Method::md5
                       ? find_by_content(digest_pictures(measurer, files))
                       : search_by_judgement(options, measurer, files, query, series);
  if (!query.empty()) keep_only(found, query);
  return found;
}

/// The name of the query among `encodings`; a file that is none of them is hashed and added.
std::string name_of_query(const std::string& query, const SearchOptions& options,
                          Encodings& encodings) {
  for (const std::string& name : {query, bytes_of_json_text(query)})
    if (encodings.contains(name)) return name;
  const std::string source = options.encodings.native();
  if (!fs::is_regular_file(query))
    throw std::runtime_error("query " + query + ": neither in " + source + " nor a file");
  auto definition = hash_definition_of(options);
  if (!definition) {
    const auto look = look_of(encodings);
    throw UsageError("query " + query + ": it is not in " + source +
                     "; to hash it, give the --method that " + source + " was made with" +
                     (look ? ", by its looks " + method_text(*look) : std::string()));
  }
  if (!encodings.empty()) definition->size = encodings.begin()->second.size;
  const std::string name = fs::absolute(query).lexically_normal().native();
  auto measurer = make_measurer(options.sandbox);
  encodings.merge(encode_pictures(measurer, {{name, query}}, *definition));
  return name;
}

/// The same among vectors.
std::string name_of_query(const std::string& query, const SearchOptions& options,
                          Vectors& vectors) {
  for (const std::string& name : {query, bytes_of_json_text(query)})
    if (vectors.contains(name)) return name;
  const std::string source = options.encodings.native();
  if (!fs::is_regular_file(query))
    throw std::runtime_error("query " + query + ": neither in " + source + " nor a file");
  if (options.method != Method::cnn)
    throw UsageError("query " + query + ": it is not in " + source +
                     "; to measure it, give --method cnn and the --model that " + source +
                     " was made with");
  const std::string name = fs::absolute(query).lexically_normal().native();
  auto measurer = make_measurer(options.model, options.sandbox);
  vectors.merge(embed_pictures(measurer, {{name, query}}));
  return name;
}

FoundMap search_saved(const SearchOptions& options, std::string query) {
  const json map = read_json_file(options.encodings);
  const std::string source = options.encodings.native();
  if (holds_vectors(map)) {
    if (options.max_distance_bits || hash_kind_of(options.method.value_or(Method::cnn)))
      throw UsageError("--encodings " + source +
                       ": it holds vectors, which take --method cnn and "
                       "--min-similarity");
    auto vectors = vectors_from_json(map, source);
    if (!query.empty()) query = name_of_query(query, options, vectors);
    return search_vectors(vectors, options, query);
  }
  if (options.min_similarity || options.method == Method::cnn)
    throw UsageError("--encodings " + source + ": it holds hashes, which take --max-distance");
  auto encodings = encodings_from_json(map, source, options.hash_size);
  // The file is a bare map, as imagededup has it: what made it is nowhere written.
  const auto look = look_of(encodings);
  if (const auto definition = hash_definition_of(options);
      definition && look && contradicts(*look, *definition))
    say(source + ": warning: by their looks these hashes were made with --method " +
        method_text(*look) + ", not with the --method given; what is found may mean nothing");
  if (!query.empty()) query = name_of_query(query, options, encodings);
  const auto size = encodings.empty() ? matching::HashSize::eight : encodings.begin()->second.size;
  return search_encodings(encodings, max_distance_of(options, size), query);
}

FoundMap search(const SearchOptions& options, const std::string& query, Series series) {
  check(options);
  return options.encodings.empty() ? search_pictures(options, query, series)
                                   : search_saved(options, query);
}

void report_tally(const FoundMap& found) {
  const Tally counts = tally(found);
  say(counted(found.size(), "picture", "pictures") + ": " + std::to_string(counts.unique) +
      " unique, " + counted(counts.originals, "original", "originals") + ", " +
      counted(counts.duplicates, "duplicate", "duplicates"));
}

void report_hits(const FoundMap& found) {
  const auto& [name, hits] = *found.begin();
  say(counted(hits.size(), "duplicate", "duplicates") + " of " + name);
}

json to_json(const PairMetrics& metrics) {
  return {{"precision", metrics.precision},
          {"recall", metrics.recall},
          {"f1-score", metrics.f1_score},
          {"support", metrics.support}};
}

}  // namespace

void find(const FindOptions& options) {
  check_writable(options.search.output);
  FoundMap found = search(options.search, options.query, Series::reported);
  if (options.query.empty())
    report_tally(found);
  else
    report_hits(found);
  order_hits(found, options.neighbours);
  write_json(to_json(found, options.scores), options.search.output);
}

void to_remove(const SearchOptions& options) {
  check_writable(options.output);
  const FoundMap found = search(options, {}, Series::left_out);
  report_tally(found);
  json list = json::array();
  for (const auto& name : files_to_remove(found)) list.push_back(json_text(name));
  write_json(list, options.output);
}

namespace {

void encode_vectors(const EncodeOptions& options) {
  auto measurer = make_measurer(options.model, options.sandbox);
  if (fs::is_directory(options.path)) {
    const auto files = list_and_report({options.path}, options.descent);
    write_json(batch::to_json(embed_pictures(measurer, files)), options.output);
    return;
  }
  const auto vectors = embed_pictures(measurer, {{options.path, options.path}});
  if (vectors.empty()) throw std::runtime_error("encode " + options.path + ": no image");
  write_json(batch::to_json(vectors.begin()->second), options.output);
}

}  // namespace

void encode(const EncodeOptions& options) {
  check_writable(options.output);
  if (options.method == Method::cnn) return encode_vectors(options);
  const auto kind = hash_kind_of(options.method);
  if (!kind) throw std::logic_error("encode with a method that has no hash");
  const matching::HashDefinition definition{options.library, *kind, options.hash_size};
  auto measurer = make_measurer(options.sandbox);
  if (fs::is_directory(options.path)) {
    const auto files = list_and_report({options.path}, options.descent);
    write_json(to_json(encode_pictures(measurer, files, definition)), options.output);
    return;
  }
  const auto encodings = encode_pictures(measurer, {{options.path, options.path}}, definition);
  if (encodings.empty()) throw std::runtime_error("encode " + options.path + ": no image");
  write_line(matching::to_hex(encodings.begin()->second), options.output);
}

void evaluate(const EvaluateOptions& options) {
  const auto truth = name_map_from_json(read_json_file(options.truth), options.truth.native());
  const auto found = name_map_from_json(read_json_file(options.found), options.found.native());
  try {
    check_maps(truth, found);
  } catch (const std::runtime_error& error) {
    throw std::runtime_error("evaluate " + options.found.string() + " by " +
                             options.truth.string() + ": " + error.what());
  }
  const auto wanted = [&options](Metric metric) {
    return options.metric == Metric::all || options.metric == metric;
  };
  json result = json::object();
  const RankingMetrics ranking = ranking_metrics(truth, found);
  if (wanted(Metric::map)) result["map"] = ranking.map;
  if (wanted(Metric::ndcg)) result["ndcg"] = ranking.ndcg;
  if (wanted(Metric::jaccard)) result["jaccard"] = ranking.jaccard;
  if (wanted(Metric::classification)) result.update(to_json(pair_metrics(truth, found)));
  write_json(result, {});
}

}  // namespace imgdedup::batch
