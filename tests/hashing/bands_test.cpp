// SPDX-License-Identifier: Apache-2.0
// Large files that are cut into bands give the samples of the whole.
#include "hashing/bands.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <opencv2/core.hpp>

#include "bytes_of.h"
#include "hashing/opencv_decoder.h"
#include "hashing/row_sink.h"
#include "hashing/tiff_directory.h"
#include "support/drawn_pictures.h"
#include "support/encoded_formats.h"

using namespace imgdedup;
using namespace imgdedup::hashing;
using namespace imgdedup::testing;

namespace {

const cv::Size shape{53, 67};

std::string random_bytes(std::size_t count, std::uint64_t seed) {
  cv::RNG random(seed);
  std::string bytes(count, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random.uniform(0, 256));
  return bytes;
}

std::string little_endian(std::uint32_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> 8 * i);
  return out;
}

enum class RowOrder : std::uint8_t { lowest_first, highest_first };

/// A bitmap of random rows, with a palette where there are up to 8 bits a pixel; with masks:
/// bit_fields, 4 masks.
std::string bmp_of(int bits, RowOrder order, bool has_masks = false) {
  const auto row_bytes = static_cast<std::size_t>((shape.width * bits + 31) / 32 * 4);
  std::string tables;
  if (bits <= 8) tables = random_bytes(std::size_t{4} << bits, 3);
  const std::uint32_t header_bytes = has_masks ? 56 : 40;
  if (has_masks)
    for (const std::uint32_t mask : {0x00ff'0000U, 0x0000'ff00U, 0x0000'00ffU, 0xff00'0000U})
      tables += little_endian(mask, 4);
  const std::uint32_t table_bytes = has_masks ? 0 : static_cast<std::uint32_t>(tables.size());
  const int height = order == RowOrder::lowest_first ? shape.height : -shape.height;
  return "BM" + little_endian(0, 8) + little_endian(14 + header_bytes + table_bytes, 4) +
         little_endian(header_bytes, 4) + little_endian(shape.width, 4) +
         little_endian(static_cast<std::uint32_t>(height), 4) + little_endian(1, 2) +
         little_endian(static_cast<std::uint32_t>(bits), 2) + little_endian(has_masks ? 3 : 0, 4) +
         little_endian(0, 20) + tables +
         random_bytes(row_bytes * static_cast<std::size_t>(shape.height), 7);
}

std::string pnm_of(int kind, int max_sample) {
  const auto width = static_cast<std::size_t>(shape.width);
  const std::size_t samples = kind == 6 ? width * 3 : width;
  const std::size_t row_bytes = kind == 4 ? (width + 7) / 8 : samples * (max_sample > 255 ? 2 : 1);
  std::string bytes = random_bytes(row_bytes * static_cast<std::size_t>(shape.height), 11);
  if (max_sample > 255)
    for (std::size_t i = 0; i < bytes.size(); i += 2)
      bytes[i] = static_cast<char>(static_cast<unsigned char>(bytes[i]) % (max_sample / 256));
  return "P" + std::to_string(kind) + "\n# a comment of 9 words\n" + std::to_string(shape.width) +
         " " + std::to_string(shape.height) + "\n" +
         (kind == 4 ? "" : std::to_string(max_sample) + "\n") + bytes;
}

std::vector<TiffFileKind> tiff_kinds() {
  constexpr int none = 1, lzw = 5, jpeg = 7, deflate = 8, packbits = 32773, fax4 = 4;
  std::vector<TiffFileKind> kinds;
  for (const int compression : {none, lzw, deflate, packbits})
    for (const bool big : {false, true})
      for (const int tile_side : {0, 16})
        for (const auto& [channels, bits, photometric] : {std::tuple(1, 8, 1),
                                                          {1, 8, 0},
                                                          {1, 1, 1},
                                                          {1, 16, 1},
                                                          {3, 8, 2},
                                                          {3, 16, 2},
                                                          {4, 8, 2},
                                                          {4, 16, 2},
                                                          {1, 8, 3},
                                                          {4, 8, 5}}) {
          kinds.push_back({channels, bits, photometric, compression, 3, tile_side, false, big});
          if (channels == 3 && bits == 8)
            kinds.push_back({channels, bits, photometric, compression, 3, tile_side, true, big});
        }
  kinds.push_back({1, 1, 0, fax4, 8, 0, false, false});
  for (const int tile_side : {0, 16}) {
    kinds.push_back({1, 8, 1, jpeg, 8, tile_side, false, false});
    kinds.push_back({3, 8, 2, jpeg, 8, tile_side, false, false});
    kinds.push_back({3, 8, 6, jpeg, 16, tile_side, false, false});
  }
  return kinds;
}

