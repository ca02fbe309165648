// SPDX-License-Identifier: Apache-2.0
// Which image format a file is, by its first bytes alone.
#include "hashing/image_format.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "build_formats.h"
#include "hashing/byte_reader.h"

namespace imgdedup::hashing {
namespace {

using matching::ImageFormat;
using matching::Refusal;
using matching::RefusalReason;
using namespace std::string_view_literals;

struct Signature {
  std::size_t offset;
  std::string_view bytes;
  ImageFormat format;
};

constexpr std::array signatures{
    Signature{8, "CR\x02\0"sv, ImageFormat::raw},
    Signature{0, "\xff\xd8\xff"sv, ImageFormat::jpeg},
    Signature{0, "\x89PNG\r\n\x1a\n"sv, ImageFormat::png},
    Signature{0, "II*\0"sv, ImageFormat::tiff},
    Signature{0, "MM\0*"sv, ImageFormat::tiff},
    Signature{0, "II+\0\x08\0\0\0"sv, ImageFormat::tiff},
    Signature{0, "MM\0+\0\x08\0\0"sv, ImageFormat::tiff},
    Signature{0, "\0\0\0\x0cjP  \r\n\x87\n"sv, ImageFormat::jpeg2000},
    Signature{0, "\xff\x4f\xff\x51"sv, ImageFormat::jpeg2000},
    Signature{0, "GIF87a"sv, ImageFormat::gif},
    Signature{0, "GIF89a"sv, ImageFormat::gif},
    Signature{0, "\xff\x0a"sv, ImageFormat::jpegxl},
    Signature{0, "\0\0\0\x0cJXL \r\n\x87\n"sv, ImageFormat::jpegxl},
    Signature{0, "PF\n"sv, ImageFormat::pnm},
    Signature{0, "Pf\n"sv, ImageFormat::pnm},
    Signature{0, "qoif"sv, ImageFormat::qoi},
    Signature{0, "\x59\xa6\x6a\x95"sv, ImageFormat::sun_raster},
    // Olympus, Panasonic, Fujifilm, Canon's CRW, Sigma and Minolta.
    Signature{0, "IIRO"sv, ImageFormat::raw},
    Signature{0, "IIRS"sv, ImageFormat::raw},
    Signature{0, "MMOR"sv, ImageFormat::raw},
    Signature{0, "IIU\0"sv, ImageFormat::raw},
    Signature{0, "FUJIFILMCCD-RAW"sv, ImageFormat::raw},
    Signature{6, "HEAPCCDR"sv, ImageFormat::raw},
    Signature{0, "FOVb"sv, ImageFormat::raw},
    Signature{0, "\0MRM"sv, ImageFormat::raw},
};

struct UnreadSignature {
  std::size_t offset;
  std::string_view bytes;
  std::string_view name;
};

constexpr std::array unread_formats{
    UnreadSignature{0, "\xff\xd8\xff\xf7"sv, "JPEG-LS"},
    UnreadSignature{0, "8BPS"sv, "Photoshop"},
    UnreadSignature{0, "v/1\x01"sv, "OpenEXR"},
    UnreadSignature{0, "#?RADIANCE"sv, "Radiance HDR"},
    UnreadSignature{0, "#?RGBE"sv, "Radiance HDR"},
    UnreadSignature{0, "FLIF"sv, "FLIF"},
    UnreadSignature{0, "BPG\xfb"sv, "BPG"},
    UnreadSignature{0, "DDS "sv, "DirectDraw surface"},
    UnreadSignature{0, "P7\n"sv, "PAM"},
    UnreadSignature{0, "gimp xcf"sv, "GIMP XCF"},
    UnreadSignature{0, "AT&TFORM"sv, "DjVu"},
    UnreadSignature{0, "NITF"sv, "NITF"},
    UnreadSignature{0, "SIMPLE  ="sv, "FITS"},
    UnreadSignature{0, "II\xbc"sv, "JPEG XR"},
    UnreadSignature{0, "\xd7\xcd\xc6\x9a"sv, "Windows metafile"},
    UnreadSignature{0, "%!PS-Adobe"sv, "PostScript"},
    UnreadSignature{0, "\xc5\xd0\xd3\xc6"sv, "Encapsulated PostScript"},
    UnreadSignature{0, "<svg"sv, "SVG"},
};

bool is_white_space(std::uint32_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool is_pnm(ByteReader& reader) {
  return reader.holds(0, 3) && reader.u8(0) == 'P' && reader.u8(1) >= '1' && reader.u8(1) <= '6' &&
         is_white_space(reader.u8(2));
}

/// "BM" alone is too common: the size of the header that follows must be one that exists.
bool is_bmp(ByteReader& reader) {
  if (!reader.has_text(0, "BM") || !reader.holds(0, 18)) return false;
  constexpr std::array<std::uint32_t, 8> header_sizes{12, 16, 40, 52, 56, 64, 108, 124};
  const std::uint32_t header_size = reader.u32(14);
  for (const std::uint32_t known : header_sizes)
    if (header_size == known) return true;
  return false;
}

/// The format that the brands of an ISO base media file name.
std::optional<ImageFormat> media_format(ByteReader& reader) {
  if (!reader.has_text(4, "ftyp")) return std::nullopt;
  if (reader.has_text(8, "crx ")) return ImageFormat::raw;
  const std::size_t end = std::min<std::size_t>(reader.size(), ByteReader(reader).u32(0));
  const auto names = [&reader](std::size_t at, std::initializer_list<std::string_view> brands) {
    return std::any_of(brands.begin(), brands.end(),
                       [&](std::string_view brand) { return reader.has_text(at, brand); });
  };
  if (names(8, {"avif", "avis"})) return ImageFormat::avif;
  if (names(8, {"heic", "heix", "hevc", "hevx", "heim", "heis", "hevm", "hevs"}))
    return ImageFormat::heif;
  if (!names(8, {"mif1", "msf1", "mif2", "miaf"})) return std::nullopt;
  // The general brands say what it is among those that the file is compatible with.
  for (std::size_t at = 16; at < end; at += 4)
    if (names(at, {"avif", "avis"})) return ImageFormat::avif;
  return ImageFormat::heif;
}

bool is_icon(ByteReader& reader) {
  return (reader.has_text(0, "\0\0\x01\0"sv) || reader.has_text(0, "\0\0\x02\0"sv)) &&
         reader.holds(0, 10) && reader.u16(4) >= 1 && reader.u16(4) <= 1024 && reader.u8(9) == 0;
}

bool is_svg_document(Bytes head) {
  std::string text(head.begin(), head.end());
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const std::size_t start = text.starts_with("\xef\xbb\xbf") ? 3 : 0;
  return text.compare(start, 5, "<?xml") == 0 && text.find("<svg") != std::string::npos;
}

std::optional<std::string_view> unread_format_name(Bytes head, const ByteReader& reader) {
  for (const UnreadSignature& signature : unread_formats)
    if (reader.has_text(signature.offset, signature.bytes)) return signature.name;
  if (reader.has_text(0, "RIFF") && reader.has_text(8, "ACON")) return "animated Windows cursor";
  if (is_svg_document(head)) return "SVG";
  return std::nullopt;
}

std::optional<ImageFormat> known_format(ByteReader& reader, Bytes head) {
  for (const Signature& signature : signatures)
    if (reader.has_text(signature.offset, signature.bytes)) return signature.format;
  if (reader.has_text(0, "RIFF") && reader.has_text(8, "WEBP")) return ImageFormat::webp;
  ByteReader big_endian(head, ByteOrder::big_endian);
  if (const auto format = media_format(big_endian)) return format;
  if (is_bmp(reader)) return ImageFormat::bmp;
  if (is_pnm(reader)) return ImageFormat::pnm;
  if (is_icon(reader)) return ImageFormat::icon;
  return std::nullopt;
}

/// A file that ends inside the signature of a format; one byte is too little to tell.
bool ends_inside_signature(Bytes head, const ByteReader& reader) {
  if (head.size() < 2) return false;
  for (const Signature& signature : signatures)
    if (signature.offset == 0 && head.size() < signature.bytes.size() &&
        reader.has_text(0, signature.bytes.substr(0, head.size())))
      return true;
  if (head.size() < 18 && head.size() >= 6 && reader.has_text(0, "BM"))
    return std::any_of(head.begin() + 2, head.end(), [](std::uint8_t byte) { return byte < 9; });
  if (head.size() < 12 && head.size() >= 8 && reader.has_text(4, "ftyp")) return true;
  return head.size() < 12 && head.size() >= 4 && reader.has_text(0, "RIFF");
}

/// The format's name where its library was left out.
std::optional<std::string_view> left_out(ImageFormat format) {
  switch (format) {
    case ImageFormat::gif:
      if (!reads_gif) return "GIF";
      break;
    case ImageFormat::heif:
      if (!reads_heif) return "HEIF";
      break;
    case ImageFormat::avif:
      if (!reads_heif) return "AVIF";
      break;
    case ImageFormat::jpegxl:
      if (!reads_jpegxl) return "JPEG XL";
      break;
    case ImageFormat::raw:
      if (!reads_raw) return "camera raw";
      break;
    default:
      break;
  }
  return std::nullopt;
}

}  // namespace

Refusal unread_in_this_build(std::string_view format) {
  return unsupported(std::string(format) + " is left out of this build");
}

Outcome<ImageFormat> recognise_format(Bytes head) {
  if (head.empty()) return incomplete("the file is empty");
  head = head.first(std::min(head.size(), signature_bytes));
  ByteReader reader(head, ByteOrder::little_endian);
  if (const auto name = unread_format_name(head, reader))
    return unsupported(std::string(*name) + " is not a format that is read");
  if (const auto format = known_format(reader, head)) {
    if (const auto name = left_out(*format)) return unread_in_this_build(*name);
    return *format;
  }
  if (ends_inside_signature(head, reader)) return incomplete("the file ends inside its signature");
  return Refusal{RefusalReason::not_an_image, "no signature of an image format"};
}

std::optional<Refusal> refuse_by_signature(Bytes head) {
  auto format = recognise_format(head);
  if (auto* refusal = std::get_if<Refusal>(&format)) return std::move(*refusal);
  return std::nullopt;
}

}  // namespace imgdedup::hashing
