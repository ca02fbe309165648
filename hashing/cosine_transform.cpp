// SPDX-License-Identifier: Apache-2.0
// The discrete cosine transform, rounded as SciPy rounds it.
#include "hashing/cosine_transform.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cmath>
#include <complex>
#include <numbers>
#include <utility>

namespace imgdedup::hashing {
namespace {

using Complex = std::complex<double>;

constexpr std::size_t most_samples = 1024;

/// exp(2 pi i x / n), with the angle brought into an eighth of the circle first.
Complex exact_root(std::size_t x, std::size_t n) {
  const auto angle = [n](std::size_t eighths) {
    return 0.25 * std::numbers::pi * static_cast<double>(eighths) / static_cast<double>(n);
  };
  x *= 8;
  if (x < n) return {std::cos(angle(x)), std::sin(angle(x))};
  if (x < 2 * n) return {std::sin(angle(2 * n - x)), std::cos(angle(2 * n - x))};
  if (x < 3 * n) return {-std::sin(angle(x - 2 * n)), std::cos(angle(x - 2 * n))};
  assert(x <= 4 * n);
  return {-std::cos(angle(4 * n - x)), std::sin(angle(4 * n - x))};
}

/// The same as a product of a coarse and a fine root: what SciPy's tables hold, last digits and
/// all.
class Roots {
 public:
  explicit Roots(std::size_t n) {
    const std::size_t needed = (n + 2) / 2;
    while ((std::size_t{1} << shift_) * (std::size_t{1} << shift_) < needed) ++shift_;
    const std::size_t step = std::size_t{1} << shift_;
    for (std::size_t i = 0; i < step && i <= n / 2; ++i) fine_.push_back(exact_root(i, n));
    for (std::size_t i = 0; i < (needed + step - 1) / step; ++i)
      coarse_.push_back(exact_root(i * step, n));
  }

  /// index: up to half of n.
  [[nodiscard]] Complex operator[](std::size_t index) const {
    const Complex fine = fine_[index & ((std::size_t{1} << shift_) - 1)];
    const Complex coarse = coarse_[index >> shift_];
    return {fine.real() * coarse.real() - fine.imag() * coarse.imag(),
            fine.real() * coarse.imag() + fine.imag() * coarse.real()};
  }

 private:
  std::size_t shift_ = 1;
  std::vector<Complex> fine_, coarse_;
};

/// The factors, first the smaller where there is one.
std::vector<std::size_t> radices_of(std::size_t size) {
  std::vector<std::size_t> radices;
  if (std::countr_zero(size) % 2 == 1) radices.push_back(2);
  for (int i = 0; i < std::countr_zero(size) / 2; ++i) radices.push_back(4);
  return radices;
}

/// A stage's samples: `groups` groups of `radix` branches with `length` samples each, the real and
/// imaginary parts of a half spectrum alternating.
struct Shape {
  std::size_t length, groups, radix;