std::string text_of(const TiffFileKind& kind) {
  return std::to_string(kind.channels) + " channels of " + std::to_string(kind.bits) +
         " bits, photometric " + std::to_string(kind.photometric) + ", compression " +
         std::to_string(kind.compression) + ", tiles of " + std::to_string(kind.tile_side) +
         (kind.has_planes ? ", planes" : "") + (kind.is_big_endian ? ", big endian" : "");
}

using BandsOf = std::optional<Bands>(Bytes, const ImageHeader&);

/// Whether the file is read at all; checks that it is the same in bands.
bool check_bands(const std::string& file, BandsOf bands_of) {
  const auto read = read_header(bytes_of(file), {});
  const auto* header = std::get_if<ImageHeader>(&read);
  if (header == nullptr) return false;
  const auto whole = decode_with_opencv(bytes_of(file), *header);
  const auto bands = bands_of(bytes_of(file), *header);
  REQUIRE(bands.has_value());
  for (const std::uint64_t band_pixels : {1, 500, 100'000}) {
    INFO("bands of " << band_pixels << " pixels");
    WholePicture picture;
    const auto refusal = give_in_bands(*bands, *header, band_pixels, picture);
    REQUIRE(refusal.has_value() == std::holds_alternative<matching::Refusal>(whole));
    if (refusal) return false;
    const auto& expected = std::get<cv::Mat>(whole);
    REQUIRE(picture.picture().type() == expected.type());
    REQUIRE(picture.picture().size() == expected.size());
    CHECK(cv::norm(picture.picture(), expected, cv::NORM_INF) == 0);
  }
  return true;
}

}  // namespace

TEST_CASE("a bitmap in bands is the bitmap") {
  for (const int bits : {1, 4, 8, 16, 24, 32})
    for (const RowOrder order : {RowOrder::lowest_first, RowOrder::highest_first}) {
      INFO(bits << " bits");
      CHECK(check_bands(bmp_of(bits, order), bmp_bands));
    }
  CHECK(check_bands(bmp_of(32, RowOrder::lowest_first, true), bmp_bands));
}

TEST_CASE("a PNM file in bands is the whole file") {
  CHECK(check_bands(pnm_of(4, 1), pnm_bands));
  for (const int kind : {5, 6})
    for (const int max_sample : {255, 100, 1023, 65'535}) {
      INFO("P" << kind << ", " << max_sample);
      CHECK(check_bands(pnm_of(kind, max_sample), pnm_bands));
    }
}

TEST_CASE("a TIFF in bands is the TIFF") {
  int read = 0;
  for (const TiffFileKind& kind : tiff_kinds()) {
    INFO(text_of(kind));
    if (check_bands(encode_tiff_file(shape, kind), tiff_bands)) ++read;
  }
  MESSAGE(read << " of " << tiff_kinds().size() << " kinds are read");
  CHECK(read > 100);
}

TEST_CASE("a TIFF in bands whose strip is broken is what the whole is") {
  std::string file = encode_tiff_file(shape, {.compression = 8, .strip_rows = 3});
  for (std::size_t i = 8; i < 100; ++i) file[i] = '\x55';
  CHECK(check_bands(file, tiff_bands));
}

TEST_CASE("a TIFF whose strips share their bytes is not cut") {
  // Each band would be longer than the file.
  TiffFileKind kind{.compression = 8, .strip_rows = 1};
  const std::string file = encode_tiff_file(shape, kind);
  const auto read = read_header(bytes_of(file), {});
  REQUIRE(std::holds_alternative<ImageHeader>(read));
  const auto& header = std::get<ImageHeader>(read);
  CHECK(tiff_bands(bytes_of(file), header));
  constexpr std::uint16_t byte_counts = 279;
  const auto directory =
      TiffDirectory::at(bytes_of(file), *TiffDirectory::first_offset(bytes_of(file)));
  std::string shared = file;
  const Bytes counts = directory->stored(byte_counts);
  const auto at = static_cast<std::size_t>(counts.data() - bytes_of(file).data());
  const std::size_t bytes_each = counts.size() / static_cast<std::size_t>(shape.height);
  for (std::size_t i = 0; i < static_cast<std::size_t>(shape.height); ++i)
    shared[at + i * bytes_each + 1] = 1;
  CHECK(!tiff_bands(bytes_of(shared), header));
}

TEST_CASE("a file that cannot be cut is read whole") {
  const std::string file = encode_tiff_file(shape, {.compression = 5, .strip_rows = shape.height});
  const auto read = read_header(bytes_of(file), {});
  REQUIRE(std::holds_alternative<ImageHeader>(read));
  CHECK(!tiff_bands(bytes_of(file), std::get<ImageHeader>(read)));
  CHECK(fingerprint_of(file).width_pixels == 53);
}
