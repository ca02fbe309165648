// SPDX-License-Identifier: Apache-2.0
// A name is bytes: none is too odd to be known, listed, moved and put back, and none writes into a
// terminal or a log.
#include <dirent.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <sstream>

#include "faults/fault_support.h"
#include "support/drawn_pictures.h"

using namespace imgdedup::testing;
using imgdedup::posix::UniqueDescriptor;
using imgdedup::protocol::Json;
namespace fs = std::filesystem;

namespace {

constexpr int directory_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

/// Makes `relative` below `root` step by step, so that it may be longer than PATH_MAX.
void write_at(const fs::path& root, const std::string& relative, std::string_view bytes) {
  UniqueDescriptor here(::open(root.c_str(), directory_flags));
  std::size_t begin = 0;
  for (auto end = relative.find('/'); end != std::string::npos; end = relative.find('/', begin)) {
    const std::string name = relative.substr(begin, end - begin);
    ::mkdirat(here.get(), name.c_str(), 0755);
    here = UniqueDescriptor(::openat(here.get(), name.c_str(), directory_flags));
    REQUIRE(here);
    begin = end + 1;
  }
  const UniqueDescriptor file(
      ::openat(here.get(), relative.substr(begin).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  REQUIRE(::write(file.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
}

/// What `find` would print, with the bytes of each file.
void walk(int directory, const std::string& path, std::map<std::string, std::string>& found) {
  DIR* stream = ::fdopendir(::openat(directory, ".", directory_flags));
  REQUIRE(stream);
  while (const dirent* entry = ::readdir(stream)) {
    const std::string name = entry->d_name;
    if (name.starts_with('.')) continue;
    const UniqueDescriptor opened(
        ::openat(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    struct stat status {};
    REQUIRE(::fstat(opened.get(), &status) == 0);
    if (S_ISDIR(status.st_mode)) {
      walk(opened.get(), path + "/" + name, found);
      continue;
    }
    std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
    REQUIRE(::read(opened.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    found.emplace(path + "/" + name, std::move(bytes));
  }
  ::closedir(stream);
}

std::map<std::string, std::string> files_below(const fs::path& root) {
  std::map<std::string, std::string> found;
  const UniqueDescriptor opened(::open(root.c_str(), directory_flags));
  walk(opened.get(), root, found);
  return found;
}

std::set<std::string> names_of(const std::map<std::string, std::string>& files) {
  std::set<std::string> names;
  for (const auto& [name, bytes] : files) names.insert(name);
  return names;
}

std::vector<std::string> odd_names() {
  std::string deep;
  for (int i = 0; i < 20; ++i) deep += std::string(250, static_cast<char>('a' + i)) + "/";
  return {"bad\xff.jpg",
          "nl\n.jpg",
          "nl\n2026-01-01T00:00:00.000 error: forged.jpg",
          "\x1b]0;x\a[ERROR] fake.jpg",
          "\x9b[31m.jpg",
          "cr\rover.jpg",
          "tab\t.jpg",
          "\x7f\x01.jpg",
          std::string(251, 'n') + ".jpg",
          std::string(251, '\xfe') + ".jpg",
          "-rf.jpg",
          "--help",
          "-0",
          " .jpg",
          "trailing .jpg ",
          "%s%n%d.jpg",
          "'\"`$(id)`.jpg",
          "back\\slash\\n.jpg",
          "*?[a].jpg",
          "\xe2\x80\xae"
          "gpj.exe",
          "\xed\xa0\x80.jpg",
          "dir\n\xff\x1b[2J/-/--/a.../x.jpg",
          deep + "deep.jpg"};
}

bool has_controls(const std::string& text) {
  for (const char byte : text) {
    const auto value = static_cast<unsigned char>(byte);
    if ((value < 0x20 && byte != '\n') || value == 0x7f) return true;
  }
  return false;
}

void check_log(const std::string& log) {
  CHECK_FALSE(has_controls(log));
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    INFO(line);
    // Of this service, in this year, not of a name.
    CHECK(line.starts_with("20"));
    CHECK_FALSE(line.starts_with("2026-01-01T00:00:00.000"));
  }
}

}  // namespace

TEST_CASE("w8-names: a folder full of the longest names is listed to its end") {
  constexpr std::size_t count = 450;
  constexpr std::size_t most_reply_bytes = std::size_t{3} << 19;
  Service service;
  service.start();
  std::string folder;
  for (int depth = 0; depth < 14; ++depth) folder += std::string(250, '\x01') + "/";
  const std::string bytes = encode_picture(draw_picture(1, {64, 64}), ".png");
  write_file(service.root() / "0.png", bytes);
  service.sync();
  for (std::size_t i = 1; i < count; ++i)
    write_at(service.root(), folder + std::to_string(i) + ".png", bytes);
  service.sync(std::chrono::seconds(300));

  // Each item has 22 or 44 KB.
  for (const std::string command : {"duplicates", "files", "events"}) {
    CAPTURE(command);
    const Json page = service.call(command);
    CHECK(page.dump().size() < most_reply_bytes);
    CHECK_FALSE(page["next"].is_null());
    CHECK(service.list(command).size() == (command == "files" ? count : count - 1));
    CHECK(service.ctl({command}).exit_status == 0);
  }
  const Json groups = Json::parse(service.ctl({"groups", "--json"}).output);
  REQUIRE(groups.size() == 1);
  CHECK(groups[0]["duplicates"].size() == count - 1);

  // Of what is named by ids no more is done at once than has room in the answer.
  service.write_settings("actions: {exact: quarantine}\n");
  service.call("reload");
  const auto in_pages = [&](const char* method, std::vector<std::int64_t> ids) {
    Json params{{"ids", ids}};
    std::vector<std::int64_t> done;
    std::size_t pages = 0;
    for (Json next = 0; !next.is_null(); params["after"] = next) {
      const Json page = service.call(method, params);
      CHECK(page.dump().size() < most_reply_bytes);
      for (const Json& item : page["items"]) {
        CHECK(item["done"] == true);
        done.push_back(item["id"].get<std::int64_t>());
      }
      next = page["next"];
      ++pages;
    }
    CHECK(pages > 1);
    CHECK(done == ids);
  };
  const auto first_ids = [&](const char* listing) {
    std::vector<std::int64_t> ids;
    for (const Json& item : service.list(listing))
      if (ids.size() < 60) ids.push_back(item["id"].get<std::int64_t>());
    return ids;
  };
  in_pages("quarantine.apply", first_ids("duplicates"));
  service.sync(std::chrono::seconds(300));
  wait_until([&] { return service.list("quarantine.list").size() == 60; }, "60 moves",
             std::chrono::seconds(120));
  CHECK_FALSE(service.call("quarantine.list")["next"].is_null());
  in_pages("quarantine.restore", first_ids("quarantine.list"));
  CHECK(files_below(service.root()).size() == count);
}

TEST_CASE("w8-names: files of any name are known, listed, moved and put back under their bytes") {
  Service service("actions: {exact: quarantine}\n");
  service.start();
  const auto names = odd_names();
  REQUIRE(names.back().size() > PATH_MAX);
  for (std::uint64_t i = 0; i < names.size(); ++i)
    write_file(service.root() / "originals" / std::to_string(i),
               encode_picture(draw_picture(i + 1, {160, 120}), ".jpg"));
  service.sync();
  service.call("pause");
  for (std::uint64_t i = 0; i < names.size(); ++i)
    write_at(service.root(), names[i], read_file(service.root() / "originals" / std::to_string(i)));
  const auto before = files_below(service.root());
  CHECK(before.size() == 2 * names.size());

  // Found by their events alone, and written as they are.
  wait_until([&] { return files_known(service) == names_of(before); }, "all names to be known");
  const ProgramResult text = service.ctl({"files"});
  CHECK_FALSE(has_controls(text.output));
  CHECK(count_of(text.output, "\n") == before.size());
  CHECK(text.output.find("bad\\xff.jpg") != std::string::npos);
  CHECK(text.output.find("\\x1b]0;x\\x07[ERROR] fake.jpg") != std::string::npos);

  service.call("resume");
  service.sync();
  CHECK(service.list("quarantine.list").size() == names.size());
  CHECK(files_below(service.root()).size() == names.size());
  for (const char* command : {"duplicates", "groups"}) {
    const ProgramResult listed = service.ctl({command});
    CHECK(listed.exit_status == 0);
    CHECK_FALSE(has_controls(listed.output));
  }
  CHECK(service.ctl({"quarantine", "restore", "--all"}).exit_status == 0);
  CHECK(files_below(service.root()) == before);
  service.sync();
  CHECK(files_known(service) == names_of(before));
  CHECK(service.list("quarantine.list").empty());
  check_log(service.service_log());
  std::printf("w8-names: %zu odd names, the longest path of %zu bytes, moved and put back\n",
              names.size(), service.root().string().size() + 1 + names.back().size());
}
