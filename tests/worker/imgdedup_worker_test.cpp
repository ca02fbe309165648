// SPDX-License-Identifier: Apache-2.0
// The real imgdedup-worker behind a pool.
#include <doctest/doctest.h>
#include <stdlib.h>

#include <cstdio>

#include "build_formats.h"
#include "hashing/library_hash.h"
#include "hashing/measure.h"
#include "support/drawn_pictures.h"
#include "support/encoded_formats.h"
#include "worker/pool_fixture.h"

using namespace imgdedup;
using namespace imgdedup::worker;
using matching::RefusalReason;
using testing::draw_picture;
using testing::encode_picture;

namespace {

WorkerPoolSettings real_settings(unsigned worker_count) {
  auto settings = testing::fake_settings(worker_count);
  settings.worker_path = WORKER_PATH;
  return settings;
}

/// One answer, asked for with the files of these contents.
Answer ask(const Job& job, const std::vector<std::string>& contents,
           WorkerPoolSettings settings = real_settings(1)) {
  testing::PoolDriver driver(std::move(settings));
  std::vector<posix::UniqueDescriptor> files;
  for (const auto& content : contents) {
    const auto path = driver.directory / std::to_string(files.size());
    testing::write_file(path, content);
    files.push_back(testing::open_for_reading(path));
  }
  std::optional<Answer> answer;
  driver.pool.submit(job, std::move(files), [&](Answer given) { answer = std::move(given); });
  REQUIRE(driver.run_until([&] { return answer.has_value(); }));
  return *answer;
}

hashing::Bytes bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

RefusalReason reason_for(const std::string& content, Job job = {}) {
  return std::get<matching::Refusal>(ask(job, {content})).reason;
}

}  // namespace

TEST_CASE("the worker's fingerprint is that of the hashing library, for every format") {
  const auto picture = draw_picture(1);
  std::vector<std::string> files;
  for (const char* extension : {".jpg", ".png", ".webp", ".tiff", ".bmp", ".ppm", ".jp2"})
    files.push_back(encode_picture(picture, extension));
  files.push_back(testing::encode_icon({testing::bitmap_in_icon(picture)}));
  files.push_back(testing::encode_qoi(picture));
  for (const auto& file :
       {testing::encode_gif({picture}), testing::encode_heif({picture}, testing::HeifCodec::hevc),
        testing::encode_heif({picture}, testing::HeifCodec::av1), testing::encode_jpegxl({picture}),
        testing::encode_jpeg12(picture)})
    if (file) files.push_back(*file);
  for (const std::string& file : files) {
    CAPTURE(file.substr(0, 16));
    const auto answer = ask({}, {file});
    REQUIRE(std::holds_alternative<matching::Measurement>(answer));
    CHECK(std::get<matching::Measurement>(answer) ==
          std::get<matching::Measurement>(hashing::measure_image(bytes_of(file), {})));
  }
}

TEST_CASE("the worker names the formats that it reads beside its version") {
  std::FILE* output = ::popen("'" WORKER_PATH "' --version", "r");
  REQUIRE(output != nullptr);
  std::string text(1000, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), output));
  CHECK(::pclose(output) == 0);
  CHECK(text.starts_with("imgdedup-worker "));
  CHECK(text.find(std::string("\n") + formats_text + "\n") != std::string::npos);
}

TEST_CASE("the worker digests any file, pictures or not") {
  Job job;
  job.kind = JobKind::digest;
  for (const std::string& content : {std::string(), std::string("no picture")}) {
    const auto answer = std::get<DigestAnswer>(ask(job, {content}));
    CHECK(answer.size_bytes == content.size());
    CHECK(answer.content_digest == hashing::digest_of(bytes_of(content)));
  }
}

TEST_CASE("the worker digests pictures, whole or not, and refuses what is none") {
  Job job;
  job.kind = JobKind::picture_digest;
  const auto picture = encode_picture(draw_picture(1), ".jpg");
  for (const std::string& content : {picture, picture.substr(0, picture.size() / 2)})
    CHECK(std::get<DigestAnswer>(ask(job, {content})).content_digest ==
          hashing::digest_of(bytes_of(content)));
  // HEIC, which is a picture that this build cannot decode.
  const std::string heic(
      "\0\0\0\x18"
      "ftypheic\0\0\0\0mif1heic",
      24);
  CHECK(std::holds_alternative<DigestAnswer>(ask(job, {heic})));
  CHECK(reason_for("no picture", job) == RefusalReason::not_an_image);
  CHECK(reason_for("", job) == RefusalReason::incomplete);
}

TEST_CASE("the worker encodes by the definition that it is asked for") {
  const auto file = encode_picture(draw_picture(1), ".png");
  Job job;
  job.kind = JobKind::encode;
  for (const auto library : {matching::HashLibrary::imagededup, matching::HashLibrary::imagehash})
    for (const auto size : {matching::HashSize::eight, matching::HashSize::sixteen}) {
      job.definition = {library, matching::HashKind::dhash, size};
      CHECK(std::get<matching::EncodedHash>(ask(job, {file})) ==
            std::get<matching::EncodedHash>(
                hashing::encode_image(bytes_of(file), {}, job.definition)));
    }
  CHECK(reason_for("no picture", job) == RefusalReason::not_an_image);
}

