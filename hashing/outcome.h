// SPDX-License-Identifier: Apache-2.0
// A value, or the Refusal that says why there is none.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "matching/refusal.h"

namespace imgdedup::hashing {

template <typename Value>
using Outcome = std::variant<Value, matching::Refusal>;

inline matching::Refusal incomplete(std::string message) {
  return {matching::RefusalReason::incomplete, std::move(message)};
}
inline matching::Refusal damaged(std::string message) {
  return {matching::RefusalReason::damaged, std::move(message)};
}
inline matching::Refusal unsupported(std::string message) {
  return {matching::RefusalReason::unsupported, std::move(message)};
}
inline matching::Refusal over_limit(std::string message) {
  return {matching::RefusalReason::over_limit, std::move(message)};
}

}  // namespace imgdedup::hashing
