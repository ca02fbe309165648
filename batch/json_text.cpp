// SPDX-License-Identifier: Apache-2.0
// File names, which are bytes, as JSON text; and JSON files.
#include "batch/json_text.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <system_error>

#include <nlohmann/json.hpp>

#include "batch/whole_file.h"

namespace imgdedup::batch {
namespace {

/// Length of the well-formed UTF-8 sequence at the start of `bytes`; 0 if there is none
/// (Unicode 15, table 3-7).
std::size_t sequence_length(std::string_view bytes) {
  const auto at = [bytes](std::size_t i) {
    return i < bytes.size() ? static_cast<std::uint8_t>(bytes[i]) : std::uint8_t{0};
  };
  const auto tail = [&at](std::size_t i) { return at(i) >= 0x80 && at(i) <= 0xBF; };
  const std::uint8_t first = at(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return tail(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool second =
        at(1) >= (first == 0xE0 ? 0xA0 : 0x80) && at(1) <= (first == 0xED ? 0x9F : 0xBF);
    return second && tail(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool second =
        at(1) >= (first == 0xF0 ? 0x90 : 0x80) && at(1) <= (first == 0xF4 ? 0x8F : 0xBF);
    return second && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

/// Whether bytes_of_json_text() would take the start of `text` for a byte.
bool begins_with_escape(std::string_view text) {
  const auto is_digit = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  };
  return text.size() >= 4 && text.starts_with("\\x") && is_digit(text[2]) && is_digit(text[3]);
}

}  // namespace

std::string json_text(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    std::size_t length = begins_with_escape(bytes) ? 0 : sequence_length(bytes);
    if (length == 0) {
      std::array<char, 5> escaped{};
      std::snprintf(escaped.data(), escaped.size(), "\\x%02x",
                    static_cast<unsigned>(static_cast<std::uint8_t>(bytes[0])));
      text += escaped.data();
      length = 1;
    } else {
      text += bytes.substr(0, length);
    }
    bytes.remove_prefix(length);
  }
  return text;
}

std::string bytes_of_json_text(std::string_view text) {
  std::string bytes;
  while (!text.empty()) {
    if (begins_with_escape(text)) {
      unsigned value = 0;
      std::from_chars(text.data() + 2, text.data() + 4, value, 16);
      bytes += static_cast<char>(value);
      text.remove_prefix(4);
    } else {
      bytes += text.front();
      text.remove_prefix(1);
    }
  }
  return bytes;
}

void check_writable(const std::filesystem::path& path) {
  if (path.empty()) return;
  const auto fail = [&path](int error) {
    throw std::system_error(error, std::generic_category(), "write " + path.string());
  };
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) fail(EISDIR);
    if (::access(path.c_str(), W_OK) != 0) fail(errno);
    return;
  }
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  if (::access(folder.c_str(), W_OK | X_OK) != 0) fail(errno);
}

nlohmann::json read_json_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::system_error(errno, std::generic_category(), "read " + path.string());
  try {
    return nlohmann::json::parse(file);
  } catch (const nlohmann::json::parse_error& error) {
    throw std::runtime_error("read " + path.string() + ": " + error.what());
  }
}

void write_json(const nlohmann::json& value, const std::filesystem::path& path) {
  write_line(value.dump(2), path);
}

void write_line(const std::string& line, const std::filesystem::path& path) {
  if (path.empty()) {
    std::cout << line << '\n' << std::flush;
    if (!std::cout) throw std::system_error(errno, std::generic_category(), "write the result");
    return;
  }
  const std::string text = line + '\n';
  replace_or_write_file(path, bytes_of(text));
}

}  // namespace imgdedup::batch
