// SPDX-License-Identifier: Apache-2.0
// File names, which are bytes, as one line of text for people.
#pragma once

#include <string>
#include <string_view>

namespace imgdedup::batch {

/// UTF-8 without anything that would act instead of being shown: bytes that are not UTF-8 as \xNN,
/// control characters, line breaks and marks that turn the direction of text as U+FFFD.
std::string readable_name(std::string_view name);

/// What a message says of bytes, file names among them: json_text() with each byte of what acts on
/// a terminal as \xNN, so that it is one line and nothing in it acts.
std::string message_text(std::string_view bytes);

/// "imgdedup: ..." on standard error, by message_text().
void say(std::string_view message);

}  // namespace imgdedup::batch
