// SPDX-License-Identifier: Apache-2.0
// What is measured of one image's bytes: content digest, perceptual hashes, size, detail.
#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace imgdedup::matching {

/// The SHA-256 of all bytes of a file.
struct ContentDigest {
  std::array<std::uint8_t, 32> bytes{};
  auto operator<=>(const ContentDigest&) const = default;
};

/// 64 hex digits, lower case.
std::string to_hex(const ContentDigest& digest);
/// Empty unless `hex` is exactly 64 hex digits.
std::optional<ContentDigest> content_digest_from_hex(std::string_view hex);

/// A 64-bit perceptual hash; which kind it is, its holder says.
struct PerceptualHash {
  std::uint64_t bits = 0;
  auto operator<=>(const PerceptualHash&) const = default;
};

/// 16 hex digits, lower case, most significant bit first (as imagededup writes them).
std::string to_hex(PerceptualHash hash);
/// Empty unless `hex` is exactly 16 hex digits.
std::optional<PerceptualHash> perceptual_hash_from_hex(std::string_view hex);

/// Number of bits, 0..64, in which the two differ.
constexpr int hamming_distance(PerceptualHash a, PerceptualHash b) {
  return std::popcount(a.bits ^ b.bits);
}

enum class HashKind : std::uint8_t { ahash, dhash, phash, whash };

/// The setting's word for a kind: "ahash", "dhash", "phash", "whash".
std::string_view name_of(HashKind kind);
std::optional<HashKind> hash_kind_from_name(std::string_view name);

/// All four hashes of one picture, by the definitions of imagededup.
struct PerceptualHashes {
  PerceptualHash ahash, dhash, phash, whash;

  [[nodiscard]] PerceptualHash of(HashKind kind) const;
  auto operator<=>(const PerceptualHashes&) const = default;
};

/// Numbers are stored in catalogs: new formats go to the end.
enum class ImageFormat : std::uint8_t {
  jpeg,
  png,
  webp,
  tiff,
  bmp,
  pnm,
  jpeg2000,
  gif,
  icon,  ///< Windows icon or cursor: its largest picture
  heif,  ///< HEIF with any codec but AV1, mostly HEIC
  avif,  ///< HEIF with AV1
  jpegxl,
  raw,  ///< of any camera: its embedded preview
  qoi,
  sun_raster,
};
inline constexpr ImageFormat last_image_format = ImageFormat::sun_raster;

/// "jpeg", "png", "webp", "tiff", "bmp", "pnm", "jpeg2000", "gif", "icon", "heif", "avif",
/// "jpegxl", "raw", "qoi", "sun-raster".
std::string_view name_of(ImageFormat format);
std::optional<ImageFormat> image_format_from_name(std::string_view name);

/// Version of the rules by which a Fingerprint is measured (decode scale, resampling, hash
/// definitions, detail). Hashes of different versions are never compared.
inline constexpr int fingerprint_version = 1;

/// Everything that is measured of one content. A pure function of the file's bytes and
/// `fingerprint_version`.
struct Fingerprint {
  ContentDigest content_digest;
  std::uint64_t size_bytes = 0;
  ImageFormat format = ImageFormat::jpeg;
  std::uint32_t width_pixels = 0;   ///< as shown: after EXIF orientation
  std::uint32_t height_pixels = 0;  ///< as shown: after EXIF orientation
  PerceptualHashes hashes;
  /// 64 bits of a digest over the reduced picture that the hashes are made from. Two files of one
  /// format that decode to the same picture have the same value.
  std::uint64_t reduced_picture_digest = 0;
  /// How much there is to judge by, in grey levels (see hashing/detail.h). Flat and tiny pictures
  /// are low; below `min_detail_for_near` a perceptual hash says nothing.
  float detail = 0;

  bool operator==(const Fingerprint&) const = default;
};

}  // namespace imgdedup::matching

template <>
struct std::hash<imgdedup::matching::ContentDigest> {
  std::size_t operator()(const imgdedup::matching::ContentDigest& digest) const noexcept {
    std::size_t value = 0;
    for (std::size_t i = 0; i < sizeof value; ++i) value = value << 8 | digest.bytes[i];
    return value;
  }
};
