// SPDX-License-Identifier: Apache-2.0
// A number that is equal for two pictures of equal samples, from rows in any order.
#include "hashing/sample_digest.h"

#include <sys/random.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include <opencv2/core.hpp>

namespace imgdedup::hashing {
namespace {

/// The finaliser of SplitMix64. S. Vigna, 2015, after D. Stafford.
std::uint64_t mixed(std::uint64_t word) {
  word = (word ^ word >> 30) * 0xbf58'476d'1ce4'e5b9;
  word = (word ^ word >> 27) * 0x94d0'49bb'1331'11eb;
  return word ^ word >> 31;
}

std::uint64_t wide(std::uint8_t sample) { return sample * 257U; }
std::uint64_t wide(std::uint16_t sample) { return sample; }

/// Blue, green, red and alpha of 16 bits each.
template <typename Sample, int channels>
std::uint64_t pixel_at(const Sample* samples) {
  const std::uint64_t alpha = channels == 4 ? wide(samples[3]) : 0xffffU;
  if constexpr (channels == 1)
    return wide(samples[0]) * 0x1'0001'0001 | alpha << 48;
  else
    return wide(samples[0]) | wide(samples[1]) << 16 | wide(samples[2]) << 32 | alpha << 48;
}

template <typename Sample, int channels>
std::uint64_t sum_of(const RowPart& part, const SampleKey& key, std::int64_t place,
                     std::int64_t step) {
  const auto* sample = reinterpret_cast<const Sample*>(part.samples);
  std::uint64_t sum = 0;
  for (int i = 0; i < part.count; ++i, sample += channels, place += step) {
    const std::uint64_t where = mixed(static_cast<std::uint64_t>(place) + key.position);
    sum += mixed((pixel_at<Sample, channels>(sample) + key.sample) ^ where);
  }
  return sum;
}

template <typename Sample>
std::uint64_t sum_of(int channels, const RowPart& part, const SampleKey& key, std::int64_t place,
                     std::int64_t step) {
  if (channels == 1) return sum_of<Sample, 1>(part, key, place, step);
  if (channels == 3) return sum_of<Sample, 3>(part, key, place, step);
  return sum_of<Sample, 4>(part, key, place, step);
}

}  // namespace

SampleKey SampleKey::random() {
  SampleKey key;
  // Not more than 256 bytes at once: all of them, or an error.
  if (::getrandom(&key, sizeof key, 0) != static_cast<ssize_t>(sizeof key))
    throw std::system_error(errno, std::generic_category(), "ask for random numbers");
  return key;
}

void SampleDigest::begin(cv::Size size, int type) {
  size_ = size;
  type_ = type;
}

cv::Size SampleDigest::shown_size() const {
  return swaps_sides(orientation_) ? cv::Size(size_.height, size_.width) : size_;
}

/// Linear in x, which add() makes use of.
std::int64_t SampleDigest::place_of(int x, int y) const {
  const cv::Size shown = shown_size();
  if (swaps_sides(orientation_)) std::swap(x, y);
  if (orientation_ == Orientation::mirrored || orientation_ == Orientation::turned_right ||
      orientation_ == Orientation::turned_half || orientation_ == Orientation::transversed)
    x = shown.width - 1 - x;
  if (orientation_ == Orientation::flipped || orientation_ == Orientation::turned_left ||
      orientation_ == Orientation::turned_half || orientation_ == Orientation::transversed)
    y = shown.height - 1 - y;
  return std::int64_t{y} * shown.width + x;
}

void SampleDigest::add(const RowPart& part) {
  const std::int64_t first = place_of(part.first_x, part.y);
  const std::int64_t step = place_of(part.first_x + part.step_x, part.y) - first;
  sum_ += CV_MAT_DEPTH(type_) == CV_8U
              ? sum_of<std::uint8_t>(CV_MAT_CN(type_), part, key_, first, step)
              : sum_of<std::uint16_t>(CV_MAT_CN(type_), part, key_, first, step);
}

}  // namespace imgdedup::hashing
