// SPDX-License-Identifier: Apache-2.0
// What belongs to a file beside its bytes: mode, owner, times, access list, extended attributes.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <ctime>
#include <string>
#include <vector>

namespace imgdedup::posix {

struct ExtendedAttribute {
  std::string name;  ///< "user.note", "system.posix_acl_access" ...
  std::string value;

  bool operator==(const ExtendedAttribute&) const = default;
};

/// Times since 1970. Times of change and birth are the file system's own and not among them.
struct FileAttributes {
  mode_t mode = 0;  ///< permission bits, set-id bits included
  uid_t owner = 0;
  gid_t group = 0;
  timespec accessed{};
  timespec modified{};
  std::vector<ExtendedAttribute> extended;  ///< by name; without labels that a policy sets
};

/// Of an open file. Attributes that this process may not read are left out. Throws
/// std::system_error. Any thread.
FileAttributes attributes_of(int descriptor);

/// Gives an open file, of this process, all of them as far as it may and the file system can; an
/// access list that it inherited from its folder goes. What could not be kept, in words ("owner
/// 1000:1000: Operation not permitted"); the set-id bits are not given to a file of another owner.
/// Does not throw for what the system refuses. Any thread.
std::vector<std::string> give_attributes(int descriptor, const FileAttributes& attributes);

}  // namespace imgdedup::posix
