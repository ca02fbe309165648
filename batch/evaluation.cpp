// SPDX-License-Identifier: Apache-2.0
// How well a found map agrees with the truth: imagededup's metrics.
#include "batch/evaluation.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>
#include <utility>

namespace imgdedup::batch {
namespace {

using Names = std::vector<std::string>;
using Pairs = std::set<std::pair<std::string, std::string>>;

double average_precision(const std::set<std::string>& right, std::size_t right_count,
                         const Names& hits) {
  double sum = 0;
  std::size_t relevant = 0;
  for (std::size_t i = 0; i < hits.size(); ++i) {
    if (!right.contains(hits[i])) continue;
    ++relevant;
    sum += static_cast<double>(relevant) / static_cast<double>(i + 1);
  }
  return sum / static_cast<double>(right_count);
}

double discounted_gain(const Names& hits, const std::set<std::string>& right) {
  double gain = 0;
  std::size_t relevant = 0;
  double ideal = 0;
  for (std::size_t i = 0; i < hits.size(); ++i) {
    if (!right.contains(hits[i])) continue;
    gain += 1 / std::log2(static_cast<double>(i + 2));
    ideal += 1 / std::log2(static_cast<double>(relevant + 2));
    ++relevant;
  }
  return relevant == 0 ? 0 : gain / ideal;
}

double jaccard(const std::set<std::string>& right, const Names& hits) {
  const std::set<std::string> retrieved(hits.begin(), hits.end());
  const auto common = std::ranges::count_if(
      retrieved, [&right](const std::string& name) { return right.contains(name); });
  const auto all = right.size() + retrieved.size() - static_cast<std::size_t>(common);
  return static_cast<double>(common) / static_cast<double>(all);
}

Pairs pairs_of(const NameMap& map) {
  Pairs pairs;
  for (const auto& [name, others] : map)
    for (const auto& other : others)
      if (other != name && map.contains(other)) pairs.insert(std::minmax(name, other));
  return pairs;
}

double ratio(std::size_t part, std::size_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

void check_maps(const NameMap& truth, const NameMap& found) {
  for (const auto& [name, others] : truth)
    if (!found.contains(name))
      throw std::runtime_error(name + " is in the truth and was not found");
  for (const auto& [name, others] : found)
    if (!truth.contains(name))
      throw std::runtime_error(name + " was found and is not in the truth");
  for (const auto& [name, others] : found)
    for (const auto& other : others)
      if (!found.contains(other))
        throw std::runtime_error(other + " was found as a duplicate of " + name +
                                 " and is no file of the map");
  for (const auto& [name, others] : truth)
    for (const auto& other : others) {
      const auto back = truth.find(other);
      if (back == truth.end())
        throw std::runtime_error("the truth has " + other + " as a duplicate of " + name +
                                 " and not as a file");
      if (std::ranges::find(back->second, name) == back->second.end())
        throw std::runtime_error("the truth is not symmetric: " + other + " is a duplicate of " +
                                 name + " and not the other way round");
    }
}

RankingMetrics ranking_metrics(const NameMap& truth, const NameMap& found) {
  RankingMetrics metrics;
  for (const auto& [name, right_names] : truth) {
    const Names& hits = found.at(name);
    if (right_names.empty() != hits.empty()) continue;
    if (hits.empty()) {
      metrics.map += 1;
      metrics.ndcg += 1;
      metrics.jaccard += 1;
      continue;
    }
    const std::set<std::string> right(right_names.begin(), right_names.end());
    metrics.map += average_precision(right, right_names.size(), hits);
    metrics.ndcg += discounted_gain(hits, right);
    metrics.jaccard += jaccard(right, hits);
  }
  const double count = truth.empty() ? 1 : static_cast<double>(truth.size());
  metrics.map /= count;
  metrics.ndcg /= count;
  metrics.jaccard /= count;
  return metrics;
}

PairMetrics pair_metrics(const NameMap& truth, const NameMap& found) {
  const Pairs right = pairs_of(truth);
  const Pairs claimed = pairs_of(found);
  const auto hit = static_cast<std::size_t>(
      std::ranges::count_if(claimed, [&right](const auto& pair) { return right.contains(pair); }));
  const std::size_t all = truth.empty() ? 0 : truth.size() * (truth.size() - 1) / 2;

  // By class: pairs rightly put into it, put into it, in it.
  const std::array<std::size_t, 2> correct{all - claimed.size() - right.size() + hit, hit};
  const std::array<std::size_t, 2> put{all - claimed.size(), claimed.size()};
  PairMetrics metrics;
  metrics.support = {all - right.size(), right.size()};
  for (std::size_t i = 0; i < 2; ++i) {
    metrics.precision[i] = ratio(correct[i], put[i]);
    metrics.recall[i] = ratio(correct[i], metrics.support[i]);
    const double sum = metrics.precision[i] + metrics.recall[i];
    metrics.f1_score[i] = sum > 0 ? 2 * metrics.precision[i] * metrics.recall[i] / sum : 0;
  }
  return metrics;
}

}  // namespace imgdedup::batch
