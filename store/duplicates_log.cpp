// SPDX-License-Identifier: Apache-2.0
// The duplicates log: each decision, one line, once.
#include "store/duplicates_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <system_error>

#include <nlohmann/json.hpp>

#include "posix/test_hooks.h"
#include "posix/unique_descriptor.h"

namespace imgdedup::store {
namespace {

constexpr std::size_t block_bytes = 64 * 1024;

[[noreturn]] void fail(const char* verb, const std::string& path) {
  throw std::system_error(errno, std::generic_category(),
                          std::string("cannot ") + verb + " the duplicates log " + path);
}

std::optional<DecisionId> id_of(std::string_view line) {
  const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return std::nullopt;
  const auto id = json.find("id");
  if (id == json.end() || !id->is_number_integer()) return std::nullopt;
  return id->get<DecisionId>();
}

// A loss of power may leave zeros where a line was to be.
bool may_be_cut_line(std::string_view end) {
  return !end.empty() && (end.front() == '{' || end.front() == '\0');
}

bool ends_within_line(int file, const std::string& path) {
  struct stat status {};
  if (::fstat(file, &status) != 0) fail("read", path);
  char last = '\n';
  if (status.st_size > 0 && ::pread(file, &last, 1, status.st_size - 1) != 1) fail("read", path);
  return last != '\n';
}

std::string read_block(int file, off_t from, off_t to, const std::string& path) {
  std::string block(static_cast<std::size_t>(to - from), '\0');
  std::size_t size = 0;
  while (size < block.size()) {
    const ssize_t got =
        ::pread(file, block.data() + size, block.size() - size, from + static_cast<off_t>(size));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("read", path);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  block.resize(size);
  return block;
}

}  // namespace

DecisionId DuplicatesLog::last_id() const {
  const posix::UniqueDescriptor file(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
  if (!file) {
    if (errno == ENOENT) return 0;
    fail("open", path_);
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) fail("read", path_);

  // Backwards by blocks: `tail` always reaches to the end of the last whole line.
  off_t begin = status.st_size;
  std::string tail;
  bool is_cut = false;
  while (begin > 0) {
    const off_t from = std::max<off_t>(0, begin - static_cast<off_t>(block_bytes));
    tail.insert(0, read_block(file.get(), from, begin, path_));
    begin = from;
    if (!is_cut) {
      const auto newline = tail.rfind('\n');
      if (newline == std::string::npos && begin > 0) continue;
      const std::size_t start = newline == std::string::npos ? 0 : newline + 1;
      if (may_be_cut_line(std::string_view(tail).substr(start)) &&
          ::ftruncate(file.get(), begin + static_cast<off_t>(start)) != 0)
        fail("repair", path_);
      tail.resize(start);
      is_cut = true;
    }
    // Lines that are not ours (an owner's note) are passed over.
    while (!tail.empty()) {
      const auto previous =
          tail.size() >= 2 ? tail.rfind('\n', tail.size() - 2) : std::string::npos;
      if (previous == std::string::npos && begin > 0) break;
      const std::size_t start = previous == std::string::npos ? 0 : previous + 1;
      if (const auto id = id_of(std::string_view(tail).substr(start))) return *id;
      tail.resize(start);
    }
  }
  return 0;
}

void DuplicatesLog::append(const std::vector<Line>& lines) const {
  if (lines.empty()) return;
  const posix::UniqueDescriptor file(
      ::open(path_.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0640));
  if (!file) fail("open", path_);
  std::string text;
  if (ends_within_line(file.get(), path_)) text += '\n';  // an owner's note
  for (const Line& line : lines) {
    text += line.text;
    text += '\n';
  }
  posix::test_point("before_log_append");
  std::string_view rest = text;
  while (!rest.empty()) {
    const ssize_t written = ::write(file.get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("write", path_);
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fdatasync(file.get()) != 0) fail("sync", path_);
  posix::test_point("after_log_append");
}

}  // namespace imgdedup::store
