// SPDX-License-Identifier: Apache-2.0
#include "matching/companion.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

using namespace imgdedup::matching;

namespace {

ImageRecord file(std::string path, double modified_at_seconds = 1000, std::uint32_t width = 640) {
  ImageRecord record;
  record.path = std::move(path);
  record.stamp.mtime_ns = static_cast<std::int64_t>(modified_at_seconds * 1e9);
  record.fingerprint.width_pixels = width;
  record.fingerprint.height_pixels = 480;
  return record;
}

/// "burst", "none"; the same both ways round.
std::string_view kind(const ImageRecord& a, const ImageRecord& b,
                      Relation relation = Relation::near) {
  const auto found = companion_kind(a, b, relation);
  CHECK(companion_kind(b, a, relation) == found);
  return found ? name_of(*found) : "none";
}

}  // namespace

TEST_CASE("a RAW and the picture of the same name are one shot, wherever they lie") {
  CHECK(kind(file("/p/IMG_1.CR2"), file("/p/IMG_1.JPG")) == "raw+jpeg");
  CHECK(kind(file("/p/img_1.dng"), file("/p/IMG_1.heic")) == "raw+jpeg");
  CHECK(kind(file("/p/raw/IMG_1.NEF"), file("/p/jpg/IMG_1.jpg")) == "raw+jpeg");
  CHECK(kind(file("/p/IMG_1.ARW", 0), file("/p/IMG_1.jpg", 1e6)) == "raw+jpeg");
  CHECK(kind(file("/p/IMG_1.CR2"), file("/p/IMG_2.JPG")) == "none");
  CHECK(kind(file("/p/IMG_1.CR2"), file("/q/IMG_1.CR2")) == "none");
  CHECK(kind(file("/p/IMG_1.JPG"), file("/q/IMG_1.PNG")) == "none");
}

TEST_CASE("of a RAW only the preview is compared, so equal pixels make it no copy") {
  CHECK(kind(file("/p/IMG_1.CR2"), file("/p/IMG_1.JPG"), Relation::pixels) == "raw+jpeg");
  CHECK(kind(file("/p/IMG_1.CR2"), file("/p/IMG_1.JPG"), Relation::edited) == "raw+jpeg");
}

TEST_CASE("the same bytes are a copy, whatever the names") {
  CHECK(kind(file("/p/IMG_1.CR2"), file("/p/IMG_1.JPG"), Relation::exact) == "none");
  CHECK(kind(file("/p/IMG_0001.JPG"), file("/p/IMG_0002.JPG"), Relation::exact) == "none");
}

TEST_CASE("a camera's thumbnail belongs to the file beside it") {
  CHECK(kind(file("/p/MVI_1.THM"), file("/p/MVI_1.JPG")) == "sidecar");
  CHECK(kind(file("/p/MVI_1.thm"), file("/q/MVI_1.JPG")) == "none");
  CHECK(kind(file("/p/MVI_1.THM"), file("/p/MVI_2.JPG")) == "none");
}

TEST_CASE("shots of one series have one counter, one size and times close together") {
  const ImageRecord shot = file("/p/IMG_0001.JPG", 1000);
  CHECK(kind(shot, file("/p/IMG_0002.JPG", 1000)) == "burst");
  CHECK(kind(shot, file("/p/IMG_0002.JPG", 1002)) == "burst");
  CHECK(kind(shot, file("/p/IMG_0002.JPG", 1002.001)) == "none");
  CHECK(kind(shot, file("/p/IMG_0004.JPG", 1006)) == "burst");
  CHECK(kind(shot, file("/p/IMG_0004.JPG", 1006.001)) == "none");
  CHECK(kind(shot, file("/p/IMG_0101.JPG", 1000)) == "burst");
  CHECK(kind(shot, file("/p/IMG_0102.JPG", 1000)) == "none");
  CHECK(kind(shot, file("/p/IMG_0002.JPG", 1000), Relation::edited) == "burst");
  CHECK(kind(shot, file("/p/IMG_0002.JPG", 1000), Relation::pixels) == "none");
  CHECK(kind(shot, file("/q/IMG_0002.JPG", 1000)) == "none");
  CHECK(kind(shot, file("/p/IMG_0002.PNG", 1000)) == "none");
  CHECK(kind(shot, file("/p/DSC_0002.JPG", 1000)) == "none");
  CHECK(kind(shot, file("/p/IMG_0002.JPG", 1000, 320)) == "none");
  CHECK(kind(shot, shot) == "none");
}

TEST_CASE("a series shot as RAW and JPEG is one series, whatever the size of the previews") {
  const ImageRecord raw = file("/p/IMG_0001.CR2", 1000);
  CHECK(kind(raw, file("/p/IMG_0002.JPG", 1001, 6000)) == "burst");
  CHECK(kind(raw, file("/p/IMG_0002.JPG", 1003, 6000)) == "none");
  CHECK(kind(raw, file("/q/IMG_0002.JPG", 1001)) == "none");
  CHECK(kind(raw, file("/p/IMG_0002.CR2", 1001)) == "burst");
}

TEST_CASE("the ways in which cameras name a series") {
  CHECK(kind(file("/p/20210101_120000_001.jpg"), file("/p/20210101_120000_002.jpg")) == "burst");
  CHECK(kind(file("/p/IMG_20210101_120000_BURST1.jpg"),
             file("/p/IMG_20210101_120000_BURST2.jpg")) == "burst");
  CHECK(kind(file("/p/IMG_20210101_120000_BURST001_COVER.jpg"),
             file("/p/IMG_20210101_120000_BURST002.jpg")) == "burst");
  CHECK(kind(file("/p/00000IMG_00000_BURST20210101120000100_COVER.jpg"),
             file("/p/00001IMG_00001_BURST20210101120000350.jpg")) == "burst");
  CHECK(kind(file("/p/IMG_20210101_120000.jpg", 1000), file("/p/IMG_20210101_120001.jpg", 1001)) ==
        "burst");
}

TEST_CASE("names that people and programs give to copies are no series") {
  CHECK(kind(file("/p/photo (1).jpg"), file("/p/photo (2).jpg")) == "none");
  CHECK(kind(file("/p/photo-1.jpg"), file("/p/photo-2.jpg")) == "none");
  CHECK(kind(file("/p/IMG_0001.jpg"), file("/p/IMG_0001 copy.jpg")) == "none");
  CHECK(kind(file("/p/IMG_0001_01.jpg"), file("/p/IMG_0002_02.jpg")) == "none");
  CHECK(kind(file("/p/a.jpg"), file("/p/b.jpg")) == "none");
}

TEST_CASE("odd names and times are no series and do no harm") {
  ImageRecord early = file("/p/IMG_0001.JPG"), late = file("/p/IMG_0002.JPG");
  early.stamp.mtime_ns = std::numeric_limits<std::int64_t>::min();
  late.stamp.mtime_ns = std::numeric_limits<std::int64_t>::max();
  CHECK(kind(early, late) == "none");
  CHECK(kind(file("/p/1" + std::string(200, '0')), file("/p/2" + std::string(200, '0'))) == "none");
  CHECK(kind(file(""), file("/")) == "none");
  CHECK(kind(file("/p/."), file("/p/..")) == "none");
  CHECK(kind(file("/p/\xff\xfe 001"), file("/p/\xff\xfe 002")) == "burst");
}
