// SPDX-License-Identifier: Apache-2.0
// The commands of imgdedup.
#include "batch/commands.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>

#include "batch/encodings.h"
#include "batch/evaluation.h"
#include "batch/json_text.h"
#include "batch/pictures.h"
#include "batch/search.h"

namespace imgdedup::batch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

Encodings encodings_of(const Pictures& pictures, matching::HashKind kind) {
  Encodings encodings;
  for (const auto& record : pictures.records)
    encodings.emplace(record.path, record.fingerprint.hashes.of(kind));
  return encodings;
}

FoundMap search(const SearchOptions& options, const Pictures& pictures, PictureMeasurer& measurer) {
  if (const auto kind = hash_kind_of(options.method))
    return find_by_hash(encodings_of(pictures, *kind), options.max_distance_bits);
  if (options.method == Method::md5) return find_by_content(pictures.records);
  matching::Policy policy;
  policy.radius_bits = options.max_distance_bits;
  return find_by_judgement(pictures.records, policy, comparer(measurer, pictures));
}

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

FoundMap search_pictures(const SearchOptions& options, std::string& query) {
  auto files = list_and_report(options.folders, options.descent);
  if (!query.empty()) query = name_of_query(query, files);
  auto measurer = make_measurer();
  return search(options, measure_pictures(measurer, files), measurer);
}

FoundMap search_encodings(const SearchOptions& options) {
  return find_by_hash(
      encodings_from_json(read_json_file(options.encodings), options.encodings.native()),
      options.max_distance_bits);
}

json to_json(const PairMetrics& metrics) {
  return {{"precision", metrics.precision},
          {"recall", metrics.recall},
          {"f1-score", metrics.f1_score},
          {"support", metrics.support}};
}

}  // namespace

void find(const FindOptions& options) {
  std::string query = options.query;
  FoundMap found = options.search.encodings.empty() ? search_pictures(options.search, query)
                                                    : search_encodings(options.search);
  if (!query.empty()) keep_only(found, query);
  order_hits(found, options.neighbours);
  write_json(to_json(found, options.scores), options.search.output);
}

void to_remove(const SearchOptions& options) {
  std::string no_query;
  const FoundMap found =
      options.encodings.empty() ? search_pictures(options, no_query) : search_encodings(options);
  json list = json::array();
  for (const auto& name : files_to_remove(found)) list.push_back(json_text(name));
  write_json(list, options.output);
}

void encode(const EncodeOptions& options) {
  const auto kind = hash_kind_of(options.method);
  if (!kind) throw std::logic_error("encode with a method that has no hash");
  auto measurer = make_measurer();
  if (fs::is_directory(options.path)) {
    const auto files = list_and_report({options.path}, options.descent);
    write_json(to_json(encodings_of(measure_pictures(measurer, files), *kind)), options.output);
    return;
  }
  const auto pictures = measure_pictures(measurer, {{options.path, options.path}});
  if (pictures.records.empty()) throw std::runtime_error("encode " + options.path + ": no image");
  write_line(matching::to_hex(pictures.records[0].fingerprint.hashes.of(*kind)), options.output);
}

void evaluate(const EvaluateOptions& options) {
  const auto truth = name_map_from_json(read_json_file(options.truth), options.truth.native());
  const auto found = name_map_from_json(read_json_file(options.found), options.found.native());
  check_maps(truth, found);
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
