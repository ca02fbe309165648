// SPDX-License-Identifier: Apache-2.0
// What an ONNX file says of its network's ends, read before any library sees the file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hashing/measure.h"

namespace imgdedup::hashing {

/// One input or output of the network.
struct OnnxEnd {
  std::string name;
  int element_type = 0;             ///< TensorProto.DataType: 1 float; 0 not said
  std::vector<std::int64_t> sides;  ///< 0: any
};

struct OnnxOutline {
  std::vector<OnnxEnd> inputs;  ///< without those that are weights
  std::vector<OnnxEnd> outputs;
  std::size_t node_count = 0;
  /// A file beside the model in which some of its weights lie; empty: none.
  std::string outside_file;
};

inline constexpr int onnx_float = 1;

/// Nothing if `model` is no whole ONNX file: protobuf of another kind, cut off, or not protobuf.
/// Reads the structure only, in time linear in the number of its parts. Never throws but
/// std::bad_alloc. Any thread. onnx/onnx.proto, messages ModelProto, GraphProto, ValueInfoProto.
std::optional<OnnxOutline> read_onnx_outline(Bytes model);

}  // namespace imgdedup::hashing
