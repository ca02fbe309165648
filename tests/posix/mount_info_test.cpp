// SPDX-License-Identifier: Apache-2.0
#include "posix/mount_info.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include "posix/unique_descriptor.h"
#include "support/other_mount.h"
#include "support/temporary_directory.h"

using namespace imgdedup::posix;
using namespace imgdedup::testing;

TEST_CASE("two mounts are told apart") {
  const auto opened = [](const std::filesystem::path& path) {
    return UniqueDescriptor(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  };
  const TemporaryDirectory directory;
  std::filesystem::create_directory(directory / "below");
  const UniqueDescriptor here = opened(directory.path());
  CHECK(on_same_mount(here.get(), opened(directory / "below").get()));
  const OtherMount other("two mounts are told apart");
  if (other.is_there()) CHECK_FALSE(on_same_mount(here.get(), opened(other.path()).get()));
}
