// SPDX-License-Identifier: Apache-2.0
// File names, which are bytes, as JSON text; and JSON files.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace imgdedup::batch {

/// `bytes` where it is UTF-8; every byte that is not part of UTF-8 written as \xNN, and so a
/// backslash that such a group would seem to begin with: no two names have the same text.
std::string json_text(std::string_view bytes);
/// The bytes that json_text() gives `text` for.
std::string bytes_of_json_text(std::string_view text);

/// Throws std::system_error where write_json() could not write `path`: work of hours must not be
/// lost in the end. Nothing is made. An empty path is standard output.
void check_writable(const std::filesystem::path& path);

/// Throws std::runtime_error naming the file when it cannot be read or is no JSON.
nlohmann::json read_json_file(const std::filesystem::path& path);

/// Indent 2, keys sorted, a line break at the end; to `path` as replace_or_write_file() does, or to
/// standard output where it is empty. Throws std::system_error when it cannot be written.
void write_json(const nlohmann::json& value, const std::filesystem::path& path);

/// The same for a line of text.
void write_line(const std::string& line, const std::filesystem::path& path);

}  // namespace imgdedup::batch
