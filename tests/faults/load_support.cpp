// SPDX-License-Identifier: Apache-2.0
// Many small files, and what the service costs meanwhile.
#include "faults/load_support.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "faults/fault_support.h"
#include "support/drawn_pictures.h"

namespace imgdedup::testing {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds pause_between_calls{20};
constexpr int calls_per_look = 10;
constexpr double kib_per_mib = 1024;
constexpr double longest_p99_ms = 100;
constexpr PictureSize tiny{48, 36};

double milliseconds_since(steady_clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(steady_clock::now() - begin).count();
}

double percentile(std::vector<double>& values, std::size_t percent) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values.at(std::min(values.size() - 1, values.size() * percent / 100));
}

std::size_t number_after(const std::string& text, const std::string& word) {
  const auto place = text.find(word);
  return place == std::string::npos
             ? 0
             : std::strtoull(text.c_str() + place + word.size(), nullptr, 10);
}

std::string whole_text(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

std::size_t size_from_environment(const char* name, std::size_t otherwise) {
  const char* text = ::getenv(name);
  return text && *text ? std::strtoull(text, nullptr, 10) : otherwise;
}

std::vector<std::string> tiny_pictures(std::size_t count) {
  std::vector<std::string> pictures;
  for (std::size_t i = 0; i < count; ++i)
    pictures.push_back(encode_picture(draw_picture(i + 1, tiny), ".png"));
  return pictures;
}

LoadCounts write_load(const fs::path& root, std::size_t directories, std::size_t files,
                      const std::vector<std::string>& pictures) {
  LoadCounts counts;
  std::string last_picture;
  for (std::size_t i = 0; i < files; ++i) {
    const std::size_t directory = i * directories / files;
    const std::string base = root / ("d" + std::to_string(directory)) / std::to_string(i);
    const std::string& picture = pictures[i % pictures.size()];
    switch (i % 10) {
      case 0:
      case 3:
      case 6:
        last_picture = base + ".png";
        write_small_file(last_picture, picture);
        ++counts.pictures;
        break;
      case 1:
      case 4:
      case 7:
        if (::link(last_picture.c_str(), (base + "-link.png").c_str()) != 0) {
          if (errno != ENOENT) throw std::runtime_error("cannot link " + base);
          // The first name has been moved away already: the file is written once more.
          write_small_file(base + "-link.png", picture);
          ++counts.pictures;
          break;
        }
        ++counts.links;
        break;
      case 2:
        write_small_file(base + ".png", picture.substr(0, picture.size() / 2) + std::to_string(i));
        ++counts.cut;
        break;
      default:
        write_small_file(base + ".txt", std::to_string(i));
        ++counts.others;
    }
  }
  return counts;
}

ProcessFigures figures_of(pid_t pid) {
  const fs::path place = fs::path("/proc") / std::to_string(pid);
  const std::string status = whole_text(place / "status");
  ProcessFigures figures;
  figures.resident_kib = number_after(status, "VmRSS:");
  figures.peak_kib = number_after(status, "VmHWM:");
  std::error_code error;
  for (fs::directory_iterator entry(place / "fd", error), end; !error && entry != end;
       entry.increment(error))
    ++figures.descriptors;
  return figures;
}

std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> children;
  std::error_code error;
  const fs::path tasks = fs::path("/proc") / std::to_string(pid) / "task";
  for (fs::directory_iterator task(tasks, error), end; !error && task != end;
       task.increment(error)) {
    std::ifstream file(task->path() / "children");
    for (pid_t child = 0; file >> child;) children.push_back(child);
  }
  return children;
}

StatusWatch::StatusWatch(const Service& service)
    : socket_(service.socket()), pid_(service.pid()), thread_([this] { run(); }) {}

StatusWatch::~StatusWatch() {
  if (thread_.joinable()) stop();
}

void StatusWatch::look_at_processes() {
  const ProcessFigures daemon = figures_of(pid_);
  std::size_t all_kib = daemon.resident_kib;
  for (const pid_t child : children_of(pid_)) all_kib += figures_of(child).resident_kib;
  const auto mib = [](std::size_t kib) { return static_cast<double>(kib) / kib_per_mib; };
  figures_.daemon_peak_mib = std::max(figures_.daemon_peak_mib, mib(daemon.peak_kib));
  figures_.all_peak_mib = std::max(figures_.all_peak_mib, mib(all_kib));
  figures_.most_descriptors = std::max(figures_.most_descriptors, daemon.descriptors);
}

void StatusWatch::run() {
  std::optional<protocol::Client> client;
  for (int call = 0; !is_over_; ++call) {
    const auto begin = steady_clock::now();
    try {
      if (!client) client.emplace(socket_);
      client->call("status");
      answers_ms_.push_back(milliseconds_since(begin));
    } catch (const std::exception&) {
      client.reset();
      ++figures_.failures;
    }
    if (call % calls_per_look == 0) look_at_processes();
    const auto asleep = steady_clock::now();
    std::this_thread::sleep_for(pause_between_calls);
    late_ms_.push_back(milliseconds_since(asleep) -
                       static_cast<double>(pause_between_calls.count()));
  }
  look_at_processes();
}

StatusWatch::Figures StatusWatch::stop() {
  is_over_ = true;
  thread_.join();
  figures_.calls = answers_ms_.size();
  figures_.p50_ms = percentile(answers_ms_, 50);
  figures_.p99_ms = percentile(answers_ms_, 99);
  figures_.longest_ms = percentile(answers_ms_, 100);
  figures_.machine_p99_ms = percentile(late_ms_, 99);
  return figures_;
}

std::string to_text(const StatusWatch::Figures& figures) {
  char text[300];
  std::snprintf(text, sizeof text,
                "daemon %.0f MiB at most, with its workers %.0f; status p50 %.1f ms, p99 %.1f, "
                "longest %.0f, of %zu (the machine's own p99 %.1f)",
                figures.daemon_peak_mib, figures.all_peak_mib, figures.p50_ms, figures.p99_ms,
                figures.longest_ms, figures.calls, figures.machine_p99_ms);
  return text;
}

void check_answers(const StatusWatch::Figures& figures) {
  CHECK(figures.calls > 0);
  CHECK(figures.p99_ms < longest_p99_ms + figures.machine_p99_ms);
}

}  // namespace imgdedup::testing
