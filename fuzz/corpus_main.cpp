// SPDX-License-Identifier: Apache-2.0
// imgdedup-fuzz-corpus: writes fuzz/corpus anew, from drawn pictures, the examples of
// docs/protocol.md and one of each message.
#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>

#include "protocol/command_table.h"
#include "protocol/json_rpc.h"
#include "store/embedding_blob.h"
#include "store/feature_blob.h"
#include "store/sidecar.h"
#include "support/drawn_pictures.h"
#include "support/encoded_formats.h"
#include "support/tiny_network.h"
#include "worker/job_codec.h"

namespace {

namespace fs = std::filesystem;
using namespace imgdedup;

const fs::path corpus = fs::path(IMGDEDUP_SOURCE_DIR) / "fuzz/corpus";

void put(std::string_view target, std::string_view name, std::string_view bytes) {
  const fs::path path = corpus / target / name;
  fs::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

void put_message(std::string_view name, std::uint8_t choice,
                 const std::vector<std::uint8_t>& message) {
  std::string bytes(1, static_cast<char>(choice));
  bytes.append(message.begin(), message.end());
  put("job_channel", name, bytes);
}

void put_pictures() {
  using namespace testing;
  const cv::Mat picture = draw_picture(1, {24, 16});
  const auto headers = [](std::string_view name, std::string_view bytes) {
    put("image_headers", name, bytes);
  };
  for (const char* extension : {".jpg", ".png", ".webp", ".tiff", ".bmp", ".pgm", ".ppm"})
    headers("plain" + std::string(extension), encode_picture(picture, extension, 50));
  headers("plain.jp2", encode_picture(draw_picture(1, {64, 64}), ".jp2"));
  const std::string jpeg = encode_picture(picture, ".jpg", 50);
  headers("progressive.jpg", encode_progressive_jpeg(picture, 50));
  headers("turned.jpg", with_exif_orientation(jpeg, 6));
  headers("bitmap.ico", encode_icon({bitmap_in_icon(picture)}));
  headers("two.cur",
          encode_icon({png_in_icon(picture), bitmap_in_icon(picture)}, IconKind::cursor));
  headers("animated.webp", encode_webp_animation({picture, picture}, {40, 30}, {4, 2}));
  headers("animated.png", encode_apng({picture, picture}));
  headers("camera.dng", encode_dng(jpeg, 6));
  headers("picture.qoi", encode_qoi(picture));
  headers("picture.ras", encode_sun_raster(picture));
  cv::Mat grey(8, 8, CV_8UC1, cv::Scalar(100));
  headers("picture.pfm", encode_pfm(grey, 1.0F));
  headers("turned.tiff", encode_tiff(picture, 6));
  headers("big.tiff", encode_tiff_kind(picture, TiffKind::big));
  headers("inks.tiff", encode_tiff_kind(picture, TiffKind::inks));
  if (const auto gif = encode_gif({picture, picture}, GifRows::interlaced, {3, 1}))
    headers("animated.gif", *gif);
  if (const auto heif = encode_heif({picture}, HeifCodec::hevc, 6)) headers("turned.heic", *heif);
  if (const auto jxl = encode_jpegxl({picture}, 1)) headers("picture.jxl", *jxl);
  if (const auto twelve = encode_jpeg12(picture)) headers("twelve.jpg", *twelve);
  put("onnx_outline", "grid.onnx", encode_onnx(grid_network(28, 14)));
}

void put_messages() {
  using namespace worker;
  put_message("hello", 0xff, encode_hello({}));
  put_message("hello-network", 0xff,
              encode_hello({.network = matching::EmbeddingModelIdentity{}, .sandbox = {}}));
  for (const auto kind : {JobKind::digest, JobKind::fingerprint, JobKind::compare, JobKind::encode,
                          JobKind::picture_digest, JobKind::thumbnail}) {
    Job job;
    job.id = 1;
    job.kind = kind;
    const auto descriptors = static_cast<std::uint8_t>(descriptor_count_of(kind));
    put_message("job-" + std::to_string(static_cast<int>(kind)),
                static_cast<std::uint8_t>(0xfc + descriptors), encode_job(job));
  }
  matching::Measurement measurement;
  measurement.fingerprint.width_pixels = 24;
  measurement.fingerprint.height_pixels = 16;
  measurement.fingerprint.size_bytes = 1000;
  put_message("measurement", 1, encode_answer(1, measurement));
  measurement.features.emplace();
  measurement.features->local = {24, 16, {{100, 100, 255, 7, {1, 2, 3, 4}}, {}}};
  measurement.embedding = matching::Embedding{{0.5F, -0.5F, 0.25F}};
  // Choices that are 1 modulo 6 ask for a fingerprint: with features, with an embedding, with both.
  put_message("measurement-features", 0x43, encode_answer(1, measurement));
  put_message("measurement-all", 0xc1, encode_answer(1, measurement));
  put_message("digest", 0, encode_answer(1, DigestAnswer{}));
  put_message("comparison", 2, encode_answer(1, matching::Comparison{}));
  put_message("encoded", 3, encode_answer(1, matching::EncodedHash{}));
  put_message("thumbnail", 5,
              encode_answer(1, matching::Thumbnail{2, 1, 20, 10, {1, 2, 3, 4, 5, 6}}));
  put_message("refusal", 1,
              encode_answer(1, matching::Refusal{matching::RefusalReason::damaged, "it ends"}));
}

void put_requests() {
  for (const protocol::Command& command : protocol::all_commands())
    put("requests", command.name,
        protocol::request_line(1, command.name,
                               protocol::Json::parse(protocol::page_of(command).example_params)));
}

void put_records() {
  store::QuarantineEntry entry;
  entry.id = 17;
  entry.original_path = "/srv/photos/a\xff.jpg";
  entry.name = "q17-0123456789abcdef.jpg";
  entry.keeper_path = "/srv/photos/b.jpg";
  put("records", "sidecar", store::sidecar_text(entry));
  put("records", "embedding", "e" + store::to_blob({{0.5F, -1.0F}}));
  matching::PictureFeatures features;
  features.local = {24, 16, {{100, 100, 255, 7, {1, 2, 3, 4}}, {}}};
  const store::FeatureBlobs blobs = store::to_blobs(features);
  put("records", "strongest", "s" + blobs.strongest);
  put("records", "features",
      std::string{'f', static_cast<char>(blobs.strongest.size() >> 8),
                  static_cast<char>(blobs.strongest.size())} +
          blobs.strongest + blobs.others);
}

void put_settings() {
  std::ifstream installed(fs::path(IMGDEDUP_SOURCE_DIR) / "config/imgdedupd.yaml");
  put("settings", "installed", std::string(std::istreambuf_iterator<char>(installed), {}));
  put("settings", "small", "watch: [{path: /a, protect: true, poll_interval: 5s}]\nworkers: 2\n");
  put("settings", "wrong", "watch: [{path: a}, {path: /b/../c}]\nlimits: {pixels: 5x}\nnone: 1\n");
}

}  // namespace

int main() {
  try {
    fs::remove_all(corpus);
    put_pictures();
    put_messages();
    put_requests();
    put_records();
    put_settings();
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
