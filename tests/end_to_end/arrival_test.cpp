// SPDX-License-Identifier: Apache-2.0
// Pictures arrive in every way that people and programs have; each gets its decision, once.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include <opencv2/imgproc.hpp>

#include "end_to_end/service.h"
#include "faults/fault_support.h"
#include "support/drawn_pictures.h"

using namespace imgdedup::testing;
using Strings = std::vector<std::string>;
namespace fs = std::filesystem;

TEST_CASE("exact, pixels and near copies are told apart and held against the first") {
  Service service;
  service.start();
  const cv::Mat picture = draw_picture(1, {800, 600});
  const std::string original = encode_picture(picture, ".jpg", 92);
  write_file(service.root() / "a.jpg", original);
  service.sync();
  write_file(service.root() / "exact.jpg", original);
  write_file(service.root() / "pixels.jpg", with_jpeg_comment(original, "scanned by me"));
  write_file(service.root() / "near.jpg", encode_picture(picture, ".jpg", 50));
  write_file(service.root() / "other.jpg", jpeg(2));
  service.sync();
  CHECK(service.decisions() ==
        Strings{"exact exact.jpg < a.jpg", "near near.jpg < a.jpg", "pixels pixels.jpg < a.jpg"});
  CHECK(service.log_lines().size() == 3);
  const auto status = service.call("status");
  CHECK(status["state"] == "idle");
  CHECK(status["images"] == 5);
  CHECK(status["duplicates"]["exact"] == 1);
  CHECK(status["duplicates"]["pixels"] == 1);
  CHECK(status["duplicates"]["near"] == 1);
  CHECK(status["pending"] == 0);
}

TEST_CASE("what lies in the folders at the start is judged, the first by path standing alone") {
  Service service;
  write_file(service.root() / "deep/er/a.jpg", jpeg(1));
  write_file(service.root() / "b.jpg", jpeg(1));
  write_file(service.root() / "c.png", encode_picture(draw_picture(3), ".png"));
  service.start();
  service.sync();
  CHECK(service.decisions().size() == 1);
  CHECK(service.call("status")["images"] == 3);
}

TEST_CASE("pictures come by rename, with rsync's names, by link and as whole trees") {
  Service service;
  service.start();
  write_file(service.root() / "first.jpg", jpeg(1));
  service.sync();

  write_file(service.base() / "moved.jpg", jpeg(1));
  fs::rename(service.base() / "moved.jpg", service.root() / "moved.jpg");

  write_file(service.root() / ".synced.jpg.Ab12Cd", jpeg(1));
  fs::rename(service.root() / ".synced.jpg.Ab12Cd", service.root() / "synced.jpg");

  write_file(service.root() / "download.jpg.part", jpeg(1));
  fs::rename(service.root() / "download.jpg.part", service.root() / "download.jpg");

  write_file(service.base() / "tree/one/two/three/copy.jpg", jpeg(1));
  write_file(service.base() / "tree/one/new.jpg", jpeg(9));
  fs::rename(service.base() / "tree", service.root() / "tree");
  service.sync();
  CHECK(service.decisions() ==
        Strings{"exact download.jpg < first.jpg", "exact moved.jpg < first.jpg",
                "exact synced.jpg < first.jpg", "exact tree/one/two/three/copy.jpg < first.jpg"});
}

TEST_CASE("without a sync, events alone bring the decision within seconds") {
  Service service;
  service.start();
  write_file(service.root() / "a.jpg", jpeg(1));
  fs::create_directories(service.root() / "new/deep");
  write_file(service.root() / "new/deep/b.jpg", jpeg(1));
  wait_until([&] { return service.decisions().size() == 1; }, "the decision by events");
}

TEST_CASE("a copy that pauses half way is not judged before its writer has closed it") {
  Service service;
  service.start();
  const std::string bytes = jpeg(1);
  write_file(service.root() / "a.jpg", bytes);
  service.sync();
  std::ofstream slow(service.root() / "slow.jpg", std::ios::binary);
  slow.write(bytes.data(), static_cast<std::streamsize>(bytes.size() / 2));
  slow.flush();
  // Ten times the settle time: by quiet alone it would be looked at now.
  wait_until([&] { return service.call("status")["pending"] == 1; }, "the half file to be seen");
  std::this_thread::sleep_for(std::chrono::seconds(1));
  CHECK(service.call("status")["pending"] == 1);
  CHECK(service.list("unreadable").empty());
  slow.write(bytes.data() + bytes.size() / 2,
             static_cast<std::streamsize>(bytes.size() - bytes.size() / 2));
  slow.close();
  service.sync();
  CHECK(service.decisions() == Strings{"exact slow.jpg < a.jpg"});
}

TEST_CASE("a truncated picture is incomplete and judged when it is whole") {
  Service service;
  service.start();
  const std::string bytes = jpeg(1);
  write_file(service.root() / "a.jpg", bytes);
  write_file(service.root() / "cut.jpg", bytes.substr(0, bytes.size() / 3));
  service.sync();
  const auto unreadable = service.list("unreadable");
  REQUIRE(unreadable.size() == 1);
  CHECK(unreadable[0]["state"] == "incomplete");
  CHECK(service.call("status")["incomplete"] == 1);
  CHECK(service.decisions().empty());
  write_file(service.root() / "cut.jpg", bytes);
  service.sync();
  CHECK(service.list("unreadable").empty());
  CHECK(service.decisions() == Strings{"exact cut.jpg < a.jpg"});
}

