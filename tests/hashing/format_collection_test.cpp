// SPDX-License-Identifier: Apache-2.0
// The public collection of files of many formats.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "build_formats.h"
#include "bytes_of.h"
#include "matching/decision.h"
#include "support/temporary_directory.h"

using namespace imgdedup;
using namespace imgdedup::hashing;
using matching::RefusalReason;

namespace {

std::filesystem::path collection() {
  const char* data = std::getenv("IMGDEDUP_TEST_DATA");
  if (data == nullptr) {
    MESSAGE("skipped: IMGDEDUP_TEST_DATA is not set");
    return {};
  }
  return std::filesystem::path(data) / "formats";
}

/// The first column of formats.csv, which has no quotes in it.
std::vector<std::string> listed_files(const std::filesystem::path& folder) {
  std::ifstream list(folder / "formats.csv");
  std::vector<std::string> names;
  std::string line;
  std::getline(list, line);
  while (std::getline(list, line)) names.push_back(line.substr(0, line.find(',')));
  return names;
}

/// All that is refused, and why. The raw files but one are what is left when all but their
/// metadata is taken away.
const std::map<std::string, RefusalReason> expected_refusals{
    {"raw/exiftool_DNG.dng", RefusalReason::incomplete},
    {"raw/exiftool_Nikon.nef", RefusalReason::incomplete},
    {"raw/exiftool_CanonRaw.cr2", RefusalReason::unsupported},
    {"svg/sharp_circle.svg", RefusalReason::unsupported},
    {"svg/sharp_check.svg", RefusalReason::unsupported},
    {"other/pillow_la.tga", RefusalReason::not_an_image},
    {"other/pillow_odd_stride.pcx", RefusalReason::not_an_image},
    {"other/image_image1.hdr", RefusalReason::unsupported},
    {"other/image_overexposed_gradient_-_data_window_equals_display_window.exr",
     RefusalReason::unsupported}};

/// Members of a group that the list says show one picture, and that do not: the eight samples of
/// EXIF orientation have another number each, this icon has a line across and 16 pixels, and this
/// bitmap is dithered.
const std::set<std::string> other_pictures{"jpeg/fastimage_ExifOrientation2.jpg",
                                           "jpeg/fastimage_ExifOrientation3.jpg",
                                           "jpeg/fastimage_ExifOrientation4.jpg",
                                           "jpeg/fastimage_ExifOrientation5.jpg",
                                           "jpeg/fastimage_ExifOrientation6.jpg",
                                           "jpeg/fastimage_ExifOrientation7.jpg",
                                           "jpeg/fastimage_ExifOrientation8.jpg",
                                           "ico/pillow_hopper_draw.ico",
                                           "tiff/pillow_hopper_g4.tif"};

matching::ImageRecord record_of(const std::string& file, std::int64_t id) {
  matching::ImageRecord record;
  record.file_id = id;
  record.stamp.inode = static_cast<std::uint64_t>(id);
  record.fingerprint = fingerprint_of(file);
  return record;
}

std::string relation_of(const std::string& left, const std::string& right) {
  const matching::Candidate candidate{record_of(left, 1), comparison_of(right, left), false};
  const auto relation = relation_between(record_of(right, 2), candidate, {});
  return relation ? std::string(name_of(relation->relation)) : "none";
}

}  // namespace

TEST_CASE("every file of the formats collection is read, but those that cannot be") {
  const auto folder = collection();
  if (folder.empty()) return;
  if (!(reads_gif && reads_heif && reads_jpegxl && reads_raw && reads_jpeg12)) {
    MESSAGE("skipped: this build leaves formats out");
    return;
  }
  warm_codecs();
  const auto names = listed_files(folder);
  CHECK(names.size() > 150);
  for (const std::string& name : names) {
    INFO(name);
    const std::string file = testing::read_file(folder / name);
    const auto measured = measure_image(bytes_of(file), {});
    const auto expected = expected_refusals.find(name);
    if (const auto* refusal = std::get_if<matching::Refusal>(&measured)) {
      INFO(refusal->message);
      REQUIRE(expected != expected_refusals.end());
      CHECK(refusal->reason == expected->second);
    } else {
      CHECK(expected == expected_refusals.end());
    }
  }
}

TEST_CASE("files of different formats that show one picture are found as such") {
  const auto folder = collection();
  if (folder.empty()) return;
  if (!(reads_gif && reads_heif && reads_jpegxl && reads_raw)) {
    MESSAGE("skipped: this build leaves formats out");
    return;
  }
  std::ifstream list(folder / "crossformat_groups.json");
  const auto groups = nlohmann::json::parse(list);
  for (const auto& [group, members] : groups.items()) {
    std::vector<std::string> names;
    for (const std::string name : members)
      if (!other_pictures.contains(name)) names.push_back(name);
    if (group.starts_with("hopper_exif")) names.push_back("jpeg/pillow_hopper.jpg");
    for (std::size_t i = 0; i < names.size(); ++i)
      for (std::size_t j = 0; j < i; ++j) {
        INFO(names[j] << " and " << names[i]);
        CHECK(relation_of(testing::read_file(folder / names[j]),
                          testing::read_file(folder / names[i])) != "none");
      }
  }
}
