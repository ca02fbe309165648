// SPDX-License-Identifier: Apache-2.0
// What the tests of the catalog's faults share.
#include "faults/catalog_support.h"

#include <sqlite3.h>

#include <algorithm>
#include <stdexcept>

#include "support/drawn_pictures.h"

namespace imgdedup::testing {

namespace fs = std::filesystem;

OtherProgram::OtherProgram(const fs::path& path) {
  if (sqlite3_open(path.c_str(), &handle_) != SQLITE_OK)
    throw std::runtime_error("cannot open " + path.string());
}

OtherProgram::~OtherProgram() { sqlite3_close(handle_); }

void OtherProgram::run(const std::string& sql) {
  if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    throw std::runtime_error(std::string(sqlite3_errmsg(handle_)) + " in: " + sql);
}

std::string OtherProgram::text(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(handle_, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK)
    throw std::runtime_error(std::string(sqlite3_errmsg(handle_)) + " in: " + sql);
  std::string value;
  if (sqlite3_step(statement) == SQLITE_ROW)
    if (const auto* bytes = sqlite3_column_text(statement, 0))
      value = reinterpret_cast<const char*>(bytes);
  sqlite3_finalize(statement);
  return value;
}

std::int64_t OtherProgram::integer(const std::string& sql) {
  const std::string value = text(sql);
  return value.empty() ? 0 : std::stoll(value);
}

std::vector<fs::path> beside_catalog(const fs::path& catalog, const std::string& infix) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(catalog.parent_path()))
    if (entry.path().filename().string().starts_with(catalog.filename().string() + infix))
      paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  return paths;
}

void flip_bytes(const fs::path& path, std::uint64_t offset, std::size_t size) {
  std::string bytes = read_file(path);
  for (std::uint64_t i = offset; i < std::min<std::uint64_t>(offset + size, bytes.size()); ++i)
    bytes[i] = static_cast<char>(~bytes[i]);
  write_file(path, bytes);
}

void put_catalog_at(Service& service, const fs::path& catalog) {
  std::string text = read_file(service.settings_path());
  text.replace(text.find(service.catalog().string()), service.catalog().string().size(),
               catalog.string());
  write_file(service.settings_path(), text);
}

std::vector<std::string> troubles(Service& service, const std::string& word) {
  std::vector<std::string> found;
  const protocol::Json status = service.call("status");
  for (const auto& reason : status.at("degraded"))
    if (reason.get<std::string>().starts_with(word + ": "))
      found.push_back(reason.get<std::string>());
  return found;
}

std::string photo(std::uint64_t seed, int quality) {
  return encode_picture(draw_picture(seed), ".jpg", quality);
}

double status_milliseconds(Service& service) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  wait_until(
      [&] {
        try {
          service.call("status");
          return true;
        } catch (const protocol::ServiceUnreachable&) {
          if (!service.is_running())
            throw std::runtime_error("the service has ended:\n" + service.service_log());
          return false;
        }
      },
      "an answer to status");
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

}  // namespace imgdedup::testing
