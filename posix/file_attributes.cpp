// SPDX-License-Identifier: Apache-2.0
// What belongs to a file beside its bytes.
#include "posix/file_attributes.h"

#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>
#include <system_error>

namespace imgdedup::posix {
namespace {

constexpr mode_t set_id_bits = S_ISUID | S_ISGID;
constexpr mode_t all_mode_bits = 07777;
constexpr const char* access_list = "system.posix_acl_access";

// Set by the policy of the place where a file lies, not by its owner.
constexpr std::array<std::string_view, 3> labels{"security.selinux", "security.ima",
                                                 "security.evm"};

std::string failure(const std::string& what) { return what + ": " + std::strerror(errno); }

std::optional<std::string> value_of(int descriptor, const std::string& name) {
  for (;;) {
    const ssize_t size = ::fgetxattr(descriptor, name.c_str(), nullptr, 0);
    if (size < 0) return std::nullopt;
    std::string value(static_cast<std::size_t>(size), '\0');
    const ssize_t got = ::fgetxattr(descriptor, name.c_str(), value.data(), value.size());
    if (got < 0 && errno == ERANGE) continue;  // it has grown
    if (got < 0) return std::nullopt;
    value.resize(static_cast<std::size_t>(got));
    return value;
  }
}

std::vector<ExtendedAttribute> extended_attributes_of(int descriptor) {
  std::string names;
  for (;;) {
    const ssize_t size = ::flistxattr(descriptor, nullptr, 0);
    if (size <= 0) return {};
    names.resize(static_cast<std::size_t>(size));
    const ssize_t got = ::flistxattr(descriptor, names.data(), names.size());
    if (got < 0 && errno == ERANGE) continue;
    names.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    break;
  }
  std::vector<ExtendedAttribute> attributes;
  for (std::size_t begin = 0; begin < names.size();) {
    std::string name(names.c_str() + begin);
    begin += name.size() + 1;
    if (std::find(labels.begin(), labels.end(), name) != labels.end()) continue;
    if (auto value = value_of(descriptor, name))
      attributes.push_back({std::move(name), std::move(*value)});
  }
  std::sort(attributes.begin(), attributes.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return attributes;
}

bool has_access_list(const FileAttributes& attributes) {
  return std::any_of(attributes.extended.begin(), attributes.extended.end(),
                     [](const auto& attribute) { return attribute.name == access_list; });
}

bool same_time(const timespec& a, const timespec& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

}  // namespace

FileAttributes attributes_of(int descriptor) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0)
    throw std::system_error(errno, std::generic_category(), "fstat of an open file");
  return {status.st_mode & all_mode_bits,
          status.st_uid,
          status.st_gid,
          status.st_atim,
          status.st_mtim,
          extended_attributes_of(descriptor)};
}

std::vector<std::string> give_attributes(int descriptor, const FileAttributes& attributes) {
  std::vector<std::string> not_kept;
  mode_t mode = attributes.mode;
  // The owner first: a change of it takes the set-id bits away.
  if (::fchown(descriptor, attributes.owner, attributes.group) != 0) {
    not_kept.push_back(failure("owner " + std::to_string(attributes.owner) + ":" +
                               std::to_string(attributes.group)));
    mode &= ~set_id_bits;
  }
  if (!has_access_list(attributes)) (void)::fremovexattr(descriptor, access_list);
  if (::fchmod(descriptor, mode) != 0) not_kept.push_back(failure("mode"));
  for (const ExtendedAttribute& attribute : attributes.extended)
    if (::fsetxattr(descriptor, attribute.name.c_str(), attribute.value.data(),
                    attribute.value.size(), 0) != 0)
      not_kept.push_back(failure("attribute " + attribute.name));
  const timespec times[]{attributes.accessed, attributes.modified};
  struct stat status {};
  if (::futimens(descriptor, times) != 0)
    not_kept.push_back(failure("times"));
  else if (::fstat(descriptor, &status) == 0 && !same_time(status.st_mtim, attributes.modified))
    not_kept.emplace_back("time of modification: the file system keeps it less precisely");
  return not_kept;
}

}  // namespace imgdedup::posix
