// SPDX-License-Identifier: Apache-2.0
// The words for file states.
#include "matching/image_record.h"

#include "matching/name_table.h"

namespace imgdedup::matching {
namespace {

constexpr NameTable<FileState, 7> file_states{
    {"pending", "judged", "alias", "incomplete", "unreadable", "unsupported", "not-an-image"}};

}  // namespace

std::string_view name_of(FileState state) { return file_states.name_of(state); }
std::optional<FileState> file_state_from_name(std::string_view name) {
  return file_states.from_name(name);
}

}  // namespace imgdedup::matching
