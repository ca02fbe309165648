// SPDX-License-Identifier: Apache-2.0
#include "batch/evaluation.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>
#include <stdexcept>

using namespace imgdedup::batch;

namespace {

/// imagededup's definitions, term by term over all pairs; slow and independent of the program's.
struct Reference {
  const NameMap& truth;
  const NameMap& found;

  [[nodiscard]] double mean(double (*metric)(const std::vector<std::string>&,
                                             const std::vector<std::string>&)) const {
    double sum = 0;
    for (const auto& [name, right] : truth) {
      const auto& hits = found.at(name);
      if (right.empty() && hits.empty())
        sum += 1;
      else if (!right.empty() && !hits.empty())
        sum += metric(right, hits);
    }
    return sum / static_cast<double>(truth.size());
  }
  static std::vector<int> relevance(const std::vector<std::string>& right,
                                    const std::vector<std::string>& hits) {
    std::vector<int> relevant;
    for (const auto& hit : hits)
      relevant.push_back(static_cast<int>(std::count(right.begin(), right.end(), hit)));
    return relevant;
  }
  static double average_precision(const std::vector<std::string>& right,
                                  const std::vector<std::string>& hits) {
    const auto relevant = relevance(right, hits);
    double sum = 0;
    for (std::size_t k = 0; k < relevant.size(); ++k) {
      double upto = 0;
      for (std::size_t i = 0; i <= k; ++i) upto += relevant[i];
      sum += relevant[k] * upto / static_cast<double>(k + 1);
    }
    return sum / static_cast<double>(right.size());
  }
  static double gain(const std::vector<int>& relevant) {
    double sum = 0;
    for (std::size_t k = 0; k < relevant.size(); ++k)
      sum += (std::pow(2.0, relevant[k]) - 1) / std::log2(static_cast<double>(k) + 2);
    return sum;
  }
  static double ndcg(const std::vector<std::string>& right, const std::vector<std::string>& hits) {
    auto relevant = relevance(right, hits);
    const double actual = gain(relevant);
    if (actual == 0) return 0;
    std::sort(relevant.rbegin(), relevant.rend());
    return actual / gain(relevant);
  }
};

NameMap random_map(std::mt19937& random, int files, double density) {
  NameMap map;
  std::bernoulli_distribution is_pair(density);
  for (int i = 0; i < files; ++i) map["f" + std::to_string(i)];
  for (int i = 0; i < files; ++i)
    for (int j = i + 1; j < files; ++j)
      if (is_pair(random)) {
        map["f" + std::to_string(i)].push_back("f" + std::to_string(j));
        map["f" + std::to_string(j)].push_back("f" + std::to_string(i));
      }
  for (auto& [name, others] : map) std::shuffle(others.begin(), others.end(), random);
  return map;
}

std::string error_of(const NameMap& truth, const NameMap& found) {
  try {
    check_maps(truth, found);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("the metrics of a hand-worked map are the worked ones") {
  const NameMap truth{{"1", {"2", "3"}}, {"2", {"1"}}, {"3", {"1"}}, {"4", {}}};
  const NameMap found{{"1", {"4", "2"}}, {"2", {"1"}}, {"3", {}}, {"4", {"1"}}};
  const auto ranking = ranking_metrics(truth, found);
  // File 1: its only right hit is second of two, of two right ones. 2: 1. 3 and 4: 0.
  CHECK(ranking.map == doctest::Approx((0.25 + 1) / 4).epsilon(1e-12));
  CHECK(ranking.ndcg == doctest::Approx((1 / std::log2(3.0) + 1) / 4).epsilon(1e-12));
  CHECK(ranking.jaccard == doctest::Approx((1.0 / 3 + 1) / 4).epsilon(1e-12));

  // Pairs: 12 right and found, 13 right, 14 found, 23 24 34 neither.
  const auto pairs = pair_metrics(truth, found);
  CHECK(pairs.support == std::array<std::size_t, 2>{4, 2});
  CHECK(pairs.precision[1] == doctest::Approx(0.5));
  CHECK(pairs.recall[1] == doctest::Approx(0.5));
  CHECK(pairs.f1_score[1] == doctest::Approx(0.5));
  CHECK(pairs.precision[0] == doctest::Approx(0.75));
  CHECK(pairs.recall[0] == doctest::Approx(0.75));
}

TEST_CASE("a perfect result scores one everywhere, an empty one nothing where there is a truth") {
  const NameMap truth{{"a", {"b"}}, {"b", {"a"}}, {"c", {}}};
  CHECK(ranking_metrics(truth, truth).map == 1);
  CHECK(ranking_metrics(truth, truth).ndcg == 1);
  CHECK(pair_metrics(truth, truth).f1_score == std::array<double, 2>{1, 1});
  const NameMap nothing{{"a", {}}, {"b", {}}, {"c", {}}};
  CHECK(ranking_metrics(truth, nothing).jaccard == doctest::Approx(1.0 / 3));
  CHECK(pair_metrics(truth, nothing).f1_score[1] == 0);
  CHECK(pair_metrics(truth, nothing).recall[0] == 1);
}

TEST_CASE("on random maps the metrics equal those counted term by term") {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    const int files = 2 + round % 12;
    const NameMap truth = random_map(random, files, 0.3);
    const NameMap found = random_map(random, files, 0.4);
    check_maps(truth, found);
    const Reference reference{truth, found};
    const auto ranking = ranking_metrics(truth, found);
    CHECK(std::abs(ranking.map - reference.mean(Reference::average_precision)) < 1e-9);
    CHECK(std::abs(ranking.ndcg - reference.mean(Reference::ndcg)) < 1e-9);

    std::array<std::array<double, 2>, 2> cells{};  // [truth][found]
    for (auto a = truth.begin(); a != truth.end(); ++a)
      for (auto b = std::next(a); b != truth.end(); ++b) {
        const auto has = [&](const NameMap& map) {
          return std::ranges::count(map.at(a->first), b->first) > 0;
        };
        ++cells[has(truth)][has(found)];
      }
    const auto pairs = pair_metrics(truth, found);
    for (std::size_t i = 0; i < 2; ++i) {
      const double put = cells[0][i] + cells[1][i];
      const double in = cells[i][0] + cells[i][1];
      CHECK(static_cast<double>(pairs.support[i]) == in);
      CHECK(std::abs(pairs.precision[i] - (put > 0 ? cells[i][i] / put : 0)) < 1e-9);
      CHECK(std::abs(pairs.recall[i] - (in > 0 ? cells[i][i] / in : 0)) < 1e-9);
    }
  }
}

TEST_CASE("maps that do not fit are errors that name the file") {
  const NameMap good{{"a", {"b"}}, {"b", {"a"}}};
  CHECK(error_of(good, good).empty());
  CHECK(error_of(good, {{"a", {}}}).find("b is in the truth") == 0);
  CHECK(error_of({{"a", {}}}, {{"a", {}}, {"x", {}}}).find("x was found") == 0);
  CHECK(error_of({{"a", {"b"}}, {"b", {}}}, good).find("not symmetric: b") != std::string::npos);
  CHECK(error_of({{"a", {"z"}}, {"b", {}}}, good).find(" z ") != std::string::npos);
  CHECK(error_of(good, {{"a", {"b", "z"}}, {"b", {}}}).find("z was found") == 0);
  CHECK(error_of(good, {{"a", {"b"}}, {"b", {}}}).empty());
}
