// SPDX-License-Identifier: Apache-2.0
// A drawing as JPEG, through libjpeg-turbo.
#include "batch/jpeg_encoder.h"

#include <jpeglib.h>

#include <array>
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace imgdedup::batch {
namespace {

constexpr int quality = 90;

/// One compression. libjpeg leaves its functions by longjmp on an error: run() calls it with
/// nothing on the stack that would need a destructor, and returns false then.
class Compression {
 public:
  Compression() {
    state_.err = jpeg_std_error(&errors_);
    state_.client_data = this;
    errors_.error_exit = [](j_common_ptr state) {
      auto& self = *static_cast<Compression*>(state->client_data);
      state->err->format_message(state, self.message_.data());
      std::longjmp(self.jump_, 1);
    };
    errors_.output_message = [](j_common_ptr) {};
  }
  ~Compression() {
    if (created_) jpeg_destroy_compress(&state_);
    std::free(bytes_);
  }
  Compression(const Compression&) = delete;
  Compression& operator=(const Compression&) = delete;

  bool run(const std::uint8_t* pixels, std::size_t row_bytes, JDIMENSION width, JDIMENSION height) {
    if (setjmp(jump_) != 0) return false;
    jpeg_create_compress(&state_);
    created_ = true;
    jpeg_mem_dest(&state_, &bytes_, &size_);
    state_.image_width = width;
    state_.image_height = height;
    state_.input_components = 4;
    state_.in_color_space = JCS_EXT_BGRX;
    jpeg_set_defaults(&state_);
    jpeg_set_quality(&state_, quality, TRUE);
    state_.comp_info[0].h_samp_factor = state_.comp_info[0].v_samp_factor = 1;
    jpeg_start_compress(&state_, TRUE);
    while (state_.next_scanline < height) {
      JSAMPROW row = const_cast<std::uint8_t*>(pixels) + state_.next_scanline * row_bytes;
      jpeg_write_scanlines(&state_, &row, 1);
    }
    jpeg_finish_compress(&state_);
    return true;
  }

  [[nodiscard]] std::vector<std::uint8_t> bytes() const { return {bytes_, bytes_ + size_}; }
  [[nodiscard]] std::string message() const { return message_.data(); }

 private:
  jpeg_compress_struct state_{};
  jpeg_error_mgr errors_{};
  std::jmp_buf jump_{};
  std::array<char, JMSG_LENGTH_MAX> message_{};
  bool created_ = false;
  unsigned char* bytes_ = nullptr;
  unsigned long size_ = 0;
};

}  // namespace

std::vector<std::uint8_t> encode_jpeg(const Canvas& drawing) {
  Compression compression;
  if (!compression.run(drawing.pixels().data(), drawing.row_bytes(),
                       static_cast<JDIMENSION>(drawing.size().width),
                       static_cast<JDIMENSION>(drawing.size().height)))
    throw std::runtime_error("encode a drawing as JPEG: " + compression.message());
  return compression.bytes();
}

}  // namespace imgdedup::batch
