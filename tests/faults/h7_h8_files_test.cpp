// SPDX-License-Identifier: Apache-2.0
// Files that change while they are read, and files that are not what their names say.
#include <doctest/doctest.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <map>
#include <string>
#include <thread>

#include "faults/catalog_support.h"
#include "faults/fault_support.h"
#include "faults/worker_support.h"
#include "support/drawn_pictures.h"
#include "support/encoded_formats.h"

using namespace imgdedup::testing;
using namespace std::string_literals;

TEST_CASE("h7-truncate-while-reading: a file cut short under a worker's hands costs nothing") {
  if (::geteuid() != 0) {
    MESSAGE("skipped: only root can give files to others");
    return;
  }
  const int rounds = at_full_size() ? 20 : 3;
  constexpr int files = 24;
  Service service("detect: {edited: {enabled: false}}\n");
  change_setting(service, "settle_time: 100ms", "settle_time: 0s");
  // A lease would keep others from cutting a file short; other people's files get none, and are
  // read when they have been quiet for two seconds.
  service.run_through({"/usr/bin/setpriv", "--bounding-set", "-lease"});
  service.start();
  // Large, so that reading takes a while.
  const std::string large = encode_picture(draw_picture(1, {3000, 2000}), ".bmp");
  write_file(service.root() / "kept.bmp", large);
  service.sync();
  const auto path = [&](int file) { return service.root() / (std::to_string(file) + ".bmp"); };
  for (int file = 0; file < files; ++file) {
    write_file(path(file), "");
    REQUIRE(::chown(path(file).c_str(), 1, 1) == 0);
  }
  int while_reading = 0;
  for (int round = 0; round < rounds; ++round) {
    for (int file = 0; file < files; ++file) write_file(path(file), large);
    const auto begin = std::chrono::steady_clock::now();
    // Cut while the first of them are being read.
    wait_until([&] { return service.call("status")["inflight"] > 0; }, "reading to begin");
    for (int file = 0; file < files; ++file) {
      std::this_thread::sleep_for(std::chrono::milliseconds(3 * round % 20));
      while_reading += service.call("status")["inflight"] > 0 ? 1 : 0;
      REQUIRE(::truncate(path(file).c_str(), static_cast<off_t>(large.size() / 2)) == 0);
    }
    CHECK(seconds_since(begin) < 60);
  }
  service.sync();
  CHECK(service.call("status")["incomplete"] == files);
  CHECK(service.call("status")["poison"] == 0);
  for (int file = 0; file < files; ++file) write_file(path(file), large);
  service.sync();
  CHECK(service.decisions().size() == files);
  CHECK(count_of(service.service_log(), "crashed") == 0);
  CHECK(while_reading > 0);
  CHECK(service.stop() == 0);
  std::printf("h7-truncate-while-reading: %d files cut %d times, %d of these while workers read\n",
              files, rounds, while_reading);
}

TEST_CASE("h8-wrong-ext: what is no picture that we read is not decoded, whatever its name says") {
  const std::map<std::string, std::string> strangers{
      {"exr.jpg", "v/1\x01\x02\x00\x00\x00channels\x00"s},
      {"nitf.jpg", "NITF02.10"s + std::string(500, '0')},
      {"dicom.jpg", std::string(128, '\0') + "DICM" + std::string(500, '\0')},
      {"svg.png", "<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"/>"},
      {"pdf.jpg", "%PDF-1.4\n1 0 obj\n"},
      {"vrt.tif", "<VRTDataset rasterXSize=\"20\" rasterYSize=\"20\"><VRTRasterBand>"},
      {"hdf5.png", "\x89HDF\r\n\x1a\n"s + std::string(100, '\0')},
      {"radiance.jpg", "#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 4 +X 4\n"},
      {"elf.jpg", "\x7f"s + "ELF" + std::string(100, '\x02')},
      {"dted.jpg", "UHL1" + std::string(500, '0')}};
  Service service;
  service.start();
  for (const auto& [name, bytes] : strangers) write_file(service.root() / name, bytes);
  // Two formats at once: OpenCV would give it to its DICOM decoder.
  std::string both = encode_picture(draw_picture(3), ".bmp");
  both.replace(128, 4, "DICM");
  write_file(service.root() / "both.bmp", both);
  // A picture under a wrong name is one all the same.
  write_file(service.root() / "tiff.jpg", encode_picture(draw_picture(1), ".tiff"));
  write_file(service.root() / "jpeg.png", photo(2));
  service.sync();
  const auto status = service.call("status");
  CHECK(status["images"] == 2);
  CHECK(status["poison"] == 0);
  CHECK(state_of(service, "tiff.jpg") == "judged");
  CHECK(state_of(service, "jpeg.png") == "judged");
  const auto reasons = unreadable_reasons(service);
  for (const auto& [name, bytes] : strangers) {
    CAPTURE(name);
    const auto reason = reasons.find(name);
    REQUIRE(reason != reasons.end());
    CHECK((reason->second == "unsupported" || reason->second == "not-an-image"));
  }
  CHECK(reasons.at("both.bmp") == "unsupported");
  CHECK(service.stop() == 0);
  std::printf(
      "h8-wrong-ext: %zu files of other formats, none decoded; 2 pictures with wrong names "
      "read\n",
      strangers.size() + 1);
}
