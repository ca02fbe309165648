// SPDX-License-Identifier: Apache-2.0
// The real imgdedupd in a directory of its own.
#include "end_to_end/service.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <stdexcept>
#include <thread>

namespace imgdedup::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds poll_interval{20};
constexpr std::chrono::seconds start_time{30};
constexpr std::chrono::seconds stop_time{20};
constexpr std::chrono::seconds program_time{60};

int status_of_end(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

pid_t spawn(const std::vector<std::string>& command,
            const std::map<std::string, std::string>& environment, int output, int errors) {
  const pid_t pid = ::fork();
  if (pid < 0) throw std::runtime_error("fork failed");
  if (pid > 0) return pid;
  ::dup2(output, STDOUT_FILENO);
  ::dup2(errors, STDERR_FILENO);
  for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> arguments;
  for (const std::string& argument : command)
    arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  ::execvp(arguments[0], arguments.data());
  ::_exit(127);
}

}  // namespace

void wait_until(const std::function<bool()>& condition, std::string_view what,
                std::chrono::seconds timeout) {
  const auto deadline = steady_clock::now() + timeout;
  while (!condition()) {
    if (steady_clock::now() > deadline)
      throw std::runtime_error("did not happen in time: " + std::string(what));
    std::this_thread::sleep_for(poll_interval);
  }
}

ProgramResult run_program(const std::vector<std::string>& command,
                          const std::map<std::string, std::string>& environment) {
  const TemporaryDirectory directory;
  const std::string output = directory / "output";
  const std::string errors = directory / "errors";
  const posix::UniqueDescriptor output_file(
      ::open(output.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  const posix::UniqueDescriptor error_file(
      ::open(errors.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  const pid_t pid = spawn(command, environment, output_file.get(), error_file.get());
  int status = 0;
  const auto deadline = steady_clock::now() + program_time;
  while (::waitpid(pid, &status, WNOHANG) == 0) {
    if (steady_clock::now() > deadline) ::kill(pid, SIGKILL);
    std::this_thread::sleep_for(milliseconds(5));
  }
  return {status_of_end(status), read_file(output), read_file(errors)};
}

Service::Service(std::string more_yaml, std::string watch_yaml) {
  std::filesystem::create_directories(root());
  write_settings(more_yaml, watch_yaml);
}

Service::~Service() {
  if (is_running()) stop();
}

void Service::write_settings(const std::string& more_yaml, const std::string& watch_yaml) {
  const std::string watch =
      watch_yaml.empty() ? "  - path: '" + root().string() + "'\n" : watch_yaml;
  const std::string workers = more_yaml.find("workers:") == std::string::npos ? "workers: 2\n" : "";
  write_file(settings_path(), "watch:\n" + watch + "catalog: '" + catalog().string() +
                                  "'\nduplicates_log: '" + duplicates_log().string() +
                                  "'\nsocket: {path: '" + socket().string() +
                                  "'}\nsettle_time: 100ms\n" + workers + more_yaml);
}

void Service::launch(const std::map<std::string, std::string>& environment) {
  const std::string log = directory_ / "service.log";
  const posix::UniqueDescriptor log_file(
      ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  std::vector<std::string> command = command_before_;
  for (const std::string& argument :
       {std::string(IMGDEDUPD_PATH), std::string("--config"), settings_path().string()})
    command.push_back(argument);
  pid_ = spawn(command, environment, log_file.get(), log_file.get());
}

void Service::start_unanswered(const std::map<std::string, std::string>& environment) {
  launch(environment);
}

void Service::start(const std::map<std::string, std::string>& environment) {
  launch(environment);
  const auto deadline = steady_clock::now() + start_time;
  for (;;) {
    if (!is_running())
      throw std::runtime_error("the service ended at its start:\n" + service_log());
    try {
      call("status");
      return;
    } catch (const protocol::ServiceUnreachable&) {
      if (steady_clock::now() > deadline)
        throw std::runtime_error("the service does not answer:\n" + service_log());
    }
    std::this_thread::sleep_for(poll_interval);
  }
}

bool Service::is_running() {
  if (pid_ < 0) return false;
  siginfo_t info{};
  info.si_pid = 0;
  ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
  return info.si_pid == 0;
}

int Service::wait_for_end() {
  const auto deadline = steady_clock::now() + stop_time;
  int status = 0;
  while (::waitpid(pid_, &status, WNOHANG) == 0) {
    if (steady_clock::now() > deadline) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, &status, 0);
      pid_ = -1;
      throw std::runtime_error("the service did not end:\n" + service_log());
    }
    std::this_thread::sleep_for(poll_interval);
  }
  pid_ = -1;
  return status_of_end(status);
}

int Service::stop() {
  ::kill(pid_, SIGTERM);
  return wait_for_end();
}

void Service::kill() {
  ::kill(pid_, SIGKILL);
  wait_for_end();
}

protocol::Json Service::call(std::string_view method, const protocol::Json& params) {
  protocol::Client client(socket().string());
  return client.call(method, params);
}

std::vector<protocol::Json> Service::list(std::string_view method, const protocol::Json& params) {
  protocol::Client client(socket().string());
  std::vector<protocol::Json> items;
  protocol::for_each_item(client, method, params,
                          [&](const protocol::Json& item) {
                            items.push_back(item);
                            return true;
                          },
                          {});
  return items;
}

void Service::sync(std::chrono::seconds timeout) {
  try {
    call("sync", {{"timeout", std::to_string(timeout.count()) + "s"}});
  } catch (const std::exception& error) {
    std::string status;
    try {
      status = call("status").dump();
      for (const protocol::Json& file : list("files")) status += "\n" + file.dump();
    } catch (const std::exception&) {
      // It has ended: its log says why.
    }
    throw std::runtime_error(std::string("sync: ") + error.what() + "\n" + status + "\n" +
                             service_log());
  }
}

ProgramResult Service::ctl(std::vector<std::string> arguments) {
  std::vector<std::string> command{IMGDEDUPCTL_PATH, "--socket", socket().string()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run_program(command);
}

std::vector<protocol::Json> Service::log_lines() const {
  std::vector<protocol::Json> lines;
  if (!std::filesystem::exists(duplicates_log())) return lines;
  const std::string text = read_file(duplicates_log());
  std::size_t begin = 0;
  for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    lines.push_back(protocol::Json::parse(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  if (begin != text.size()) throw std::runtime_error("the duplicates log ends in half a line");
  return lines;
}

std::string Service::service_log() const {
  const auto path = directory_ / "service.log";
  return std::filesystem::exists(path) ? read_file(path) : "";
}

std::vector<std::string> Service::decisions() {
  std::vector<std::string> texts;
  const std::string prefix = root().string() + "/";
  const auto below = [&](const std::string& path) {
    return path.starts_with(prefix) ? path.substr(prefix.size()) : path;
  };
  for (const auto& decision : list("duplicates"))
    texts.push_back(decision.at("relation").get<std::string>() + " " +
                    below(decision.at("path").get<std::string>()) + " < " +
                    below(decision.at("original").get<std::string>()));
  std::sort(texts.begin(), texts.end());
  return texts;
}

std::filesystem::path test_data(std::string_view what) {
  const char* path = ::getenv("IMGDEDUP_TEST_DATA");
  if (path && *path) return path;
  std::printf("SKIPPED: %s (IMGDEDUP_TEST_DATA is not set)\n", std::string(what).c_str());
  return {};
}

}  // namespace imgdedup::testing
