// SPDX-License-Identifier: Apache-2.0
// What a worker answers is a stranger's word.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "faults/catalog_support.h"
#include "faults/fault_support.h"
#include "faults/worker_support.h"
#include "support/drawn_pictures.h"

using namespace imgdedup::testing;

TEST_CASE("h4-lying-worker: no impossible answer is believed, and none harms the service") {
  Service service;
  use_faulty_worker(service);
  service.start();
  const std::vector<std::string> lies{"garbage", "oversized", "id",     "kind",       "length",
                                      "nan",     "pixels",    "reason", "descriptor", "size"};
  for (const std::string& lie : lies) write_order(service, lie + ".jpg", "lie-" + lie);
  // The first answer is one; the second, to nothing, ends the worker.
  write_order(service, "twice.jpg", "lie-twice");
  for (int i = 0; i < 20; ++i)
    write_file(service.root() / ("good" + std::to_string(i) + ".jpg"),
               photo(static_cast<std::uint64_t>(i)));
  service.sync(std::chrono::seconds(120));
  const auto status = service.call("status");
  CHECK(status["images"] == 20);
  CHECK(status["unreadable"] == lies.size() + 1);
  CHECK(status["poison"] == lies.size());
  CHECK(service.decisions().empty());
  const auto reasons = unreadable_reasons(service);
  const auto messages = unreadable_messages(service);
  for (const std::string& lie : lies) {
    CAPTURE(lie);
    CHECK(reasons.at(lie + ".jpg") == "crashed");
    CHECK(messages.at(lie + ".jpg").find("answered nonsense") != std::string::npos);
  }
  CHECK(reasons.at("twice.jpg") == "damaged");
  std::size_t descriptors = 0;
  for ([[maybe_unused]] const auto& entry :
       std::filesystem::directory_iterator("/proc/" + std::to_string(service.pid()) + "/fd"))
    ++descriptors;
  CHECK(descriptors < 60);
  CHECK(service.stop() == 0);
  std::printf("h4-lying-worker: %zu kinds of lies, %zu refused, 20 good pictures done\n",
              lies.size() + 1, lies.size() + 1);
}

TEST_CASE("h4-lying-worker: nothing moves, and nothing is purged, on a worker's word") {
  Service service("actions: {exact: quarantine, pixels: quarantine, near: quarantine}\n");
  use_faulty_worker(service);
  service.start();
  const std::string picture = photo(1);
  write_file(service.root() / "a.jpg", picture);
  service.sync();
  const std::string digest = service.list("files").at(0)["content"];
  // As many bytes as the picture, and a worker that says they are the picture's.
  write_order(service, "only.jpg", "lie-digest " + digest);
  std::string only = read_file(service.root() / "only.jpg");
  only.resize(picture.size(), 'x');
  write_file(service.root() / "only.jpg", only);
  wait_until(
      [&] {
        const auto moves = service.call("status");
        return moves["moves_undone"] >= 1;
      },
      "the move to be refused", std::chrono::seconds(60));
  CHECK(read_file(service.root() / "only.jpg") == only);
  CHECK(service.list("quarantine.list").empty());
  CHECK(service.service_log().find("has other bytes than when it was judged") != std::string::npos);
  std::printf("h4-lying-worker: a file whose digest was a lie stayed where it was\n");
}
