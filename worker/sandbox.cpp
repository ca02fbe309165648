// SPDX-License-Identifier: Apache-2.0
// A worker process gives up every right that hashing does not need.
#include "worker/sandbox.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>

#include "posix/unique_descriptor.h"

namespace imgdedup::worker {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool calls_can_be_filtered = false;
#else
constexpr bool calls_can_be_filtered = true;
#endif

/// What a worker does: reads descriptors, computes, answers, complains on standard error, ends.
constexpr std::array allowed_calls{
    SCMP_SYS(read),
    SCMP_SYS(pread64),
    SCMP_SYS(write),
    SCMP_SYS(close),
    SCMP_SYS(fstat),
    SCMP_SYS(lseek),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(brk),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(sendmsg),
    SCMP_SYS(recvmsg),
    SCMP_SYS(exit_group),
    SCMP_SYS(exit),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(sched_yield),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(getrandom),
    SCMP_SYS(gettid),
    SCMP_SYS(getppid),
    SCMP_SYS(getpid),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(restart_syscall),
};

/// What a library may try and can do without. Refused, not punished.
constexpr std::array refused_calls{
    SCMP_SYS(open),        SCMP_SYS(openat),     SCMP_SYS(openat2),       SCMP_SYS(access),
    SCMP_SYS(faccessat),   SCMP_SYS(faccessat2), SCMP_SYS(stat),          SCMP_SYS(lstat),
    SCMP_SYS(newfstatat),  SCMP_SYS(statx),      SCMP_SYS(statfs),        SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),  SCMP_SYS(getcwd),     SCMP_SYS(getdents64),    SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),    SCMP_SYS(socket),     SCMP_SYS(socketpair),    SCMP_SYS(clone),
    SCMP_SYS(clone3),      SCMP_SYS(fork),       SCMP_SYS(vfork),         SCMP_SYS(kill),
    SCMP_SYS(sysinfo),     SCMP_SYS(uname),      SCMP_SYS(ioctl),         SCMP_SYS(fcntl),
    SCMP_SYS(prlimit64),   SCMP_SYS(getrlimit),  SCMP_SYS(get_mempolicy), SCMP_SYS(set_robust_list),
    SCMP_SYS(getuid),      SCMP_SYS(geteuid),    SCMP_SYS(getgid),        SCMP_SYS(getegid),
    SCMP_SYS(sigaltstack),
};

bool forbid_new_privileges() {
  // Nor may others of this user look into its memory, where pictures lie.
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

bool forbid_files() {
  // Each version of Landlock knows some rights more; naming one it does not know is an error.
  constexpr int first_with_network = 4;
  const long version =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return false;
  struct Attributes {
    std::uint64_t files = 0;
    std::uint64_t network = 0;
  } attributes;
  const int file_rights = version >= 5 ? 16 : version >= 3 ? 15 : version >= 2 ? 14 : 13;
  attributes.files = (std::uint64_t{1} << file_rights) - 1;
  if (version >= first_with_network) attributes.network = 3;  // bind and connect, TCP
  const std::size_t size =
      version >= first_with_network ? sizeof attributes : sizeof attributes.files;
  const posix::UniqueDescriptor rules(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, size, 0)));
  return rules && ::syscall(SYS_landlock_restrict_self, rules.get(), 0) == 0;
}

struct FilterRelease {
  void operator()(void* filter) const { ::seccomp_release(filter); }
};

bool filter_system_calls() {
  if (!calls_can_be_filtered) return false;
  const std::unique_ptr<void, FilterRelease> filter(::seccomp_init(SCMP_ACT_KILL_PROCESS));
  if (!filter) return false;
  const auto add = [&](std::uint32_t action, int call, unsigned count, scmp_arg_cmp condition) {
    return ::seccomp_rule_add(filter.get(), action, call, count, condition) == 0;
  };
  const auto add_whole = [&](std::uint32_t action, int call) {
    // Negative: this architecture has no such call.
    return call < 0 || ::seccomp_rule_add(filter.get(), action, call, 0) == 0;
  };
  constexpr std::uint32_t refuse = SCMP_ACT_ERRNO(EPERM);
  bool done = true;
  for (const int call : allowed_calls) done = done && add_whole(SCMP_ACT_ALLOW, call);
  for (const int call : refused_calls) done = done && add_whole(refuse, call);
  // Memory that holds code came with the program.
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) {
    done = done && add(SCMP_ACT_ALLOW, call, 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    done = done && add(refuse, call, 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC));
  }
  // abort() signals its own thread.
  const auto self = static_cast<scmp_datum_t>(::getpid());
  done = done && add(SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, SCMP_A0(SCMP_CMP_EQ, self));
  return done && ::seccomp_load(filter.get()) == 0;
}

void forbid_by_limits() {
  // Standard error is a pipe, so no file has to grow.
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_FSIZE, &none);
  ::setrlimit(RLIMIT_NPROC, &none);
}

}  // namespace

SandboxLayers enter_sandbox() {
  SandboxLayers layers;
  forbid_by_limits();
  layers.no_new_privileges = forbid_new_privileges();
  layers.landlock = forbid_files();
  layers.system_call_filter = filter_system_calls();
  return layers;
}

}  // namespace imgdedup::worker