  [[nodiscard]] std::size_t in(std::size_t i, std::size_t branch, std::size_t group) const {
    return i + length * (branch + radix * group);
  }
  [[nodiscard]] std::size_t out(std::size_t i, std::size_t group, std::size_t branch) const {
    return i + length * (group + groups * branch);
  }
  /// Where the root of a branch (1 to radix - 1) for the pair of samples that ends at i lies.
  [[nodiscard]] std::size_t root(std::size_t branch, std::size_t i) const {
    return (branch - 1) * (length - 1) + i - 2;
  }
};

/// Turns (re, im) back by a root and puts it at samples i - 1 and i of a branch.
void put_turned(const Shape& shape, const double* roots, std::size_t i, std::size_t group,
                std::size_t branch, double re, double im, double* out) {
  const double c = roots[shape.root(branch, i)], s = roots[shape.root(branch, i) + 1];
  out[shape.out(i, group, branch)] = c * im + s * re;
  out[shape.out(i - 1, group, branch)] = c * re - s * im;
}

void join_two(const Shape& shape, const double* roots, const double* in, double* out) {
  const std::size_t last = shape.length - 1;
  for (std::size_t group = 0; group < shape.groups; ++group) {
    const auto a = [&](std::size_t i) { return in[shape.in(i, 0, group)]; };
    const auto b = [&](std::size_t i) { return in[shape.in(i, 1, group)]; };
    out[shape.out(0, group, 0)] = a(0) + b(last);
    out[shape.out(0, group, 1)] = a(0) - b(last);
    if (shape.length % 2 == 0) {
      out[shape.out(last, group, 0)] = 2 * a(last);
      out[shape.out(last, group, 1)] = -2 * b(0);
    }
    for (std::size_t i = 2; i < shape.length; i += 2) {
      const std::size_t j = shape.length - i;
      out[shape.out(i - 1, group, 0)] = a(i - 1) + b(j - 1);
      out[shape.out(i, group, 0)] = a(i) - b(j);
      put_turned(shape, roots, i, group, 1, a(i - 1) - b(j - 1), a(i) + b(j), out);
    }
  }
}

void join_four(const Shape& shape, const double* roots, const double* in, double* out) {
  const std::size_t last = shape.length - 1;
  for (std::size_t group = 0; group < shape.groups; ++group) {
    const auto at = [&](std::size_t branch, std::size_t i) {
      return in[shape.in(i, branch, group)];
    };
    const auto put = [&](std::size_t branch, std::size_t i, double value) {
      out[shape.out(i, group, branch)] = value;
    };
    {
      const double sum = at(0, 0) + at(3, last), difference = at(0, 0) - at(3, last);
      const double twice_1 = 2 * at(1, last), twice_2 = 2 * at(2, 0);
      put(0, 0, sum + twice_1);
      put(2, 0, sum - twice_1);
      put(3, 0, difference + twice_2);
      put(1, 0, difference - twice_2);
    }
    if (shape.length % 2 == 0) {
      const double sum = at(3, 0) + at(1, 0), difference = at(3, 0) - at(1, 0);
      const double real_sum = at(0, last) + at(2, last);
      const double real_difference = at(0, last) - at(2, last);
      put(0, last, real_sum + real_sum);
      put(1, last, std::numbers::sqrt2 * (real_difference - sum));
      put(2, last, difference + difference);
      put(3, last, -std::numbers::sqrt2 * (real_difference + sum));
    }
    for (std::size_t i = 2; i < shape.length; i += 2) {
      const std::size_t j = shape.length - i;
      const double re_sum_03 = at(0, i - 1) + at(3, j - 1), re_03 = at(0, i - 1) - at(3, j - 1);
      const double im_sum_03 = at(0, i) + at(3, j), im_03 = at(0, i) - at(3, j);
      const double re_sum_21 = at(2, i - 1) + at(1, j - 1), re_21 = at(2, i - 1) - at(1, j - 1);
      const double im_sum_21 = at(2, i) + at(1, j), im_21 = at(2, i) - at(1, j);
      put(0, i - 1, re_sum_03 + re_sum_21);
      put(0, i, im_03 + im_21);
      put_turned(shape, roots, i, group, 1, re_03 - im_sum_21, im_sum_03 + re_21, out);
      put_turned(shape, roots, i, group, 2, re_sum_03 - re_sum_21, im_03 - im_21, out);
      put_turned(shape, roots, i, group, 3, re_03 + im_sum_21, im_sum_03 - re_21, out);
    }
  }
}

}  // namespace

CosineTransform::CosineTransform(std::size_t size) : size_(size) {
  assert(std::has_single_bit(size) && size >= 4 && size <= most_samples);
  const Roots quarter(4 * size);
  for (std::size_t i = 1; i <= size; ++i) twiddles_.push_back(quarter[i].real());

  const Roots roots(size);
  std::size_t groups = 1;
  for (const std::size_t radix : radices_of(size)) {
    const std::size_t length = size / (groups * radix);
    Stage stage{radix, std::vector<double>((radix - 1) * (length - 1))};
    for (std::size_t branch = 1; branch < radix; ++branch)
      for (std::size_t i = 1; i <= (length - 1) / 2; ++i) {
        // Beyond half of the circle: the mirrored root.
        const std::size_t index = branch * groups * i;
        const Complex root = 2 * index <= size ? roots[index] : std::conj(roots[size - index]);
        stage.twiddles[(branch - 1) * (length - 1) + 2 * i - 2] = root.real();
        stage.twiddles[(branch - 1) * (length - 1) + 2 * i - 1] = root.imag();
      }
    stages_.push_back(std::move(stage));
    groups *= radix;
  }
}

void CosineTransform::apply(std::span<double> values) const {
  assert(values.size() == size_);
  values[0] *= 2;
  values[size_ - 1] *= 2;
  for (std::size_t k = 1; k + 1 < size_; k += 2) {
    const double left = values[k], right = values[k + 1];
    values[k] = right + left;
    values[k + 1] = right - left;
  }

  std::array<double, most_samples> other{};
  double *in = values.data(), *out = other.data();
  std::size_t groups = 1;
  for (const Stage& stage : stages_) {
    const Shape shape{size_ / (groups * stage.radix), groups, stage.radix};
    (stage.radix == 4 ? join_four : join_two)(shape, stage.twiddles.data(), in, out);
    std::swap(in, out);
    groups *= stage.radix;
  }
  if (in != values.data()) std::copy_n(in, size_, values.data());

  for (std::size_t k = 1, mirror = size_ - 1; k < size_ / 2; ++k, --mirror) {
    const double low = twiddles_[k - 1], high = twiddles_[mirror - 1];
    const double first = low * values[mirror] + high * values[k];
    const double second = low * values[k] - high * values[mirror];
    values[k] = 0.5 * (first + second);
    values[mirror] = 0.5 * (first - second);
  }
  values[size_ / 2] *= twiddles_[size_ / 2 - 1];
}

}  // namespace imgdedup::hashing
