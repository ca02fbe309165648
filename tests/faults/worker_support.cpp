// SPDX-License-Identifier: Apache-2.0
// What the tests of the workers' faults share: a worker that obeys orders, and who takes how much
// memory.
#include "faults/worker_support.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace imgdedup::testing {
namespace {

namespace fs = std::filesystem;

void link_or_copy(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::create_hard_link(from, to, error);
  if (error) fs::copy_file(from, to);
}

/// The service and its workers, which are its children.
std::vector<pid_t> family_of(pid_t service) {
  std::vector<pid_t> family{service};
  for (const auto& thread : fs::directory_iterator("/proc/" + std::to_string(service) + "/task")) {
    std::ifstream children(thread.path() / "children");
    for (pid_t child = 0; children >> child;) family.push_back(child);
  }
  return family;
}

/// What is of files, libraries above all, counts once, as it lies in memory once.
std::uint64_t resident_bytes_of_family(pid_t service) {
  std::uint64_t own = 0, most_shared = 0;
  for (const pid_t process : family_of(service)) {
    std::ifstream file("/proc/" + std::to_string(process) + "/statm");
    std::uint64_t total = 0, resident = 0, shared = 0;
    file >> total >> resident >> shared;
    own += resident - shared;
    most_shared = std::max(most_shared, shared);
  }
  return (own + most_shared) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::map<std::string, std::string> unreadable(Service& service, const char* member) {
  std::map<std::string, std::string> all;
  for (const auto& file : service.list("unreadable"))
    all[fs::path(file.at("path").get<std::string>()).filename()] = file.at(member);
  return all;
}

}  // namespace

void use_faulty_worker(Service& service) {
  const fs::path programs = service.base() / "programs";
  fs::create_directories(programs);
  link_or_copy(IMGDEDUPD_PATH, programs / "imgdedupd");
  link_or_copy(FAULTY_WORKER_PATH, programs / "imgdedup-worker");
  service.run_through({"/bin/sh", "-c", "shift; exec \"$0\" \"$@\"", programs / "imgdedupd"});
}

void write_order(Service& service, const std::string& name, const std::string& order) {
  write_file(service.root() / name, "ORDER " + order + "\n" + name);
}

void change_setting(Service& service, const std::string& line, const std::string& instead) {
  std::string settings = read_file(service.settings_path());
  const auto at = settings.find(line);
  if (at == std::string::npos) throw std::runtime_error("no such setting: " + line);
  write_file(service.settings_path(), settings.replace(at, line.size(), instead));
}

bool at_full_size() {
  const char* const value = std::getenv("IMGDEDUP_TEST_FULL");
  return value != nullptr && std::string_view(value) == "1";
}

std::uint64_t resident_bytes(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/statm");
  std::uint64_t total = 0, resident = 0;
  file >> total >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

double processor_seconds(pid_t service) {
  std::uint64_t ticks = 0;
  for (const pid_t process : family_of(service)) {
    std::ifstream file("/proc/" + std::to_string(process) + "/stat");
    std::string line;
    std::getline(file, line);
    // Behind the name, which may hold anything: the state, and ten more before the four times (of
    // itself and of children that were waited for).
    std::istringstream fields(line.substr(std::min(line.size(), line.rfind(')') + 1)));
    std::string skipped;
    for (int i = 0; i < 11; ++i) fields >> skipped;
    for (std::uint64_t time = 0, i = 0; i < 4 && fields >> time; ++i) ticks += time;
  }
  return static_cast<double>(ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

MemoryWatch::MemoryWatch(pid_t service)
    : service_(service), thread_([this] {
        while (!stops_) {
          try {
            peak_bytes_ = std::max<std::uint64_t>(peak_bytes_, resident_bytes_of_family(service_));
          } catch (const fs::filesystem_error&) {
            // It has ended.
          }
          std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
      }) {}

MemoryWatch::~MemoryWatch() {
  stops_ = true;
  thread_.join();
}

std::map<std::string, std::string> unreadable_reasons(Service& service) {
  return unreadable(service, "reason");
}
std::map<std::string, std::string> unreadable_messages(Service& service) {
  return unreadable(service, "message");
}

std::string state_of(Service& service, const std::string& name) {
  for (const auto& file : service.list("files"))
    if (file.at("path") == (service.root() / name).string()) return file.at("state");
  return {};
}

std::size_t count_of(const std::string& text, std::string_view part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size()))
    ++count;
  return count;
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace imgdedup::testing
