// SPDX-License-Identifier: Apache-2.0
// JPEG through libjpeg-turbo.
#include "hashing/jpeg_decoder.h"

#include <jerror.h>
#include <jpeglib.h>

#include <csetjmp>
#include <cstddef>
#include <cstdio>
#include <string>

#include <opencv2/core.hpp>

namespace imgdedup::hashing {
namespace {

using matching::Refusal;
using matching::RefusalReason;

/// Our codes beside libjpeg's.
constexpr int too_many_scans = -1;
constexpr unsigned rows_at_once = 8;

/// Warnings that say nothing about the picture data.
bool is_harmless(int code) { return code == JWRN_JFIF_MAJOR || code == JWRN_ADOBE_XFORM; }

/// One decompression. libjpeg leaves its functions by longjmp on an error: each step below calls
/// it with nothing on the stack that would need a destructor, and returns false then.
class Decompression {
 public:
  Decompression(Bytes file, std::uint32_t max_scans) : file_(file), max_scans_(max_scans) {
    state_.err = jpeg_std_error(&errors_);
    state_.client_data = this;
    errors_.error_exit = on_error;
    errors_.emit_message = on_message;
    errors_.output_message = [](j_common_ptr) {};
    progress_.progress_monitor = on_progress;
  }
  ~Decompression() {
    if (created_) jpeg_destroy_decompress(&state_);
  }
  Decompression(const Decompression&) = delete;
  Decompression& operator=(const Decompression&) = delete;

  bool start(JpegColour colour, JpegScale scale) {
    if (setjmp(jump_) != 0) return false;
    jpeg_create_decompress(&state_);
    created_ = true;
    state_.progress = &progress_;
    jpeg_mem_src(&state_, file_.data(), static_cast<unsigned long>(file_.size()));
    jpeg_read_header(&state_, TRUE);
    state_.scale_num = 1;
    state_.scale_denom = static_cast<unsigned>(scale.denominator);
    const bool has_inks =
        state_.jpeg_color_space == JCS_CMYK || state_.jpeg_color_space == JCS_YCCK;
    state_.out_color_space = has_inks                     ? JCS_CMYK
                             : colour == JpegColour::grey ? JCS_GRAYSCALE
                                                          : JCS_EXT_BGR;
    jpeg_start_decompress(&state_);
    return true;
  }

  [[nodiscard]] bool has_rows() const { return state_.output_scanline < state_.output_height; }

  /// Up to `capacity` rows behind one another; how many, 0 on an error.
  unsigned read_rows(std::uint8_t* out, std::size_t row_bytes, unsigned capacity) {
    if (setjmp(jump_) != 0) return 0;
    JSAMPROW rows[rows_at_once];
    for (unsigned i = 0; i < capacity; ++i) rows[i] = out + i * row_bytes;
    return jpeg_read_scanlines(&state_, rows, capacity);
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
    std::string message = std::string("JPEG: ") + message_;
    switch (failure_) {
      case JWRN_JPEG_EOF:
      case JERR_INPUT_EOF:
      case JERR_INPUT_EMPTY:
        return incomplete(std::move(message));
      case JERR_OUT_OF_MEMORY:
      case JERR_NO_BACKING_STORE:
        return {RefusalReason::out_of_memory, std::move(message)};
      case too_many_scans:
        return over_limit("JPEG with more scans than its markers announce");
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
  static void on_message(j_common_ptr state, int level) {
    if (level < 0 && !is_harmless(of(state).errors_.msg_code)) on_error(state);
  }
  static void on_progress(j_common_ptr state) {
    Decompression& self = of(state);
    if (self.state_.input_scan_number <= static_cast<int>(self.max_scans_)) return;
    self.failure_ = too_many_scans;
    std::longjmp(self.jump_, 1);
  }

  Bytes file_;
  std::uint32_t max_scans_;
  jpeg_decompress_struct state_{};
  jpeg_error_mgr errors_{};
  jpeg_progress_mgr progress_{};
  std::jmp_buf jump_{};
  bool created_ = false;
  int failure_ = 0;
  char message_[JMSG_LENGTH_MAX] = "";
};

/// `inks`: CV_8UC4, cyan, magenta, yellow, black as Adobe stores them: 255 is no ink.
cv::Mat bgr_of_inks(const cv::Mat& inks) {
  cv::Mat bgr(inks.size(), CV_8UC3);
  for (int y = 0; y < inks.rows; ++y) {
    const auto* in = inks.ptr<std::uint8_t>(y);
    auto* out = bgr.ptr<std::uint8_t>(y);
    for (int x = 0; x < inks.cols; ++x, in += 4, out += 3)
      for (int channel = 0; channel < 3; ++channel)
        out[channel] = static_cast<std::uint8_t>((in[2 - channel] * in[3] + 127) / 255);
  }
  return bgr;
}

}  // namespace

std::optional<matching::Refusal> give_jpeg(Bytes file, JpegColour colour, JpegScale scale,
                                           std::uint32_t max_scans, RowSink& sink) {
  Decompression decompression(file, max_scans);
  if (!decompression.start(colour, scale)) return decompression.refusal();
  const int channels = decompression.channels();
  const bool has_inks = channels == 4;
  cv::Mat rows(static_cast<int>(rows_at_once), decompression.width(), CV_8UC(channels));
  sink.begin({decompression.width(), decompression.height()}, has_inks ? CV_8UC3 : rows.type());
  for (int y = 0; decompression.has_rows();) {
    const unsigned count = decompression.read_rows(rows.data, rows.step, rows_at_once);
    if (count == 0) return decompression.refusal();
    const cv::Mat read = rows.rowRange(0, static_cast<int>(count));
    const cv::Mat samples = has_inks ? bgr_of_inks(read) : read;
    for (int i = 0; i < samples.rows; ++i, ++y)
      sink.add({.y = y, .count = samples.cols, .samples = samples.ptr(i)});
  }
  if (!decompression.finish()) return decompression.refusal();
  return std::nullopt;
}

}  // namespace imgdedup::hashing
