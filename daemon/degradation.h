// SPDX-License-Identifier: Apache-2.0
// What degrades the service, in words: what is wrong, what follows, what to do.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace imgdedup::daemon {

/// A kind of trouble, and what is said of each of its kind.
struct Degradation {
  std::string_view word;    ///< "offline"
  std::string_view advice;  ///< what follows, and what to do; sentences
};

/// Every word that a line of `degraded` may begin with.
std::span<const Degradation> all_degradations();

/// Whether `word`, or a line that begins with it, is of that kind: "quarantine of /srv/photos" is
/// of the kind "quarantine".
bool is_of_kind(std::string_view word, const Degradation& kind);

/// "WORD: WHY. ADVICE" on one line. `why` says what is wrong; its own advice, if it has any, stays.
/// `word` is of one of all_degradations().
std::string degradation_line(std::string_view word, std::string_view why);

}  // namespace imgdedup::daemon
