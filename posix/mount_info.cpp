// SPDX-License-Identifier: Apache-2.0
// On which kind of file system something lies.
#include "posix/mount_info.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace imgdedup::posix {
namespace {

struct Kind {
  std::uint64_t magic;
  std::string_view name;
  bool is_remote;
};

// statfs(2) and linux/magic.h. The overlay is no network, but its lower layers change unseen as
// well.
constexpr std::array kinds{
    Kind{0x6969, "nfs", true},         Kind{0xFE534D42, "smb2", true},
    Kind{0xFF534D42, "cifs", true},    Kind{0x517B, "smb", true},
    Kind{0x65735546, "fuse", true},    Kind{0x01021997, "9p", true},
    Kind{0x00C36400, "ceph", true},    Kind{0x5346414F, "afs", true},
    Kind{0x6B414653, "kafs", true},    Kind{0x73757245, "coda", true},
    Kind{0x0BD00BD0, "lustre", true},  Kind{0x47504653, "gpfs", true},
    Kind{0x01161970, "gfs2", true},    Kind{0x7461636F, "ocfs2", true},
    Kind{0x786F4256, "vboxsf", true},  Kind{0xBACBACBC, "vmhgfs", true},
    Kind{0x794C7630, "overlay", true}, Kind{0xEF53, "ext4", false},
    Kind{0x58465342, "xfs", false},    Kind{0x9123683E, "btrfs", false},
    Kind{0x01021994, "tmpfs", false},  Kind{0x2FC12FC1, "zfs", false},
    Kind{0xF2F52010, "f2fs", false},   Kind{0xCA451A4E, "bcachefs", false},
    Kind{0x4D44, "vfat", false},       Kind{0x2011BAB0, "exfat", false},
    Kind{0x5346544E, "ntfs", false},   Kind{0x7366746E, "ntfs3", false},
    Kind{0x9660, "iso9660", false},
};

const Kind* find_kind(std::uint64_t magic) noexcept {
  const auto* const found = std::ranges::find(kinds, magic, &Kind::magic);
  return found == kinds.end() ? nullptr : found;
}

}  // namespace

FileSystem file_system_of(int descriptor) {
  struct statfs raw;
  if (::fstatfs(descriptor, &raw) != 0)
    throw std::system_error(errno, std::generic_category(), "fstatfs of an open file");
  // f_type is a signed long on some machines; the magics are 32 bits.
  const auto magic = static_cast<std::uint64_t>(static_cast<std::uint32_t>(raw.f_type));
  static_assert(sizeof raw.f_fsid == sizeof(std::uint64_t));
  std::uint64_t id = 0;
  std::memcpy(&id, &raw.f_fsid, sizeof id);
  return {.magic = magic, .id = id, .is_remote = is_remote_magic(magic)};
}

bool on_same_mount(int left, int right) {
  std::array<struct statx, 2> found{};
  for (std::size_t i = 0; i < found.size(); ++i)
    if (::statx(i == 0 ? left : right, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_MNT_ID,
                &found[i]) != 0)
      throw std::system_error(errno, std::generic_category(), "statx of an open file");
  const bool has_ids = (found[0].stx_mask & found[1].stx_mask & STATX_MNT_ID) != 0;
  // Before Linux 5.8 two mounts of one file system look like one.
  return has_ids ? found[0].stx_mnt_id == found[1].stx_mnt_id
                 : found[0].stx_dev_major == found[1].stx_dev_major &&
                       found[0].stx_dev_minor == found[1].stx_dev_minor;
}

bool is_remote_magic(std::uint64_t magic) noexcept {
  const Kind* const kind = find_kind(magic);
  return kind && kind->is_remote;
}

std::string_view file_system_name(std::uint64_t magic) noexcept {
  const Kind* const kind = find_kind(magic);
  return kind ? kind->name : std::string_view();
}

}  // namespace imgdedup::posix
