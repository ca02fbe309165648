// SPDX-License-Identifier: Apache-2.0
#include "batch/progress.h"

#include <doctest/doctest.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>

#include "batch/program_call.h"
#include "support/drawn_pictures.h"

using namespace imgdedup;
using namespace imgdedup::testing;
using batch::progress_line;
using std::chrono::seconds;

namespace {

/// What a person sees of the program on a terminal of so many columns.
std::string on_terminal(const std::string& arguments, unsigned short columns) {
  winsize size{24, columns, 0, 0};
  int terminal = -1;
  const std::string command = std::string(IMGDEDUP_PATH) + " " + arguments;
  const pid_t child = ::forkpty(&terminal, nullptr, nullptr, &size);
  REQUIRE(child >= 0);
  if (child == 0) {
    ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    ::_exit(127);
  }
  std::string text;
  std::array<char, 4096> buffer{};
  for (ssize_t length = 0; (length = ::read(terminal, buffer.data(), buffer.size())) > 0;)
    text.append(buffer.data(), static_cast<std::size_t>(length));
  ::close(terminal);
  int status = -1;
  ::waitpid(child, &status, 0);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  return text;
}

}  // namespace

TEST_CASE("the line says how far it has come, how fast, and how long it still takes") {
  CHECK(progress_line("hashing", 250, 1000, seconds(2), 80) ==
        "hashing [#####...............]  25%  250 of 1000, 125/s, 0:06 left");
  CHECK(progress_line("hashing", 1000, 1000, seconds(8), 80) ==
        "hashing [####################] 100%  1000 of 1000, 125/s, 0:00 left");
  CHECK(progress_line("hashing", 1, 4000, seconds(2), 80) ==
        "hashing [....................]   0%  1 of 4000, 0.5/s, 2:13:18 left");
}

TEST_CASE("where nothing can be said about the time yet, nothing is") {
  CHECK(progress_line("reading", 0, 10, seconds(5), 80) ==
        "reading [....................]   0%  0 of 10");
  CHECK(progress_line("reading", 3, 10, seconds(0), 80) ==
        "reading [######..............]  30%  3 of 10");
}

TEST_CASE("a narrow terminal gets the line without the bar, then less of it") {
  CHECK(progress_line("hashing", 250, 1000, seconds(2), 60) ==
        "hashing  25%  250 of 1000, 125/s, 0:06 left");
  CHECK(progress_line("hashing", 250, 1000, seconds(2), 12) == "hashing  25%");
}

TEST_CASE("the progress is shown on a terminal and wiped, and nowhere else") {
  const Call call;
  for (int i = 0; i < 4; ++i)
    call.add(std::to_string(i) + ".jpg",
             encode_picture(draw_picture(static_cast<std::uint64_t>(i)), ".jpg"));
  const std::string output = call.directory / "o.json";
  const std::string arguments = "find --method phash -o " + output + " ";
  const auto seen = on_terminal(arguments + (call.directory / "in").string(), 100);
  CHECK(seen.find("\rhashing [#####...............]  25%  1 of 4, ") != std::string::npos);
  CHECK(seen.find("/s, 0:0") != std::string::npos);
  CHECK(seen.ends_with("\r\x1b[Kimgdedup: 4 pictures: 4 unique, 0 originals, 0 duplicates\r\n"));
  CHECK(call.run(arguments + "@").errors ==
        "imgdedup: 4 pictures: 4 unique, 0 originals, 0 duplicates\n");
}
