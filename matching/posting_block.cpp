// SPDX-License-Identifier: Apache-2.0
// The posting lists of 512 neighbouring keys in one piece of memory.
#include "matching/posting_block.h"

#include <algorithm>
#include <array>
#include <numeric>

namespace imgdedup::matching {
namespace {

constexpr std::size_t late_limit = 128;

// Few sizes, so that what one block gives back another can use.
std::size_t roomy(std::size_t size) {
  std::size_t room = 128;
  while (room < size) room += room / 4;
  return std::min(room, PostingBlock::limit);
}

}  // namespace

bool PostingBlock::insert(std::uint16_t key, std::uint32_t posting) {
  if (size() >= limit) return false;
  late_keys_.push_back(key);
  late_postings_.push_back(posting);
  if (late_keys_.size() == late_limit) sort_late_in();
  return true;
}

void PostingBlock::sort_late_in() {
  if (ends_.empty()) ends_.assign(keys, 0);
  std::array<std::uint16_t, keys> places{};  // by key: where its late ones begin, once sorted
  for (const std::uint16_t key : late_keys_) ++places[key];
  std::exclusive_scan(places.begin(), places.end(), places.begin(), std::uint16_t{0});
  std::vector<std::uint32_t> late(late_postings_.size());
  std::array<std::uint16_t, keys> next = places;
  for (std::size_t i = 0; i < late_keys_.size(); ++i)
    late[next[late_keys_[i]]++] = late_postings_[i];

  // From the back, each list moves up by the number of late ones before it.
  const std::size_t total = sorted_.size() + late.size();
  if (total > sorted_.capacity()) sorted_.reserve(roomy(total));
  sorted_.resize(total);
  std::size_t late_end = late.size();
  for (std::size_t key = keys; key-- > 0 && late_end > 0;) {
    const std::size_t begin = key == 0 ? 0 : ends_[key - 1];
    const std::size_t end = ends_[key];
    const std::size_t late_begin = places[key];
    const auto write = sorted_.begin() + static_cast<std::ptrdiff_t>(end + late_end);
    const auto gap =
        std::copy_backward(late.begin() + static_cast<std::ptrdiff_t>(late_begin),
                           late.begin() + static_cast<std::ptrdiff_t>(late_end), write);
    std::copy_backward(sorted_.begin() + static_cast<std::ptrdiff_t>(begin),
                       sorted_.begin() + static_cast<std::ptrdiff_t>(end), gap);
    ends_[key] = static_cast<std::uint16_t>(end + late_end);
    late_end = late_begin;
  }
  late_keys_.clear();
  late_postings_.clear();
}

void PostingBlock::append_late(std::uint16_t key, std::vector<std::uint32_t>& postings) const {
  for (std::size_t i = 0; i < late_keys_.size(); ++i)
    if (late_keys_[i] == key) postings.push_back(late_postings_[i]);
}

void PostingBlock::keep_only(const std::function<bool(std::uint32_t)>& is_wanted) {
  if (!late_keys_.empty()) sort_late_in();
  if (sorted_.empty()) return;
  std::size_t write = 0;
  std::size_t begin = 0;
  for (std::uint16_t& end : ends_) {
    for (std::size_t i = begin; i < end; ++i)
      if (is_wanted(sorted_[i])) sorted_[write++] = sorted_[i];
    begin = end;
    end = static_cast<std::uint16_t>(write);
  }
  sorted_.resize(write);
  if (write == 0) {
    *this = {};
    return;
  }
  if (roomy(write) < sorted_.capacity()) {
    std::vector<std::uint32_t> smaller;
    smaller.reserve(roomy(write));
    smaller.assign(sorted_.begin(), sorted_.end());
    sorted_ = std::move(smaller);
  }
}

std::size_t PostingBlock::memory_bytes() const {
  return sizeof *this + ends_.capacity() * sizeof(std::uint16_t) +
         sorted_.capacity() * sizeof(std::uint32_t) +
         late_keys_.capacity() * sizeof(std::uint16_t) +
         late_postings_.capacity() * sizeof(std::uint32_t);
}

}  // namespace imgdedup::matching
