// SPDX-License-Identifier: Apache-2.0
// What the tests of the workers' faults share: a worker that obeys orders, and who takes how much
// memory.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <thread>

#include "end_to_end/service.h"

namespace imgdedup::testing {

/// The service will start tests/faults/faulty_worker.cpp. Before start().
void use_faulty_worker(Service& service);
/// A file that the faulty worker obeys; `name` makes its bytes its own.
void write_order(Service& service, const std::string& name, const std::string& order);

/// Another value for a line of the settings that Service writes ("workers: 2"). Before start().
void change_setting(Service& service, const std::string& line, const std::string& instead);

/// Whether tests are to run at their full size: IMGDEDUP_TEST_FULL=1.
bool at_full_size();

/// Resident memory of one process; 0 if there is none such.
std::uint64_t resident_bytes(pid_t process);

/// Processor time that the service and its workers, also those that have ended, have taken.
double processor_seconds(pid_t service);

/// Looks every few milliseconds what the service and its workers take together, as long as it
/// lives; libraries, which all share, count once.
class MemoryWatch {
 public:
  explicit MemoryWatch(pid_t service);
  ~MemoryWatch();
  MemoryWatch(const MemoryWatch&) = delete;
  MemoryWatch& operator=(const MemoryWatch&) = delete;

  [[nodiscard]] std::uint64_t peak_bytes() const { return peak_bytes_; }

 private:
  pid_t service_;
  std::atomic<std::uint64_t> peak_bytes_ = 0;
  std::atomic<bool> stops_ = false;
  std::thread thread_;
};

/// Name below root() -> reason, of all files that could not be read.
std::map<std::string, std::string> unreadable_reasons(Service& service);
/// The same with `message`.
std::map<std::string, std::string> unreadable_messages(Service& service);

/// Of the file `name` below root(); "" if it is not listed.
std::string state_of(Service& service, const std::string& name);

std::size_t count_of(const std::string& text, std::string_view part);

/// Seconds since `begin`.
double seconds_since(std::chrono::steady_clock::time_point begin);

}  // namespace imgdedup::testing
