// SPDX-License-Identifier: Apache-2.0
// A worker process gives up every right that hashing does not need.
#include "worker/sandbox.h"

#include <linux/landlock.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <utility>

#include "posix/unique_descriptor.h"

namespace imgdedup::worker {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool can_be_shut_in = false;
#else
constexpr bool can_be_shut_in = true;
#endif

/// Beside these: what filter_system_calls() allows with some arguments only.
constexpr std::array allowed_calls{
    // A passed file: read from an offset, never mapped.
    SCMP_SYS(pread64),
    SCMP_SYS(fstat),
    SCMP_SYS(close),
    // Memory.
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    // Locks that are never fought over, clocks, random numbers.
    SCMP_SYS(futex),
    SCMP_SYS(sched_yield),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(getrandom),
    // The end, also by abort().
    SCMP_SYS(exit_group),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigaction),
    // After SIGSTOP and SIGCONT.
    SCMP_SYS(restart_syscall),
};

/// What a library may try and can do without. Refused, not punished.
constexpr std::array refused_calls{
    SCMP_SYS(open),          SCMP_SYS(openat),     SCMP_SYS(openat2),
    SCMP_SYS(access),        SCMP_SYS(faccessat),  SCMP_SYS(faccessat2),
    SCMP_SYS(stat),          SCMP_SYS(lstat),      SCMP_SYS(statx),
    SCMP_SYS(newfstatat),    SCMP_SYS(statfs),     SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),    SCMP_SYS(getcwd),     SCMP_SYS(getdents64),
    SCMP_SYS(unlink),        SCMP_SYS(unlinkat),   SCMP_SYS(read),
    SCMP_SYS(lseek),         SCMP_SYS(ioctl),      SCMP_SYS(fcntl),
    SCMP_SYS(socket),        SCMP_SYS(socketpair), SCMP_SYS(clone),
    SCMP_SYS(clone3),        SCMP_SYS(fork),       SCMP_SYS(vfork),
    SCMP_SYS(kill),          SCMP_SYS(sysinfo),    SCMP_SYS(uname),
    SCMP_SYS(prlimit64),     SCMP_SYS(getrlimit),  SCMP_SYS(getrusage),
    SCMP_SYS(get_mempolicy), SCMP_SYS(getppid),    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(getuid),        SCMP_SYS(geteuid),    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
};

/// Layers hold for the thread that puts them on; there must be no other.
bool is_only_thread() {
  constexpr nlink_t self_parent_and_one_thread = 3;
  struct stat threads {};
  return ::stat("/proc/self/task", &threads) == 0 && threads.st_nlink == self_parent_and_one_thread;
}

bool forbid_new_privileges() {
  // Nor may others of this user look into its memory, where pictures lie.
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

bool forbid_files() {
  // Each version of Landlock knows some rights more; naming one it does not know is an error.
  constexpr int first_with_network = 4, first_with_scopes = 6;
  const long version =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return false;
  struct Attributes {
    std::uint64_t files = 0;
    std::uint64_t network = 0;
    std::uint64_t scopes = 0;
  } attributes;
  const int file_rights = version >= 5 ? 16 : version >= 3 ? 15 : version >= 2 ? 14 : 13;
  attributes.files = (std::uint64_t{1} << file_rights) - 1;
  std::size_t size = sizeof attributes.files;
  if (version >= first_with_network) {
    attributes.network = 3;  // bind and connect, TCP
    size += sizeof attributes.network;
  }
  if (version >= first_with_scopes) {
    attributes.scopes = 3;  // abstract sockets and signals
    size += sizeof attributes.scopes;
  }
  const posix::UniqueDescriptor rules(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, size, 0)));
  return rules && ::syscall(SYS_landlock_restrict_self, rules.get(), 0) == 0;
}

bool forbid_by_limits() {
  // Standard error is a pipe, so no file has to grow.
  const rlimit none{0, 0};
  return ::setrlimit(RLIMIT_FSIZE, &none) == 0 && ::setrlimit(RLIMIT_NPROC, &none) == 0;
}

struct FilterRelease {
  void operator()(void* filter) const { ::seccomp_release(filter); }
};

bool filter_system_calls(int channel) {
  const std::unique_ptr<void, FilterRelease> filter(::seccomp_init(SCMP_ACT_KILL_PROCESS));
  if (!filter) return false;
  constexpr std::uint32_t allow = SCMP_ACT_ALLOW, refuse = SCMP_ACT_ERRNO(EPERM);
  bool done = true;
  const auto add = [&](std::uint32_t action, int call) {
    // Negative: this architecture has no such call.
    done = done && (call < 0 || ::seccomp_rule_add(filter.get(), action, call, 0) == 0);
  };
  const auto add_where = [&](std::uint32_t action, int call, scmp_arg_cmp condition) {
    done = done && ::seccomp_rule_add(filter.get(), action, call, 1, condition) == 0;
  };
  for (const int call : allowed_calls) add(allow, call);
  for (const int call : refused_calls) add(refuse, call);
  for (const int call : {SCMP_SYS(sendmsg), SCMP_SYS(recvmsg)})
    add_where(allow, call, SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(channel)));
  // Complaints.
  for (const int call : {SCMP_SYS(write), SCMP_SYS(writev)}) {
    add_where(allow, call, SCMP_A0(SCMP_CMP_LE, STDERR_FILENO));
    add_where(refuse, call, SCMP_A0(SCMP_CMP_GT, STDERR_FILENO));
  }
  // Memory that holds code came with the program.
  const scmp_arg_cmp no_code = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
  const scmp_arg_cmp code = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC);
  add_where(allow, SCMP_SYS(mprotect), no_code);
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) add_where(refuse, call, code);
  // Files are read. A mapping of one that came open for writing would write it, past RLIMIT_FSIZE.
  // The descriptor is an int: that of no file is negative.
  constexpr scmp_datum_t sign = 0x80000000;
  done = done &&
         ::seccomp_rule_add(filter.get(), allow, SCMP_SYS(mmap), 2, no_code,
                            SCMP_A4(SCMP_CMP_MASKED_EQ, sign, sign)) == 0 &&
         ::seccomp_rule_add(filter.get(), refuse, SCMP_SYS(mmap), 2, no_code,
                            SCMP_A4(SCMP_CMP_MASKED_EQ, sign, 0)) == 0;
  // abort() signals its own thread.
  add_where(allow, SCMP_SYS(tgkill), SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(::getpid())));
  return done && ::seccomp_load(filter.get()) == 0;
}

}  // namespace

SandboxLayers enter_sandbox(int channel) {
  if (!can_be_shut_in) return SandboxLayers::all();
  SandboxLayers layers;
  const bool holds_for_all = is_only_thread();
  layers.limits = forbid_by_limits();
  layers.no_new_privileges = forbid_new_privileges() && holds_for_all;
  layers.landlock = forbid_files() && holds_for_all;
  layers.system_call_filter = filter_system_calls(channel) && holds_for_all;
  return layers;
}

}  // namespace imgdedup::worker
