// SPDX-License-Identifier: Apache-2.0
// Vectors of many dimensions -> points in the plane, near ones near each other: t-SNE.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "batch/neighbour_affinities.h"
#include "batch/quadtree.h"

namespace imgdedup::batch {

struct TsneSettings {
  double perplexity = 30;  ///< > 0; lowered to a third of the other vectors
  double angle = 0.5;      ///< of the repulsion's approximation: see Quadtree::repulsion_on()
  int steps = 1000;        ///< >= 0
  std::uint64_t seed = 1;
};

/// One point a vector, around (0, 0), in arbitrary units; the same for the same vectors and
/// settings. One vector lies at (0, 0), two lie apart. on_step is called after each step. Threads
/// of its own, one a core. Memory: about 100 affinities of 12 bytes for each vector.
/// van der Maaten & Hinton, "Visualizing Data using t-SNE", JMLR 9, 2008 (early exaggeration,
/// momentum, gains); van der Maaten, "Accelerating t-SNE using Tree-Based Algorithms", JMLR 15,
/// 2014 (sparse affinities, Barnes-Hut); the learning rate after Belkina et al., "Automated
/// optimized parameters for t-distributed stochastic neighbor embedding improve visualization and
/// analysis of large datasets", Nature Communications 10, 2019.
std::vector<Point> tsne(const VectorSet& vectors, const TsneSettings& settings,
                        const std::function<void()>& on_step);

}  // namespace imgdedup::batch
