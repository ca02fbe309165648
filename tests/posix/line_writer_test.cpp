// SPDX-License-Identifier: Apache-2.0
// Lines to descriptors that take them, that do not, and that take them again.
#include "posix/line_writer.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <chrono>

#include "posix/unique_descriptor.h"
#include "support/temporary_directory.h"

using namespace imgdedup::posix;
using imgdedup::testing::read_file;
using imgdedup::testing::TemporaryDirectory;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    reading.reset(ends[0]);
    writing.reset(ends[1]);
  }
  /// All that comes until the other end is closed.
  std::string read_all() {
    std::string text;
    std::array<char, 65536> part{};
    for (ssize_t size = 0; (size = ::read(reading.get(), part.data(), part.size())) > 0;)
      text.append(part.data(), static_cast<std::size_t>(size));
    return text;
  }
  UniqueDescriptor reading;
  UniqueDescriptor writing;
};

/// By all the notes about lost lines.
std::uint64_t lines_told_lost(const std::string& text) {
  std::uint64_t lost = 0;
  const std::string note = "test: ";
  for (auto at = text.find(note); at != std::string::npos; at = text.find(note, at + 1))
    lost += std::stoull(text.substr(at + note.size()));
  return lost;
}

}  // namespace

TEST_CASE("lines are written whole and in their order") {
  const TemporaryDirectory directory;
  const auto path = directory / "log";
  std::string expected;
  {
    const UniqueDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    LineWriter writer(file.get(), "test", 1 << 20);
    for (int i = 0; i < 1000; ++i) {
      const std::string line = std::string(static_cast<std::size_t>(i), 'x') + "\n";
      expected += line;
      writer.write(line);
    }
    CHECK(writer.dropped() == 0);
  }
  CHECK(read_file(path) == expected);
}

TEST_CASE("where nobody reads, nobody waits; the oldest lines are lost, counted and told of") {
  Pipe pipe;
  constexpr std::size_t kept = 100'000;
  constexpr int lines = 20'000;
  LineWriter* writer = new LineWriter(pipe.writing.get(), "test", kept);
  pipe.writing.reset();
  const auto begin = steady_clock::now();
  for (int i = 0; i < lines; ++i)
    writer->write("line " + std::to_string(i) + " " + std::string(50, '.') + "\n");
  CHECK(steady_clock::now() - begin < seconds(5));
  const std::uint64_t dropped = writer->dropped();
  CHECK(dropped > 10'000);
  CHECK(dropped < lines);

  std::string text;
  SUBCASE("read after all") {
    ::fcntl(pipe.reading.get(), F_SETFL, O_NONBLOCK);
    const auto deadline = steady_clock::now() + seconds(30);
    while (text.find("line 19999 ") == std::string::npos && steady_clock::now() < deadline)
      text += pipe.read_all();
    // The oldest went first: what is left of them is in order, and the newest are there.
    CHECK(text.find("line 19000 ") < text.find("line 19999 "));
    CHECK(lines_told_lost(text) == dropped);
    CHECK(text.ends_with("\n"));
    writer->write("more\n");
    delete writer;
    CHECK(pipe.read_all() == "more\n");
  }
  SUBCASE("never read") {
    const auto end = steady_clock::now();
    delete writer;
    CHECK(steady_clock::now() - end < seconds(20));
  }
}

TEST_CASE("lines to a reader that is gone, or to a full disk, are lost and counted") {
  SUBCASE("gone") {
    ::signal(SIGPIPE, SIG_IGN);
    Pipe pipe;
    LineWriter writer(pipe.writing.get(), "test", 1000);
    pipe.reading.reset();
    writer.write("lost\n");
    const auto deadline = steady_clock::now() + seconds(30);
    while (writer.dropped() == 0 && steady_clock::now() < deadline) ::usleep(1000);
    CHECK(writer.dropped() == 1);
  }
  SUBCASE("full") {
    const UniqueDescriptor full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
    LineWriter writer(full.get(), "test", 1000);
    writer.write("lost\n");
    const auto deadline = steady_clock::now() + seconds(30);
    while (writer.dropped() == 0 && steady_clock::now() < deadline) ::usleep(1000);
    CHECK(writer.dropped() == 1);
  }
}
