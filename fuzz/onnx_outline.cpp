// SPDX-License-Identifier: Apache-2.0
// A file that is named as a network.
#include "hashing/onnx_outline.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)imgdedup::hashing::read_onnx_outline({data, size});
  return 0;
}
