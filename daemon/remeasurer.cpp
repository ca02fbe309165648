// SPDX-License-Identifier: Apache-2.0
// Has contents measured again that were measured by other rules, in the background.
#include "daemon/remeasurer.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace imgdedup::daemon {
namespace {

constexpr std::chrono::milliseconds look_interval{100};
constexpr std::size_t page_size = 256;
// So that the workers do not run dry between two looks.
constexpr std::size_t few = 128;

}  // namespace

Remeasurer::Remeasurer(event::Loop& loop, Library& library, const Roots& roots,
                       std::function<void()> on_waiting)
    : library_(library),
      roots_(roots),
      on_waiting_(std::move(on_waiting)),
      timer_(loop, [this] { go_on(); }) {}

void Remeasurer::start(const matching::Measures& wanted) {
  wanted_ = wanted;
  after_ = 0;
  left_ = library_.catalog().count_contents_to_measure(wanted_);
  is_looking_ = left_ > 0;
  if (is_looking_) go_on();
}

void Remeasurer::go_on() {
  forget_finished();
  if (is_looking_ && outstanding_.size() < few) put_page_to_wait();
  if (!is_done()) timer_.start(look_interval);
}

void Remeasurer::forget_finished() {
  std::erase_if(outstanding_, [this](store::FileId id) {
    const auto file = library_.catalog().file(id);
    return !file || file->state != matching::FileState::pending || !roots_.is_online(file->path);
  });
}

void Remeasurer::put_page_to_wait() {
  store::Catalog& catalog = library_.catalog();
  const auto contents = catalog.contents_to_measure(wanted_, after_, page_size);
  std::vector<store::FileId> files;
  for (const store::ContentId content : contents)
    for (const store::CatalogFile& file : catalog.files_with_content(content))
      if (roots_.is_online(file.path)) files.push_back(file.id);
  library_.measure_again(files);
  outstanding_.insert(files.begin(), files.end());
  is_looking_ = contents.size() == page_size;
  left_ = is_looking_ ? left_ - std::min<std::uint64_t>(left_, contents.size()) : 0;
  if (!contents.empty()) after_ = contents.back();
  if (!files.empty()) on_waiting_();
}

}  // namespace imgdedup::daemon
