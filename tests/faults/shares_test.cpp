// SPDX-License-Identifier: Apache-2.0
// What takes the workers long, a client's questions or pictures that look alike, leaves the files
// that arrive their share.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <list>
#include <optional>
#include <random>

#include "faults/fault_support.h"
#include "faults/socket_support.h"
#include "faults/worker_support.h"
#include "support/drawn_pictures.h"

using namespace imgdedup::testing;
namespace fs = std::filesystem;
using imgdedup::protocol::Json;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

/// Seconds until the new file has its decision.
double seconds_to_judge(Service& service, const std::string& name, seconds timeout) {
  const auto begin = steady_clock::now();
  write_file(service.root() / name, jpeg(77));
  wait_until([&] { return state_of(service, name) == "judged"; }, name, timeout);
  return seconds_since(begin);
}

/// A picture that looks like its brothers to every perceptual hash and is another one: a fine
/// pattern of its own over the same drawing. Behind its end stands an order to the faulty worker.
std::string alike(std::uint64_t number) {
  cv::Mat picture = toned(draw_picture(5, {512, 384}), 0.5, 64);
  std::mt19937_64 random(number);
  for (int y = 0; y + 1 < picture.rows; y += 2)
    for (int x = 0; x + 1 < picture.cols; x += 2) {
      const int sign = (random() & 1) != 0 ? 40 : -40;
      const auto add = [&](int row, int column, int value) {
        auto& pixel = picture.at<cv::Vec3b>(row, column);
        for (int c = 0; c < 3; ++c) pixel[c] = cv::saturate_cast<std::uint8_t>(pixel[c] + value);
      };
      add(y, x, sign);
      add(y + 1, x + 1, sign);
      add(y, x + 1, -sign);
      add(y + 1, x, -sign);
    }
  return encode_picture(picture, ".png");
}

const std::string slow_to_compare =
    "\n........................................ORDER slow-compare\n";

}  // namespace

TEST_CASE("p3-query: one user's questions leave arriving files and other users their share") {
  Service service;
  use_faulty_worker(service);
  change_setting(service, "workers: 2", "workers: 1");
  // Hidden from the service, not from those who ask.
  fs::create_directories(service.base() / "asked");
  write_file(service.base() / "asked/slow.jpg", "ORDER slow\n");
  service.start();
  seconds_to_judge(service, "first.jpg", seconds(60));
  const std::size_t descriptors_before = descriptor_count(service.pid());

  const bool by_another = may_act_as_others("p3-query, by another user");
  if (by_another) {
    fs::permissions(service.base(), fs::perms::others_exec, fs::perm_options::add);
    REQUIRE(::chmod(service.socket().c_str(), 0666) == 0);
  }
  constexpr int files = 64;
  const imgdedup::posix::UniqueDescriptor file(
      ::open((service.base() / "asked/slow.jpg").c_str(), O_RDONLY | O_CLOEXEC));
  REQUIRE(file);
  const std::vector<int> descriptors(files, file.get());
  const Json paths = std::vector<std::string>(files, "/slow.jpg");
  const std::string request =
      Json{{"jsonrpc", "2.0"}, {"id", 1}, {"method", "query"}, {"params", {{"paths", paths}}}}
          .dump() +
      "\n";
  std::list<RawClient> greedy;
  {
    std::optional<ActingAs> stranger;
    if (by_another) stranger.emplace(stranger_uid, stranger_uid);
    for (int i = 0; i < 3; ++i) greedy.emplace_back(service.socket());
  }
  // 128 seconds of a worker's time.
  for (int i = 0; i < 2; ++i)
    REQUIRE(std::next(greedy.begin(), i)->send_with(request, descriptors));
  wait_until([&] { return descriptor_count(service.pid()) > descriptors_before + files; },
             "the questions to be taken up");
  if (by_another)
    CHECK(error_name(greedy.back().call("query", {{"paths", {"/a"}}}, {file.get()})) == "busy");

  const double arrived = seconds_to_judge(service, "arrives.jpg", seconds(60));
  CHECK(arrived < 30);
  const auto begin = steady_clock::now();
  RawClient other(service.socket());
  const imgdedup::posix::UniqueDescriptor picture(
      ::open((service.root() / "first.jpg").c_str(), O_RDONLY | O_CLOEXEC));
  const Json reply = other.call("query", {{"paths", {"/first.jpg"}}}, {picture.get()});
  CHECK(reply.contains("result"));
  const double answered = seconds_since(begin);
  if (by_another) CHECK(answered < 30);

  // What they had asked for is let go with them.
  greedy.clear();
  check_descriptors_fall_to(service, descriptors_before);
  std::printf(
      "p3-query: beside 128 s of one user's questions a file was judged after %.1f s, "
      "another user's question answered after %.1f s\n",
      arrived, answered);
}

TEST_CASE("w14-alike: pictures that take long to compare are judged, and no other waits for that") {
  Service service("detect: {near: {enabled: false}, edited: {enabled: false}}\n");
  use_faulty_worker(service);
  change_setting(service, "workers: 2", "workers: 1");
  constexpr int count = 10;
  for (int i = 0; i < count; ++i)
    write_file(service.root() / ("alike" + std::to_string(i) + ".png"),
               alike(static_cast<std::uint64_t>(i)) + slow_to_compare);
  service.start();
  wait_until([&] { return service.call("status")["images"].get<int>() >= 2; }, "the first of them");
  const double arrived = seconds_to_judge(service, "good.jpg", seconds(100));
  const auto left = service.call("status")["pending"].get<int>();
  std::printf(
      "w14-alike: a file that came behind %d that wait for comparisons of 1 s was judged after "
      "%.1f s\n",
      left, arrived);
  CHECK(left > 0);
  CHECK(arrived < 30);
  // All comparisons are made all the same: the same pixels in other bytes are found.
  write_file(service.root() / "copy.png", alike(4) + slow_to_compare + slow_to_compare);
  service.sync(seconds(300));
  const auto decisions = service.decisions();
  REQUIRE(decisions.size() == 1);
  CHECK(decisions.front().find("copy.png < alike4.png") != std::string::npos);
}
