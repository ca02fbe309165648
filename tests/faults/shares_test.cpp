// SPDX-License-Identifier: Apache-2.0
// What takes the workers long, such as a client's questions, leaves the files that arrive their
// share.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <list>
#include <optional>

#include "faults/fault_support.h"
#include "faults/socket_support.h"
#include "faults/worker_support.h"

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
