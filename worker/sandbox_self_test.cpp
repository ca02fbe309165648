// SPDX-License-Identifier: Apache-2.0
// Asks a worker to break out of its sandbox, from every side.
#include "worker/sandbox_self_test.h"

#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "posix/unique_descriptor.h"
#include "worker/job_codec.h"
#include "worker/sandbox_layers.h"

namespace imgdedup::worker {
namespace {

struct Run {
  int wait_status = 0;
  std::string output;
};

Run run(const std::string& path, std::string argument) {
  std::array<int, 2> pipe{-1, -1};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0)
    throw std::system_error(errno, std::generic_category(), "make a pipe to a worker");
  const posix::UniqueDescriptor reading(pipe[0]);
  posix::UniqueDescriptor writing(pipe[1]);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  // A file that could be mapped.
  ::posix_spawn_file_actions_addopen(&actions, 0, path.c_str(), O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, writing.get(), 1);
  ::posix_spawn_file_actions_adddup2(&actions, writing.get(), 2);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  std::string program = path;
  std::array<char*, 3> arguments{program.data(), argument.data(), nullptr};
  std::array<char*, 1> environment{nullptr};
  pid_t child = -1;
  const int error =
      ::posix_spawn(&child, path.c_str(), &actions, nullptr, arguments.data(), environment.data());
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::system_error(error, std::generic_category(), "start " + path);
  writing.reset();

  Run result;
  std::array<char, 1024> buffer;
  for (;;) {
    const ssize_t size = ::read(reading.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    result.output.append(buffer.data(), static_cast<std::size_t>(size));
  }
  while (::waitpid(child, &result.wait_status, 0) < 0 && errno == EINTR) {
  }
  return result;
}

/// The line of the output that begins so, without its beginning.
std::string line_of(const std::string& output, std::string_view beginning) {
  const auto start = output.find(beginning);
  if (start == std::string::npos) return {};
  const auto from = start + beginning.size();
  return printable_line(std::string_view(output).substr(from, output.find('\n', from) - from), 200);
}

}  // namespace

bool SandboxSelfTest::passed() const {
  return missing_layers.empty() && !probes.empty() &&
         std::ranges::all_of(probes, [](const ProbeResult& probe) { return probe.held; });
}

SandboxSelfTest test_sandbox(const std::string& worker_path) {
  SandboxSelfTest test;
  for (const std::string_view name : sandbox_probe_names) {
    const Run tried = run(worker_path, std::string(sandbox_probe_option) + std::string(name));
    ProbeResult& result = test.probes.emplace_back();
    result.name = name;
    test.missing_layers = line_of(tried.output, "missing: ");
    const bool shut_itself_in = tried.output.find("missing: ") != std::string::npos;
    if (!shut_itself_in) {
      result.outcome = "the worker did not come to it";
      test.missing_layers = "all";
    } else if (WIFSIGNALED(tried.wait_status)) {
      const int number = WTERMSIG(tried.wait_status);
      const char* abbreviation = ::sigabbrev_np(number);
      // Any other death would be an accident, and says nothing.
      result.held = number == SIGSYS;
      result.outcome = "killed: SIG" + std::string(abbreviation ? abbreviation : "?");
    } else {
      const auto end = static_cast<ProbeEnd>(WEXITSTATUS(tried.wait_status));
      const std::string why = line_of(tried.output, "error: ");
      result.held = end == ProbeEnd::refused;
      result.outcome = result.held                     ? "refused: " + why
                       : end == ProbeEnd::went_through ? "WENT THROUGH"
                                                       : "failed otherwise: " + why;
    }
  }
  return test;
}

std::string to_text(const SandboxSelfTest& test) {
  std::string text = "layers        ";
  text += test.missing_layers.empty() ? "all in force" : "MISSING: " + test.missing_layers;
  text += '\n';
  for (const ProbeResult& probe : test.probes) {
    std::string name = probe.name;
    name.resize(std::max<std::size_t>(name.size() + 2, 14), ' ');
    text += name + probe.outcome + '\n';
  }
  return text;
}

}  // namespace imgdedup::worker
