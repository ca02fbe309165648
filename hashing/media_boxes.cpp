// SPDX-License-Identifier: Apache-2.0
// The outermost boxes of an ISO base media file.
#include "hashing/media_boxes.h"

#include <algorithm>
#include <string>

#include "hashing/byte_reader.h"

namespace imgdedup::hashing {
namespace {

bool is_type(Bytes type) {
  return std::all_of(type.begin(), type.end(), [](std::uint8_t c) { return c >= ' ' && c < 0x7f; });
}

}  // namespace

Outcome<std::vector<MediaBox>> read_media_boxes(Bytes file) {
  constexpr std::size_t most_boxes = 4096;
  ByteReader reader(file, ByteOrder::big_endian);
  std::vector<MediaBox> boxes;
  for (std::size_t position = 0; position < file.size() && boxes.size() < most_boxes;) {
    if (!reader.holds(position, 8)) {
      // The end of a cut box header, or what some program appended.
      if (boxes.empty()) return incomplete("the file ends inside its first box");
      break;
    }
    const Bytes type = file.subspan(position + 4, 4);
    if (!is_type(type)) break;
    std::uint64_t length = reader.u32(position);
    std::uint64_t frame = 8;
    if (length == 1) {
      length = reader.u64(position + 8);
      frame = 16;
    } else if (length == 0) {
      length = file.size() - position;
    }
    const std::string name(type.begin(), type.end());
    if (length < frame) return damaged("box " + name + " is shorter than its own header");
    if (length > file.size() - position) return incomplete("the file ends inside box " + name);
    boxes.push_back({{reinterpret_cast<const char*>(type.data()), type.size()},
                     file.subspan(position + frame, length - frame)});
    position += length;
  }
  return boxes;
}

bool has_box(const std::vector<MediaBox>& boxes, std::string_view type) {
  return std::any_of(boxes.begin(), boxes.end(),
                     [type](const MediaBox& box) { return box.type == type; });
}

}  // namespace imgdedup::hashing
