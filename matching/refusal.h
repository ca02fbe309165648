// SPDX-License-Identifier: Apache-2.0
// Why a file has no fingerprint: an outcome the domain expects, kept and listed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace imgdedup::matching {

enum class RefusalReason : std::uint8_t {
  not_an_image,   ///< no signature of any image format
  unsupported,    ///< an image, of a format or kind that this build does not read
  incomplete,     ///< begins as an image and ends too early
  damaged,        ///< the decoder found errors in it
  over_limit,     ///< more bytes or pixels than the limits allow
  unreadable,     ///< the operating system would not let us read it
  timed_out,      ///< took longer than limits.worker_time, twice
  crashed,        ///< ended the worker process, twice
  out_of_memory,  ///< needed more than limits.worker_memory
};

/// "not-an-image", "unsupported", ... as written in the catalog and in JSON.
std::string_view name_of(RefusalReason reason);
std::optional<RefusalReason> refusal_reason_from_name(std::string_view name);

struct Refusal {
  RefusalReason reason = RefusalReason::damaged;
  /// One line for people: what was found, e.g. "JPEG data ends after 1200 of 3000 rows".
  std::string message;

  bool operator==(const Refusal&) const = default;
};

}  // namespace imgdedup::matching
