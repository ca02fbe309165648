// SPDX-License-Identifier: Apache-2.0
// What a worker that was taken over would try first, tried.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "matching/name_table.h"
#include "worker/sandbox.h"

namespace imgdedup::worker {
namespace {

constexpr matching::NameTable<SandboxProbe, sandbox_probe_names.size()> probe_names{
    sandbox_probe_names};

/// Whether the call went through; errno says why not.
bool succeeds(SandboxProbe probe) {
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
      const char* arguments[] = {"/bin/sh", "-c", "exit 77", nullptr};
      ::execve(arguments[0], const_cast<char* const*>(arguments), nullptr);
      return false;
    }
    case SandboxProbe::fork: {
      const pid_t child = ::fork();
      if (child == 0) ::_exit(0);
      if (child > 0) ::waitpid(child, nullptr, 0);
      return child > 0;
    }
    case SandboxProbe::trace_parent:
      if (::ptrace(PTRACE_ATTACH, ::getppid(), nullptr, nullptr) != 0) return false;
      ::ptrace(PTRACE_DETACH, ::getppid(), nullptr, nullptr);
      return true;
    case SandboxProbe::signal_parent:
      return ::kill(::getppid(), 0) == 0;
    case SandboxProbe::executable_memory:
      return ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
                    -1, 0) != MAP_FAILED;
  }
  return true;
}

}  // namespace

std::optional<SandboxProbe> sandbox_probe_from_name(std::string_view name) {
  return probe_names.from_name(name);
}

std::optional<std::string> try_from_inside(SandboxProbe probe) {
  errno = 0;
  if (succeeds(probe)) return std::nullopt;
  return std::generic_category().message(errno);
}

}  // namespace imgdedup::worker
