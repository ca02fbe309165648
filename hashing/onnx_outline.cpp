// SPDX-License-Identifier: Apache-2.0
// What an ONNX file says of its network's ends.
#include "hashing/onnx_outline.h"

#include <algorithm>
#include <set>
#include <string_view>

namespace imgdedup::hashing {
namespace {

constexpr std::uint64_t outside_location = 1;

std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The fields of one protobuf message, in order.
class Message {
 public:
  explicit Message(Bytes bytes) : rest_(bytes) {}

  /// Goes to the next field; false at the end, and where the message is broken.
  bool next() {
    if (rest_.empty() || is_broken_) return false;
    const std::uint64_t tag = take_number();
    number_ = tag >> 3;
    value_ = 0;
    bytes_ = {};
    switch (tag & 7) {
      case 0:
        value_ = take_number();
        break;
      case 1:
        take_bytes(8);
        break;
      case 2:
        bytes_ = take_bytes(take_number());
        break;
      case 5:
        take_bytes(4);
        break;
      default:
        is_broken_ = true;
    }
    if (number_ == 0) is_broken_ = true;
    return !is_broken_;
  }

  [[nodiscard]] std::uint64_t number() const { return number_; }
  /// Of a field that is a whole number; else 0.
  [[nodiscard]] std::uint64_t value() const { return value_; }
  /// Of a field that is text, bytes or a message; else empty.
  [[nodiscard]] Bytes bytes() const { return bytes_; }
  [[nodiscard]] bool is_broken() const { return is_broken_; }

 private:
  std::uint64_t take_number() {
    std::uint64_t number = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) break;
      const std::uint8_t byte = rest_.front();
      rest_ = rest_.subspan(1);
      number |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return number;
    }
    is_broken_ = true;
    return 0;
  }

  Bytes take_bytes(std::uint64_t count) {
    if (count > rest_.size()) {
      is_broken_ = true;
      return {};
    }
    const Bytes bytes = rest_.first(static_cast<std::size_t>(count));
    rest_ = rest_.subspan(static_cast<std::size_t>(count));
    return bytes;
  }

  Bytes rest_;
  Bytes bytes_;
  std::uint64_t number_ = 0, value_ = 0;
  bool is_broken_ = false;
};

/// Calls visit(field) for each field of `bytes`; whether the message and every visit was good.
template <typename Visit>
bool visit_fields(Bytes bytes, Visit visit) {
  Message message(bytes);
  while (message.next())
    if (!visit(message)) return false;
  return !message.is_broken();
}

bool read_shape(Bytes shape, OnnxEnd& end) {
  return visit_fields(shape, [&](const Message& dimension) {
    if (dimension.number() != 1) return true;
    auto& side = end.sides.emplace_back(0);
    return visit_fields(dimension.bytes(), [&](const Message& field) {
      if (field.number() == 1)
        side = std::max(std::int64_t{0}, static_cast<std::int64_t>(field.value()));
      return true;
    });
  });
}

bool read_end(Bytes value_info, OnnxEnd& end) {
  return visit_fields(value_info, [&](const Message& field) {
    if (field.number() == 1) end.name = text_of(field.bytes());
    if (field.number() != 2) return true;
    return visit_fields(field.bytes(), [&](const Message& type) {
      if (type.number() != 1) return true;
      return visit_fields(type.bytes(), [&](const Message& tensor) {
        if (tensor.number() == 1) end.element_type = static_cast<int>(tensor.value());
        return tensor.number() != 2 || read_shape(tensor.bytes(), end);
      });
    });
  });
}

bool read_outside_file(Bytes entry, std::string& file) {
  std::string_view key, value;
  const bool good = visit_fields(entry, [&](const Message& field) {
    if (field.number() == 1) key = text_of(field.bytes());
    if (field.number() == 2) value = text_of(field.bytes());
    return true;
  });
  if (key == "location") file = value;
  return good;
}

bool read_tensor(Bytes tensor, std::string& name, OnnxOutline& outline) {
  bool is_outside = false;
  std::string file = "?";
  const bool good = visit_fields(tensor, [&](const Message& field) {
    if (field.number() == 8) name = text_of(field.bytes());
    if (field.number() == 14) is_outside = field.value() == outside_location;
    return field.number() != 13 || read_outside_file(field.bytes(), file);
  });
  if (is_outside) outline.outside_file = file;
  return good;
}

bool read_node(Bytes node, OnnxOutline& outline) {
  ++outline.node_count;
  return visit_fields(node, [&](const Message& field) {
    if (field.number() != 5) return true;
    return visit_fields(field.bytes(), [&](const Message& attribute) {
      std::string name;
      return attribute.number() != 5 || read_tensor(attribute.bytes(), name, outline);
    });
  });
}

bool read_graph(Bytes graph, OnnxOutline& outline) {
  std::set<std::string> weights;
  const bool good = visit_fields(graph, [&](const Message& field) {
    switch (field.number()) {
      case 1:
        return read_node(field.bytes(), outline);
      case 5: {
        std::string name;
        const bool is_good = read_tensor(field.bytes(), name, outline);
        weights.insert(std::move(name));
        return is_good;
      }
      case 11:
        return read_end(field.bytes(), outline.inputs.emplace_back());
      case 12:
        return read_end(field.bytes(), outline.outputs.emplace_back());
      default:
        return true;
    }
  });
  std::erase_if(outline.inputs, [&](const OnnxEnd& end) { return weights.contains(end.name); });
  return good;
}

}  // namespace

std::optional<OnnxOutline> read_onnx_outline(Bytes model) {
  OnnxOutline outline;
  const bool good = visit_fields(model, [&](const Message& field) {
    return field.number() != 7 || read_graph(field.bytes(), outline);
  });
  if (!good || outline.outputs.empty()) return std::nullopt;
  return outline;
}

}  // namespace imgdedup::hashing
