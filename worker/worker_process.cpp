// SPDX-License-Identifier: Apache-2.0
// One worker process seen from the asking side.
#include "worker/worker_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

#include "worker/job_codec.h"
#include "worker/process_setup.h"

namespace imgdedup::worker {
namespace {

using posix::UniqueDescriptor;

constexpr std::size_t kept_standard_error_bytes = 1000;
constexpr std::size_t last_words_bytes = 200;

[[noreturn]] void fail(int error_number, const std::string& what) {
  throw std::system_error(error_number, std::generic_category(), what);
}

// By number: the header of glibc 2.36 declares pidfd_open() for C only.
int open_process(pid_t process_id) {
  return static_cast<int>(::syscall(SYS_pidfd_open, process_id, 0));
}

/// A copy above the numbers that the child's descriptors get, so that dup2 there overwrites none.
UniqueDescriptor above_child_descriptors(int descriptor) {
  UniqueDescriptor copy(::fcntl(descriptor, F_DUPFD_CLOEXEC, worker_model_descriptor + 1));
  if (!copy) fail(errno, "duplicate a descriptor for a worker");
  return copy;
}

class FileActions {
 public:
  /// model: -1 for none.
  FileActions(int channel, int standard_error, int model) {
    check(::posix_spawn_file_actions_init(&actions_));
    check(::posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0));
    check(::posix_spawn_file_actions_addopen(&actions_, 1, "/dev/null", O_WRONLY, 0));
    check(::posix_spawn_file_actions_adddup2(&actions_, standard_error, 2));
    check(::posix_spawn_file_actions_adddup2(&actions_, channel, worker_channel_descriptor));
    if (model >= 0)
      check(::posix_spawn_file_actions_adddup2(&actions_, model, worker_model_descriptor));
    check(::posix_spawn_file_actions_addclosefrom_np(
        &actions_, model >= 0 ? worker_model_descriptor + 1 : worker_channel_descriptor + 1));
  }
  ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  [[nodiscard]] const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  static void check(int error_number) {
    if (error_number != 0) fail(error_number, "prepare the descriptors of a worker");
  }
  posix_spawn_file_actions_t actions_{};
};

class SpawnAttributes {
 public:
  SpawnAttributes() {
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    check(::posix_spawnattr_init(&attributes_));
    check(::posix_spawnattr_setsigmask(&attributes_, &none));
    check(::posix_spawnattr_setsigdefault(&attributes_, &all));
    check(::posix_spawnattr_setpgroup(&attributes_, 0));
    check(::posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP));
  }
  ~SpawnAttributes() { ::posix_spawnattr_destroy(&attributes_); }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;
  [[nodiscard]] const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  static void check(int error_number) {
    if (error_number != 0) fail(error_number, "prepare the attributes of a worker");
  }
  posix_spawnattr_t attributes_{};
};

}  // namespace

std::string describe(const ProcessEnd& end) {
  switch (end.kind) {
    case ProcessEnd::Kind::exited:
      return "ended with status " + std::to_string(end.code);
    case ProcessEnd::Kind::killed: {
      const char* name = ::sigabbrev_np(end.code);
      return "was killed by signal " + std::to_string(end.code) +
             (name ? " (SIG" + std::string(name) + ")" : std::string());
    }
    case ProcessEnd::Kind::unknown:
      break;
  }
  return "ended";
}

