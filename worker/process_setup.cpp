// SPDX-License-Identifier: Apache-2.0
// How a worker process is called, and what it does to itself before its first job.
#include "worker/process_setup.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cerrno>
#include <charconv>
#include <string_view>
#include <system_error>

#include "posix/unique_descriptor.h"

namespace imgdedup::worker {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool memory_can_be_limited = false;
#else
constexpr bool memory_can_be_limited = true;
#endif

constexpr std::string_view serve_option = "--serve";
constexpr std::string_view memory_option = "--memory-bytes=";
constexpr std::string_view sandbox_option = "--sandbox=";
constexpr std::string_view embedding_option = "--embedding=";
constexpr int politeness = 10;
constexpr rlim_t max_open_descriptors = 64;

void limit(__rlimit_resource resource, rlim_t value, const char* name) {
  // Never above a hard limit that is lower already.
  rlimit limits{};
  if (::getrlimit(resource, &limits) == 0 && limits.rlim_max < value) value = limits.rlim_max;
  limits = {value, value};
  if (::setrlimit(resource, &limits) != 0)
    throw std::system_error(errno, std::generic_category(), std::string("limit ") + name);
}

void prefer_as_out_of_memory_victim() {
  const posix::UniqueDescriptor file(::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  constexpr std::string_view score = "500";
  if (file && ::write(file.get(), score.data(), score.size()) < 0) return;
}

}  // namespace

std::vector<std::string> to_command_line(const std::string& path, const ServeArguments& arguments) {
  std::vector<std::string> line{
      path, std::string(serve_option),
      std::string(memory_option) + std::to_string(arguments.memory_bytes),
      std::string(sandbox_option) + std::string(name_of(arguments.sandbox))};
  if (arguments.embedding)
    line.push_back(std::string(embedding_option) + to_text(*arguments.embedding));
  return line;
}

std::optional<ServeArguments> serve_arguments_from(std::span<char* const> command_line) {
  if (command_line.size() < 4 || command_line.size() > 5 || command_line[1] != serve_option)
    return std::nullopt;
  ServeArguments arguments;
  if (command_line.size() == 5) {
    std::string_view embedding = command_line[4];
    if (!embedding.starts_with(embedding_option)) return std::nullopt;
    embedding.remove_prefix(embedding_option.size());
    arguments.embedding = matching::embedding_parameters_from_text(embedding);
    if (!arguments.embedding) return std::nullopt;
  }
  std::string_view sandbox = command_line[3];
  if (!sandbox.starts_with(sandbox_option)) return std::nullopt;
  const auto rule = sandbox_rules.from_name(sandbox.substr(sandbox_option.size()));
  if (!rule) return std::nullopt;
  arguments.sandbox = *rule;
  std::string_view memory = command_line[2];
  if (!memory.starts_with(memory_option)) return std::nullopt;
  memory.remove_prefix(memory_option.size());
  const auto result =
      std::from_chars(memory.data(), memory.data() + memory.size(), arguments.memory_bytes);
  if (result.ec != std::errc() || result.ptr != memory.data() + memory.size()) return std::nullopt;
  return arguments;
}

void set_up_worker_process(std::uint64_t memory_bytes) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
    throw std::system_error(errno, std::generic_category(), "tie a worker to its asking process");
  if (memory_can_be_limited) limit(RLIMIT_AS, memory_bytes, "memory");
  limit(RLIMIT_CORE, 0, "core files");
  limit(RLIMIT_NOFILE, max_open_descriptors, "open descriptors");
  // Not SCHED_IDLE: on a busy machine that starves a good picture until its deadline has passed.
  const sched_param parameters{};
  ::sched_setscheduler(0, SCHED_BATCH, &parameters);
  ::setpriority(PRIO_PROCESS, 0, politeness);
  prefer_as_out_of_memory_victim();
}

}  // namespace imgdedup::worker
