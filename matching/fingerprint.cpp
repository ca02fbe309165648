// SPDX-License-Identifier: Apache-2.0
// Text forms of what is measured of one image.
#include "matching/fingerprint.h"

#include "matching/hex.h"
#include "matching/name_table.h"

namespace imgdedup::matching {
namespace {

constexpr NameTable<HashKind, 4> hash_kinds{{"ahash", "dhash", "phash", "whash"}};
constexpr NameTable<ImageFormat, static_cast<std::size_t>(last_image_format) + 1> image_formats{
    {"jpeg", "png", "webp", "tiff", "bmp", "pnm", "jpeg2000", "gif", "icon", "heif", "avif",
     "jpegxl", "raw", "qoi", "sun-raster"}};

}  // namespace

std::string to_hex(const ContentDigest& digest) { return bytes_to_hex(digest.bytes); }

std::optional<ContentDigest> content_digest_from_hex(std::string_view hex) {
  ContentDigest digest;
  if (!hex_to_bytes(hex, digest.bytes)) return std::nullopt;
  return digest;
}

std::string to_hex(PerceptualHash hash) {
  std::array<std::uint8_t, 8> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<std::uint8_t>(hash.bits >> (56 - 8 * i));
  return bytes_to_hex(bytes);
}

std::optional<PerceptualHash> perceptual_hash_from_hex(std::string_view hex) {
  std::array<std::uint8_t, 8> bytes{};
  if (!hex_to_bytes(hex, bytes)) return std::nullopt;
  PerceptualHash hash;
  for (const std::uint8_t byte : bytes) hash.bits = hash.bits << 8 | byte;
  return hash;
}

std::string_view name_of(HashKind kind) { return hash_kinds.name_of(kind); }
std::optional<HashKind> hash_kind_from_name(std::string_view name) {
  return hash_kinds.from_name(name);
}

PerceptualHash PerceptualHashes::of(HashKind kind) const {
  switch (kind) {
    case HashKind::ahash:
      return ahash;
    case HashKind::dhash:
      return dhash;
    case HashKind::phash:
      return phash;
    case HashKind::whash:
      return whash;
  }
  return phash;
}

std::string_view name_of(ImageFormat format) { return image_formats.name_of(format); }
std::optional<ImageFormat> image_format_from_name(std::string_view name) {
  return image_formats.from_name(name);
}

}  // namespace imgdedup::matching