TEST_CASE("restart, touch and rescan add no line to the duplicates log") {
  Service service;
  service.start();
  write_file(service.root() / "a.jpg", jpeg(1));
  service.sync();
  write_file(service.root() / "b.jpg", jpeg(1));
  write_file(service.root() / "c.jpg", jpeg(1, 60));
  service.sync();
  const std::string log = read_file(service.duplicates_log());
  CHECK(service.log_lines().size() == 2);

  fs::last_write_time(service.root() / "a.jpg", fs::file_time_type::clock::now());
  fs::last_write_time(service.root() / "b.jpg", fs::file_time_type::clock::now());
  service.sync();
  service.call("rescan");
  service.sync();
  CHECK(service.stop() == 0);
  service.start();
  service.sync();
  service.kill();
  service.start();
  service.sync();
  CHECK(read_file(service.duplicates_log()) == log);
  CHECK(service.decisions().size() == 2);

  fs::remove(service.duplicates_log());
  service.stop();
  service.start();
  service.sync();
  CHECK(read_file(service.duplicates_log()) == log);
}

TEST_CASE("a renamed file keeps its decision and is not read again") {
  Service service;
  service.start();
  write_file(service.root() / "a.jpg", jpeg(1));
  service.sync();
  write_file(service.root() / "b.jpg", jpeg(1));
  service.sync();
  fs::create_directories(service.root() / "album");
  fs::rename(service.root() / "b.jpg", service.root() / "album/c.jpg");
  fs::rename(service.root() / "a.jpg", service.root() / "first.jpg");
  service.sync();
  CHECK(service.decisions() == Strings{"exact album/c.jpg < first.jpg"});
  fs::rename(service.root() / "album", service.root() / "renamed");
  service.sync();
  CHECK(service.decisions() == Strings{"exact renamed/c.jpg < first.jpg"});
  CHECK(service.log_lines().size() == 1);
}

TEST_CASE("when the original goes, one of its duplicates becomes the original") {
  Service service;
  service.start();
  write_file(service.root() / "a.jpg", jpeg(1));
  service.sync();
  write_file(service.root() / "b.jpg", jpeg(1));
  service.sync();
  write_file(service.root() / "c.jpg", jpeg(1));
  service.sync();
  CHECK(service.decisions() == Strings{"exact b.jpg < a.jpg", "exact c.jpg < a.jpg"});
  fs::remove(service.root() / "a.jpg");
  service.sync();
  CHECK(service.decisions() == Strings{"exact c.jpg < b.jpg"});
  const auto lines = service.log_lines();
  REQUIRE(lines.size() == 3);
  CHECK(lines[2]["supersedes"] == lines[1]["id"]);
}

TEST_CASE("under keep: largest a larger file takes over the role of the original") {
  Service service("keep: largest\n");
  service.start();
  const cv::Mat picture = draw_picture(1, {1200, 900});
  cv::Mat small;
  cv::resize(picture, small, {600, 450}, 0, 0, cv::INTER_AREA);
  write_file(service.root() / "small.jpg", encode_picture(small, ".jpg", 92));
  service.sync();
  write_file(service.root() / "small-copy.jpg", encode_picture(small, ".jpg", 92));
  service.sync();
  write_file(service.root() / "large.jpg", encode_picture(picture, ".jpg", 92));
  service.sync();
  CHECK(service.decisions() ==
        Strings{"near small-copy.jpg < large.jpg", "near small.jpg < large.jpg"});
}

TEST_CASE("hard links are one file and never duplicates of each other") {
  Service service("actions: {exact: quarantine}\n");
  service.start();
  write_file(service.root() / "a.jpg", jpeg(1));
  fs::create_hard_link(service.root() / "a.jpg", service.root() / "b.jpg");
  service.sync();
  CHECK(service.decisions().empty());
  CHECK(service.list("files").size() == 2);
  fs::remove(service.root() / "a.jpg");
  service.sync();
  CHECK(service.list("files").size() == 1);
  CHECK(service.call("status")["images"] == 1);
  CHECK(fs::exists(service.root() / "b.jpg"));
}

TEST_CASE("symbolic links are not followed") {
  Service service;
  write_file(service.base() / "outside/x.jpg", jpeg(1));
  write_file(service.root() / "a.jpg", jpeg(1));
  fs::create_symlink(service.base() / "outside/x.jpg", service.root() / "link.jpg");
  fs::create_directory_symlink(service.base() / "outside", service.root() / "directory");
  service.start();
  service.sync();
  CHECK(service.list("files").size() == 1);
  CHECK(service.decisions().empty());
}

TEST_CASE("names that are no UTF-8 are kept byte for byte") {
  Service service;
  service.start();
  const std::string odd = "bad\xff\n\x1b[31m.jpg";
  write_file(service.root() / odd, jpeg(1));
  service.sync();
  const auto listed = service.ctl({"files", "-0"});
  CHECK(listed.exit_status == 0);
  CHECK(listed.output == (service.root() / odd).string() + std::string(1, '\0'));
  CHECK(service.service_log().find('\x1b') == std::string::npos);
}
