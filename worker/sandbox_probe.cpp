// SPDX-License-Identifier: Apache-2.0
// What a worker that was taken over would try first, tried.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <thread>

#include "matching/name_table.h"
#include "worker/sandbox.h"

namespace imgdedup::worker {
namespace {

constexpr matching::NameTable<SandboxProbe, sandbox_probe_names.size()> probe_names{
    sandbox_probe_names};

/// Whether the call went through; errno says why not.
bool succeeds(SandboxProbe probe, pid_t parent) {
  switch (probe) {
    case SandboxProbe::open_file:
      return ::open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0;
    case SandboxProbe::create_file: {
      constexpr const char* path = "/tmp/imgdedup-worker-sandbox-probe";
      if (::open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) < 0) return false;
      ::unlink(path);
      return true;
    }
    case SandboxProbe::file_status: {
      struct stat status {};
      return ::stat("/etc/passwd", &status) == 0;
    }
    case SandboxProbe::network_socket:
      return ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0;
    case SandboxProbe::local_socket:
      return ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0;
    case SandboxProbe::execute: {
      const char* arguments[] = {"/bin/sh", "-c", "exit 10", nullptr};
      ::execve(arguments[0], const_cast<char* const*>(arguments), nullptr);
      return false;
    }
    case SandboxProbe::fork: {
      const pid_t child = ::fork();
      if (child == 0) ::_exit(0);
      if (child > 0) ::waitpid(child, nullptr, 0);
      return child > 0;
    }
    case SandboxProbe::thread:
      try {
        std::thread([] {}).join();
        return true;
      } catch (const std::system_error& error) {
        errno = error.code().value();
        return false;
      }
    case SandboxProbe::trace_parent:
      // Unlike PTRACE_ATTACH this does not stop it, and ends with this process.
      return ::ptrace(PTRACE_SEIZE, parent, nullptr, nullptr) == 0;
    case SandboxProbe::signal_parent:
      return ::kill(parent, 0) == 0;
    case SandboxProbe::executable_memory:
      return ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
                    -1, 0) != MAP_FAILED;
    case SandboxProbe::map_file:
      return ::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, STDIN_FILENO, 0) != MAP_FAILED;
    case SandboxProbe::io_uring: {
      std::array<std::uint64_t, 15> parameters{};  // struct io_uring_params
      return ::syscall(SYS_io_uring_setup, 1, parameters.data()) >= 0;
    }
    case SandboxProbe::other_abi: {
#if defined(__x86_64__)
      constexpr long x32 = 0x40000000;
      return ::syscall(x32 | SYS_getpid) >= 0;
#else
      // It has one only.
      errno = EPERM;
      return false;
#endif
    }
  }
  return true;
}

}  // namespace

std::optional<SandboxProbe> sandbox_probe_from_name(std::string_view name) {
  return probe_names.from_name(name);
}

std::optional<int> try_from_inside(SandboxProbe probe, pid_t parent) {
  errno = 0;
  if (succeeds(probe, parent)) return std::nullopt;
  return errno;
}

}  // namespace imgdedup::worker
