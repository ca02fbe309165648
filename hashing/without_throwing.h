// SPDX-License-Identifier: Apache-2.0
// What libraries throw when memory runs out, as a Refusal.
#pragma once

#include <exception>
#include <new>

#include <opencv2/core.hpp>

#include "hashing/outcome.h"

namespace imgdedup::hashing {

/// The value or Refusal that `work` gives. std::bad_alloc and OpenCV's word for it become
/// out_of_memory, other exceptions damaged.
template <typename Value, typename Work>
Outcome<Value> without_throwing(Work work) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return matching::Refusal{matching::RefusalReason::out_of_memory,
                             "needs more memory than there is"};
  } catch (const cv::Exception& error) {
    return matching::Refusal{error.code == cv::Error::StsNoMem
                                 ? matching::RefusalReason::out_of_memory
                                 : matching::RefusalReason::damaged,
                             error.err};
  } catch (const std::exception& error) {
    return matching::Refusal{matching::RefusalReason::damaged, error.what()};
  }
}

}  // namespace imgdedup::hashing