WorkerProcess::WorkerProcess(const WorkerProcessSettings& settings) {
  std::array<int, 2> pair{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) != 0)
    fail(errno, "make a channel to a worker");
  channel_.reset(pair[0]);
  const UniqueDescriptor low_channel(pair[1]);
  const auto child_channel = above_child_descriptors(low_channel.get());
  // Both ends non-blocking: neither side ever waits for the other's messages to people.
  if (::pipe2(pair.data(), O_CLOEXEC | O_NONBLOCK) != 0) fail(errno, "make a pipe to a worker");
  standard_error_.reset(pair[0]);
  const UniqueDescriptor low_standard_error(pair[1]);
  const auto child_standard_error = above_child_descriptors(low_standard_error.get());
  UniqueDescriptor child_model;
  ServeArguments serve{settings.memory_bytes, settings.sandbox};
  if (settings.model_descriptor >= 0) {
    child_model = above_child_descriptors(settings.model_descriptor);
    serve.embedding = settings.embedding;
  }

  auto arguments = to_command_line(settings.path, serve);
  std::vector<char*> argument_pointers;
  for (std::string& argument : arguments) argument_pointers.push_back(argument.data());
  argument_pointers.push_back(nullptr);
  std::string max_pixels = "OPENCV_IO_MAX_IMAGE_PIXELS=" + std::to_string(settings.max_pixels);
  std::array<char*, 2> environment{max_pixels.data(), nullptr};

  const FileActions actions(child_channel.get(), child_standard_error.get(), child_model.get());
  const SpawnAttributes attributes;
  const int error_number =
      ::posix_spawn(&process_id_, settings.path.c_str(), actions.get(), attributes.get(),
                    argument_pointers.data(), environment.data());
  if (error_number != 0) fail(error_number, "start " + settings.path);

  process_.reset(open_process(process_id_));
  if (!process_) {
    const int open_error = errno;
    ::kill(process_id_, SIGKILL);
    ::waitpid(process_id_, nullptr, 0);
    fail(open_error, "watch " + settings.path);
  }
}

WorkerProcess::WorkerProcess(WorkerProcess&& other) noexcept
    : channel_(std::move(other.channel_)),
      standard_error_(std::move(other.standard_error_)),
      process_(std::move(other.process_)),
      process_id_(std::exchange(other.process_id_, -1)),
      end_(other.end_),
      standard_error_tail_(std::move(other.standard_error_tail_)) {}

WorkerProcess::~WorkerProcess() {
  if (!process_ || try_reap()) return;
  kill();
  pollfd ended{process_.get(), POLLIN, 0};
  ::poll(&ended, 1, 1000);
  try_reap();
}

void WorkerProcess::kill() {
  if (!end_) ::syscall(SYS_pidfd_send_signal, process_.get(), SIGKILL, nullptr, 0);
}

std::optional<ProcessEnd> WorkerProcess::try_reap() {
  if (end_) return end_;
  siginfo_t information{};
  if (::waitid(P_PIDFD, static_cast<id_t>(process_.get()), &information, WEXITED | WNOHANG) != 0) {
    // Somebody else reaped it, or SIGCHLD is ignored: that it has ended is all one can know.
    if (errno == ECHILD) end_ = ProcessEnd{};
    return end_;
  }
  if (information.si_pid == 0) return std::nullopt;
  end_ = ProcessEnd{
      information.si_code == CLD_EXITED ? ProcessEnd::Kind::exited : ProcessEnd::Kind::killed,
      information.si_status};
  return end_;
}

void WorkerProcess::drain_standard_error() {
  std::array<char, 4096> buffer;
  for (std::size_t taken = 0; taken < 64 * 1024;) {
    const ssize_t size = ::read(standard_error_.get(), buffer.data(), buffer.size());
    if (size <= 0) return;
    taken += static_cast<std::size_t>(size);
    standard_error_tail_.append(buffer.data(), static_cast<std::size_t>(size));
    if (standard_error_tail_.size() > kept_standard_error_bytes)
      standard_error_tail_.erase(0, standard_error_tail_.size() - kept_standard_error_bytes);
  }
}

std::string WorkerProcess::last_words() const {
  std::string_view text = standard_error_tail_;
  const auto end = text.find_last_not_of("\n\r ");
  if (end == std::string_view::npos) return {};
  text = text.substr(0, end + 1);
  const auto line_break = text.find_last_of('\n');
  if (line_break != std::string_view::npos) text.remove_prefix(line_break + 1);
  return printable_line(text, last_words_bytes);
}

}  // namespace imgdedup::worker
