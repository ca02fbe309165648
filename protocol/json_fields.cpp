// SPDX-License-Identifier: Apache-2.0
// What the to_json() and from_json() of the reports share.
#include "protocol/json_fields.h"

namespace imgdedup::protocol {

void throw_bad_member(const Json& json, std::string_view key) {
  throw Json::other_error::create(501, std::string(key) + " has a value that is not known", &json);
}

}  // namespace imgdedup::protocol
