// SPDX-License-Identifier: Apache-2.0
#include "worker/file_bytes.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "support/temporary_directory.h"
#include "worker/pool_fixture.h"

using namespace imgdedup;
using namespace imgdedup::worker;
using matching::Refusal;
using matching::RefusalReason;

namespace {

constexpr std::uint64_t no_limit = std::uint64_t{1} << 40;

RefusalReason reason_of(const std::variant<FileBytes, Refusal>& outcome) {
  return std::get<Refusal>(outcome).reason;
}

}  // namespace

TEST_CASE("a file is read from its beginning, wherever its descriptor stands") {
  const testing::TemporaryDirectory directory;
  const std::string text(300'000, 'x');
  testing::write_file(directory / "file", text);
  const auto file = testing::open_for_reading(directory / "file");
  ::lseek(file.get(), 1000, SEEK_SET);
  const auto outcome = read_file_bytes(file.get(), text.size(), nullptr);
  REQUIRE(std::holds_alternative<FileBytes>(outcome));
  CHECK(std::ranges::equal(std::get<FileBytes>(outcome).all(), text));
}

TEST_CASE("an empty file has no bytes and is no error by itself") {
  const testing::TemporaryDirectory directory;
  testing::write_file(directory / "file", "");
  const auto file = testing::open_for_reading(directory / "file");
  const auto outcome = read_file_bytes(file.get(), no_limit, nullptr);
  REQUIRE(std::holds_alternative<FileBytes>(outcome));
  CHECK(std::get<FileBytes>(outcome).all().empty());
}

TEST_CASE("a file above the limit is not read") {
  const testing::TemporaryDirectory directory;
  testing::write_file(directory / "file", "");
  std::filesystem::resize_file(directory / "file", std::uintmax_t{1} << 40);
  const auto file = testing::open_for_reading(directory / "file");
  CHECK(reason_of(read_file_bytes(file.get(), 1000, nullptr)) == RefusalReason::over_limit);
}

TEST_CASE("the first bytes decide before the size does") {
  const testing::TemporaryDirectory directory;
  testing::write_file(directory / "film", "not a picture");
  std::filesystem::resize_file(directory / "film", 5000);
  const auto file = testing::open_for_reading(directory / "film");
  const HeadCheck check = [](std::span<const std::uint8_t> head) -> std::optional<Refusal> {
    if (head.size() == head_bytes && head[0] == 'n')
      return Refusal{RefusalReason::not_an_image, "text"};
    return std::nullopt;
  };
  CHECK(reason_of(read_file_bytes(file.get(), 1000, check)) == RefusalReason::not_an_image);
}

TEST_CASE("what is no regular file or cannot be read is unreadable") {
  const posix::UniqueDescriptor device(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
  CHECK(reason_of(read_file_bytes(device.get(), no_limit, nullptr)) == RefusalReason::unreadable);
  CHECK(reason_of(read_file_bytes(-1, no_limit, nullptr)) == RefusalReason::unreadable);
  const testing::TemporaryDirectory directory;
  const posix::UniqueDescriptor write_only(
      ::open((directory / "file").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  CHECK(reason_of(read_file_bytes(write_only.get(), no_limit, [](auto) {
          return std::optional<Refusal>();
        })) == RefusalReason::unreadable);
}

TEST_CASE("a file that is cut while it is read is incomplete") {
  const testing::TemporaryDirectory directory;
  static std::filesystem::path path;
  path = directory / "file";
  testing::write_file(path, std::string(100'000, 'x'));
  const auto file = testing::open_for_reading(path);
  const HeadCheck cut = [](std::span<const std::uint8_t>) -> std::optional<Refusal> {
    std::filesystem::resize_file(path, 50'000);
    return std::nullopt;
  };
  CHECK(reason_of(read_file_bytes(file.get(), no_limit, cut)) == RefusalReason::incomplete);
}
