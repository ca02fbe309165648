// SPDX-License-Identifier: Apache-2.0
// The duplicates log: each line once, whatever ended the process or edited the file.
#include "store/duplicates_log.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <system_error>
#include <vector>

#include "support/temporary_directory.h"

using namespace imgdedup;
using namespace imgdedup::testing;
using store::DuplicatesLog;
using Lines = std::vector<DuplicatesLog::Line>;

namespace {

std::string text_of(store::DecisionId id, std::size_t length = 0) {
  return R"({"id":)" + std::to_string(id) + R"(,"path":")" + std::string(length, 'x') + "\"}";
}

Lines lines(store::DecisionId first, store::DecisionId last, std::size_t length = 0) {
  Lines result;
  for (auto id = first; id <= last; ++id) result.push_back({id, text_of(id, length)});
  return result;
}

std::string text(store::DecisionId first, store::DecisionId last, std::size_t length = 0) {
  std::string result;
  for (const auto& line : lines(first, last, length)) result += line.text + "\n";
  return result;
}

}  // namespace

TEST_CASE("a log that is not there begins with the first line") {
  const TemporaryDirectory directory;
  const DuplicatesLog log(directory / "log");
  CHECK(log.last_id() == 0);
  CHECK_FALSE(std::filesystem::exists(log.path()));
  log.append({});
  CHECK_FALSE(std::filesystem::exists(log.path()));
  log.append(lines(1, 3));
  CHECK(log.last_id() == 3);
  log.append(lines(7, 7));
  CHECK(log.last_id() == 7);
  CHECK(read_file(log.path()) == text(1, 3) + text(7, 7));
}

TEST_CASE("a line that was cut off is removed, whole lines stay") {
  const TemporaryDirectory directory;
  const DuplicatesLog log(directory / "log");
  const std::string whole = text(1, 2);
  const std::string next = text_of(3);
  for (std::size_t size = 0; size <= next.size(); ++size) {
    write_file(log.path(), whole + next.substr(0, size));
    CHECK(log.last_id() == 2);
    CHECK(read_file(log.path()) == whole);
    write_file(log.path(), next.substr(0, size));
    CHECK(log.last_id() == 0);
    CHECK(read_file(log.path()).empty());
  }
  write_file(log.path(), whole + std::string(5000, '\0'));
  CHECK(log.last_id() == 2);
  CHECK(read_file(log.path()) == whole);
}

TEST_CASE("the last line is found across blocks of 64 KiB") {
  const TemporaryDirectory directory;
  const DuplicatesLog log(directory / "log");
  constexpr std::size_t block = 64 * 1024;
  const std::size_t overhead = text_of(1).size() + 1;
  for (const std::size_t length :
       {block - overhead - 1, block - overhead, block - overhead + 1, 3 * block}) {
    const std::string whole = text(1, 3, length);
    for (const std::string& cut :
         {std::string(), std::string("{"), "{" + std::string(block - 2, 'y'),
          "{" + std::string(block - 1, 'y'), "{" + std::string(2 * block, 'y')}) {
      write_file(log.path(), whole + cut);
      CHECK(log.last_id() == 3);
      CHECK(read_file(log.path()) == whole);
    }
    // Nothing but notes for three blocks, which begin anywhere.
    const std::string notes = std::string(length, 'n') + "\n\n" + std::string(7, 'm') + "\n";
    write_file(log.path(), whole + notes + "{\"id\":");
    CHECK(log.last_id() == 3);
    CHECK(read_file(log.path()) == whole + notes);
  }
}

TEST_CASE("lines that are not ours are passed over and kept") {
  const TemporaryDirectory directory;
  const DuplicatesLog log(directory / "log");
  const std::string foreign =
      "# note\n\n[4]\n{\"id\":\"9\"}\n{\"id\":9.5}\n{}\n{\"id\":9\n\xff\n\r\n";
  write_file(log.path(), foreign);
  CHECK(log.last_id() == 0);
  CHECK(read_file(log.path()) == foreign);
  write_file(log.path(), text(1, 4) + foreign);
  CHECK(log.last_id() == 4);
  log.append(lines(5, 5));
  CHECK(read_file(log.path()) == text(1, 4) + foreign + text(5, 5));
}

TEST_CASE("an owner's note without an end of line is neither cut off nor joined to ours") {
  const TemporaryDirectory directory;
  const DuplicatesLog log(directory / "log");
  write_file(log.path(), text(1, 1) + "checked until here");
  CHECK(log.last_id() == 1);
  log.append(lines(2, 2));
  CHECK(read_file(log.path()) == text(1, 1) + "checked until here\n" + text(2, 2));
  write_file(log.path(), "a photo by mistake");
  CHECK(log.last_id() == 0);
  CHECK(read_file(log.path()) == "a photo by mistake");
}

TEST_CASE("a log that cannot be written is named") {
  const TemporaryDirectory directory;
  const DuplicatesLog missing(directory / "missing/log");
  CHECK(missing.last_id() == 0);
  try {
    missing.append(lines(1, 1));
    FAIL("wrote into a folder that is not there");
  } catch (const std::system_error& error) {
    CHECK(std::string(error.what()).find(missing.path()) != std::string::npos);
  }
  const DuplicatesLog folder(directory.path().string());
  CHECK_THROWS_AS((void)folder.last_id(), std::system_error);
}

TEST_CASE("each line is there once, wherever the process was killed") {
  for (const char* point : {"before_log_append", "after_log_append"}) {
    const TemporaryDirectory directory;
    const DuplicatesLog log(directory / "log");
    log.append(lines(1, 2));
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      ::setenv("IMGDEDUPD_CRASH_AT", point, 1);
      log.append(lines(3, 5));
      ::_exit(0);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    log.append(lines(log.last_id() + 1, 5));
    CHECK(read_file(log.path()) == text(1, 5));
  }
}