TEST_CASE("the worker compares two pictures, and says which contents it compared") {
  Job job;
  job.kind = JobKind::compare;
  const auto left = encode_picture(draw_picture(1), ".png");
  const auto right = encode_picture(draw_picture(1), ".bmp");
  const auto comparison = std::get<matching::Comparison>(ask(job, {left, right}));
  CHECK(comparison.same_pixels);
  CHECK(comparison.left_digest == hashing::digest_of(bytes_of(left)));
  CHECK(comparison.right_digest == hashing::digest_of(bytes_of(right)));
  const auto other = encode_picture(draw_picture(2), ".png");
  CHECK(!std::get<matching::Comparison>(ask(job, {left, other})).same_pixels);
}

TEST_CASE("the worker makes thumbnails up to the largest, as shown and never enlarged") {
  Job job;
  job.kind = JobKind::thumbnail;
  const auto thumbnail_of = [&job](const std::string& file, std::uint16_t side_pixels) {
    job.thumbnail_side_pixels = side_pixels;
    return std::get<matching::Thumbnail>(ask(job, {file}));
  };
  const auto picture = draw_picture(1, {1000, 1000});
  const auto largest = thumbnail_of(encode_picture(picture, ".png"), max_thumbnail_side_pixels);
  CHECK(largest.width_pixels == max_thumbnail_side_pixels);
  CHECK(largest.height_pixels == max_thumbnail_side_pixels);
  CHECK(largest.picture_width_pixels == 1000);

  const auto turned =
      testing::with_exif_orientation(encode_picture(draw_picture(1, {400, 300}), ".jpg"), 6);
  const auto upright = thumbnail_of(turned, 100);
  CHECK(upright.width_pixels == 75);
  CHECK(upright.height_pixels == 100);
  CHECK(upright.picture_width_pixels == 300);
  CHECK(upright.picture_height_pixels == 400);

  CHECK(thumbnail_of(encode_picture(draw_picture(1, {4000, 20}), ".png"), 100).height_pixels == 1);
  const auto small = draw_picture(1, {30, 20});
  const auto kept = thumbnail_of(encode_picture(small, ".png"), 100);
  CHECK(kept.width_pixels == 30);
  CHECK(kept.bgr == std::vector<std::uint8_t>(small.datastart, small.dataend));
}

TEST_CASE("the worker refuses with the reason") {
  const auto picture = encode_picture(draw_picture(1), ".jpg");
  CHECK(reason_for("hello") == RefusalReason::not_an_image);
  CHECK(reason_for("") == RefusalReason::incomplete);
  CHECK(reason_for(picture.substr(0, picture.size() / 2)) == RefusalReason::incomplete);
  Job small_file;
  small_file.limits.max_file_bytes = picture.size() - 1;
  CHECK(reason_for(picture, small_file) == RefusalReason::over_limit);
  Job small_picture;
  small_picture.limits.max_pixels = 1000;
  CHECK(reason_for(picture, small_picture) == RefusalReason::over_limit);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("a picture that its library finds no memory for is refused for that") {
  const cv::Mat flat(6000, 6000, CV_8UC3, cv::Scalar(40, 90, 200));
  const auto file = testing::encode_jpegxl({flat});
  if (!file) return;
  auto settings = real_settings(1);
  settings.memory_bytes = std::uint64_t{640} << 20;
  CHECK(std::get<matching::Refusal>(ask({}, {*file}, settings)).reason ==
        RefusalReason::out_of_memory);
}

TEST_CASE("a picture that does not fit into the worker's memory is refused for that") {
  auto settings = real_settings(1);
  settings.memory_bytes = std::uint64_t{640} << 20;
  testing::PoolDriver driver(settings);
  // What comes after the picture's end has no blocks on the disk, and has to be read all the same.
  const auto path = driver.directory / "long.bmp";
  testing::write_file(path, encode_picture(draw_picture(1), ".bmp"));
  std::filesystem::resize_file(path, std::uintmax_t{1} << 30);
  driver.submit_file("long", path);
  driver.submit_file("again", path);
  REQUIRE(driver.run_until_answered(2));
  CHECK(driver.refusal("long").reason == RefusalReason::out_of_memory);
  CHECK(driver.refusal("again").reason == RefusalReason::out_of_memory);
}
#endif

TEST_CASE("the public files of every format are all answered, and none ends a worker") {
  const char* const data = ::getenv("IMGDEDUP_TEST_DATA");
  if (!data) {
    std::puts("skipped: IMGDEDUP_TEST_DATA is not set");
    return;
  }
  testing::PoolDriver driver(real_settings(2));
  std::size_t submitted = 0;
  std::size_t answered = 0;
  std::vector<std::filesystem::directory_entry> entries;
  for (const char* folder : {"hostile", "formats"})
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(std::filesystem::path(data) / folder))
      if (entry.is_regular_file()) entries.push_back(entry);
  for (const auto& entry : entries) {
    std::vector<posix::UniqueDescriptor> files;
    files.push_back(testing::open_for_reading(entry.path()));
    ++submitted;
    driver.pool.submit({}, std::move(files), [&](const Answer& answer) {
      ++answered;
      if (const auto* refusal = std::get_if<matching::Refusal>(&answer)) {
        INFO(refusal->message);
        CHECK(refusal->reason != RefusalReason::crashed);
        CHECK(refusal->reason != RefusalReason::timed_out);
      }
    });
  }
  CHECK(submitted > 0);
  CHECK(driver.run_until([&] { return answered == submitted; }, std::chrono::minutes(2)));
  CHECK(driver.pool.counts().replaced_workers == 0);
}
