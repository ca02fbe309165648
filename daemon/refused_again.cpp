// SPDX-License-Identifier: Apache-2.0
// Has files looked at again that were refused for a reason that may have gone.
#include "daemon/refused_again.h"

namespace imgdedup::daemon {
namespace {

constexpr std::size_t page_size = 200;

}  // namespace

void RefusedAgain::start(const std::vector<matching::RefusalReason>& reasons) {
  const bool is_under_way = !is_done();
  // Those at hand may have files behind us: they come again at the end.
  reasons_.insert(reasons_.end(), reasons.begin(), reasons.end());
  if (!is_under_way) loop_.defer([this] { go_on(); });
}

void RefusedAgain::go_on() {
  const auto page = library_.catalog().files_refused_for(reasons_.front(), after_, page_size);
  if (!page.empty()) {
    library_.try_again(page);
    after_ = page.back().id;
  }
  if (page.size() < page_size) {
    reasons_.pop_front();
    after_ = 0;
  }
  if (!page.empty() || is_done()) on_waiting_();
  if (!is_done()) loop_.defer([this] { go_on(); });
}

}  // namespace imgdedup::daemon
