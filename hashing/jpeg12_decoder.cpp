// SPDX-License-Identifier: Apache-2.0
// JPEG of 12 bits a sample, through the libjpeg that GDCM (a part of OpenCV's codecs) is built
// with.
#include <csetjmp>
#include <cstddef>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include <opencv2/core.hpp>

#include "hashing/format_decoders.h"

// Its types have the names of libjpeg-turbo's and other contents.
namespace imgdedup::hashing::twelve_bits {
extern "C" {
#include <gdcm-3.0/gdcmjpeg/12/jerror.h>
#include <gdcm-3.0/gdcmjpeg/12/jpeglib.h>
}
}  // namespace imgdedup::hashing::twelve_bits

namespace imgdedup::hashing {
namespace {

using namespace twelve_bits;
using matching::Refusal;
using matching::RefusalReason;

/// One decompression. libjpeg leaves its functions by longjmp on an error: each step below calls
/// it with nothing on the stack that would need a destructor, and returns false then.
class Decompression {
 public:
  Decompression(Bytes file, std::uint32_t max_scans) : max_scans_(max_scans) {
    state_.err = jpeg_std_error(&errors_);
    state_.client_data = this;
    errors_.error_exit = on_error;
    errors_.emit_message = on_message;
    errors_.output_message = [](j_common_ptr) {};
    progress_.progress_monitor = on_progress;
    source_.next_input_byte = file.data();
    source_.bytes_in_buffer = file.size();
    source_.init_source = [](j_decompress_ptr) {};
    source_.fill_input_buffer = [](j_decompress_ptr state) -> boolean {
      fail(state, JERR_INPUT_EOF);
    };
    source_.skip_input_data = skip;
    source_.resync_to_restart = jpeg_resync_to_restart;
    source_.term_source = [](j_decompress_ptr) {};
  }
  ~Decompression() {
    if (created_) jpeg_destroy_decompress(&state_);
  }
  Decompression(const Decompression&) = delete;
  Decompression& operator=(const Decompression&) = delete;

  bool start() {
    if (setjmp(jump_) != 0) return false;
    jpeg_create_decompress(&state_);
    created_ = true;
    state_.progress = &progress_;
    state_.src = &source_;
    jpeg_read_header(&state_, TRUE);
    state_.out_color_space = state_.jpeg_color_space == JCS_GRAYSCALE ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_start_decompress(&state_);
    return true;
  }

  [[nodiscard]] bool has_rows() const { return state_.output_scanline < state_.output_height; }

  /// row: `width` times `channels` samples, red first.
  bool read_row(std::uint16_t* row) {
    if (setjmp(jump_) != 0) return false;
    // Samples of 12 bits are the same in a signed and an unsigned number of 16.
    auto* samples = reinterpret_cast<JSAMPROW>(row);
    return jpeg_read_scanlines(&state_, &samples, 1) == 1;
  }

  bool finish() {
    if (setjmp(jump_) != 0) return false;
    jpeg_finish_decompress(&state_);
    return true;
  }

  [[nodiscard]] int width() const { return static_cast<int>(state_.output_width); }
  [[nodiscard]] int height() const { return static_cast<int>(state_.output_height); }
  [[nodiscard]] int channels() const { return state_.output_components; }

  [[nodiscard]] Refusal refusal() const {
    std::string message = std::string("JPEG of 12 bits: ") + message_;
    switch (failure_) {
      case JWRN_JPEG_EOF:
      case JERR_INPUT_EOF:
      case JERR_INPUT_EMPTY:
        return incomplete(std::move(message));
      case JERR_OUT_OF_MEMORY:
      case JERR_NO_BACKING_STORE:
        return {RefusalReason::out_of_memory, std::move(message)};
      case JERR_BAD_PRECISION:
      case JERR_SOF_UNSUPPORTED:
      case JERR_CONVERSION_NOTIMPL:
      case JERR_BAD_J_COLORSPACE:
      case JERR_CCIR601_NOTIMPL:
      case JERR_FRACT_SAMPLE_NOTIMPL:
      case JERR_COMPONENT_COUNT:
        return unsupported(std::move(message));
      default:
        return damaged(std::move(message));
    }
  }

 private:
  static Decompression& of(j_common_ptr state) {
    return *static_cast<Decompression*>(state->client_data);
  }
  [[noreturn]] static void on_error(j_common_ptr state) {
    Decompression& self = of(state);
    self.failure_ = self.errors_.msg_code;
    self.errors_.format_message(state, self.message_);
    std::longjmp(self.jump_, 1);
  }
  [[noreturn]] static void fail(j_decompress_ptr state, int code) {
    state->err->msg_code = code;
    on_error(reinterpret_cast<j_common_ptr>(state));
  }
  static void on_message(j_common_ptr state, int level) {
    const int code = of(state).errors_.msg_code;
    if (level < 0 && code != JWRN_JFIF_MAJOR && code != JWRN_ADOBE_XFORM) on_error(state);
  }
  static void on_progress(j_common_ptr state) {
    Decompression& self = of(state);
    if (self.state_.input_scan_number > static_cast<int>(self.max_scans_))
      fail(&self.state_, JERR_BAD_PROGRESSION);
  }
  static void skip(j_decompress_ptr state, long count) {
    if (count <= 0) return;
    if (static_cast<std::size_t>(count) > state->src->bytes_in_buffer) fail(state, JERR_INPUT_EOF);
    state->src->next_input_byte += count;
    state->src->bytes_in_buffer -= static_cast<std::size_t>(count);
  }

  std::uint32_t max_scans_;
  jpeg_decompress_struct state_{};
  jpeg_error_mgr errors_{};
  jpeg_progress_mgr progress_{};
  jpeg_source_mgr source_{};
  std::jmp_buf jump_{};
  bool created_ = false;
  int failure_ = 0;
  char message_[JMSG_LENGTH_MAX] = "";
};

}  // namespace

std::optional<Refusal> give_jpeg12(Bytes file, const ImageHeader& header, RowSink& sink) {
  Decompression decompression(file, header.jpeg_scans);
  if (!decompression.start()) return decompression.refusal();
  const auto channels = static_cast<std::size_t>(decompression.channels());
  const cv::Size size(decompression.width(), decompression.height());
  sink.begin(size, CV_16UC(decompression.channels()));
  std::vector<std::uint16_t> row(static_cast<std::size_t>(size.width) * channels);
  for (int y = 0; decompression.has_rows(); ++y) {
    if (!decompression.read_row(row.data())) return decompression.refusal();
    if (channels == 3)
      for (std::size_t x = 0; x < row.size(); x += 3) std::swap(row[x], row[x + 2]);
    sink.add({.y = y,
              .count = size.width,
              .samples = reinterpret_cast<const std::uint8_t*>(row.data())});
  }
  if (!decompression.finish()) return decompression.refusal();
  return std::nullopt;
}

}  // namespace imgdedup::hashing
