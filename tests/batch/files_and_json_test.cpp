// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <stdexcept>

#include <nlohmann/json.hpp>

#include "batch/encodings.h"
#include "batch/file_list.h"
#include "batch/found_map.h"
#include "batch/json_text.h"
#include "support/temporary_directory.h"

using namespace imgdedup;
using namespace imgdedup::batch;
using imgdedup::testing::TemporaryDirectory;
using imgdedup::testing::write_file;

namespace {

std::vector<std::string> names(const std::vector<std::string>& folders, Descent descent) {
  std::vector<std::filesystem::path> unlistable;
  std::vector<std::string> list;
  for (const auto& file : list_files(folders, descent, unlistable)) list.push_back(file.name);
  CHECK(unlistable.empty());
  return list;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("regular files are listed, hidden ones and links are not") {
  const TemporaryDirectory directory;
  write_file(directory / "b.jpg", "");
  write_file(directory / "a.jpg", "");
  write_file(directory / ".hidden.jpg", "");
  write_file(directory / "deep/er/c.jpg", "");
  write_file(directory / ".imgdedup-quarantine/d.jpg", "");
  std::filesystem::create_symlink(directory / "a.jpg", directory / "link.jpg");
  std::filesystem::create_directory_symlink(directory.path(), directory / "deep/loop");
  const std::string folder = directory.path();
  CHECK(names({folder}, Descent::this_folder_only) == Names{"a.jpg", "b.jpg"});
  CHECK(names({folder}, Descent::recursive) == Names{"a.jpg", "b.jpg", "deep/er/c.jpg"});
}

TEST_CASE("of several folders the names tell which, and none is listed twice") {
  const TemporaryDirectory directory;
  write_file(directory / "one/1.jpg", "");
  write_file(directory / "two/1.jpg", "");
  const std::string one = directory / "one";
  const std::string two = directory / "two";
  CHECK(names({one, two, one}, Descent::this_folder_only) == Names{one + "/1.jpg", two + "/1.jpg"});
}

TEST_CASE("a folder that is reached by several names gives each file one name") {
  const TemporaryDirectory directory;
  write_file(directory / "photos/1.jpg", "");
  write_file(directory / "photos/sub/2.jpg", "");
  std::filesystem::create_directory_symlink(directory / "photos", directory / "link");
  const std::string photos = directory / "photos";
  const Names once{photos + "/1.jpg", photos + "/sub/2.jpg"};
  CHECK(names({photos, directory.path().string() + "/./photos"}, Descent::recursive) == once);
  CHECK(names({photos, photos + "/"}, Descent::recursive) == once);
  CHECK(names({photos, directory / "link"}, Descent::recursive) == once);
  CHECK(names({photos, photos + "/sub"}, Descent::recursive) == once);
}

TEST_CASE("a folder that is not there is an error") {
  std::vector<std::filesystem::path> unlistable;
  CHECK_THROWS_AS(list_files({"/nonexistent"}, Descent::recursive, unlistable),
                  std::filesystem::filesystem_error);
}

TEST_CASE("names that are no UTF-8 are written with their bytes escaped") {
  CHECK(json_text("gr\xc3\xbc\xc3\x9f\x65 \xf0\x9f\x93\xb7") ==
        "gr\xc3\xbc\xc3\x9f\x65 \xf0\x9f\x93\xb7");
  CHECK(json_text("a\xff\xc3") == "a\\xff\\xc3");
  CHECK(json_text("\xed\xa0\x80\xc0\xaf") == "\\xed\\xa0\\x80\\xc0\\xaf");
  // Only a name that looks like such a text is written otherwise than it is.
  CHECK(json_text("a\\b \\x \\xg0") == "a\\b \\x \\xg0");
  CHECK(json_text("f\\xe9.jpg") == "f\\x5cxe9.jpg");
  for (const char* name : {"f\xe9.jpg", "f\\xe9.jpg", "\\\xe9", "\\x\xe9", "\\x5cxe9", "\\xE9\\x"})
    CHECK(bytes_of_json_text(json_text(name)) == name);
  CHECK_NOTHROW(nlohmann::json(json_text("\xf5\x80\xe0\x80\x80")).dump());
}

TEST_CASE("found maps come out sorted, with scores if asked for") {
  FoundMap found{{"b", {}}, {"a", {}}, {"c", {}}};
  add_pair(found, "b", "a", 3);
  CHECK(to_json(found, Scores::omit).dump() == R"({"a":["b"],"b":["a"],"c":[]})");
  CHECK(to_json(found, Scores::include).dump() == R"({"a":[["b",3]],"b":[["a",3]],"c":[]})");
}

TEST_CASE("maps are read with and without scores, anything else is an error") {
  const auto read = [](const char* text) {
    return name_map_from_json(nlohmann::json::parse(text), "f.json");
  };
  CHECK(read(R"({"a": [["b", 3]], "b": ["a"]})") == NameMap{{"a", {"b"}}, {"b", {"a"}}});
  for (const char* wrong : {"[]", R"({"a": "b"})", R"({"a": [3]})", R"({"a": [["b"]]})"})
    CHECK_THROWS_AS(read(wrong), std::runtime_error);
}

TEST_CASE("encodings survive the way through a file") {
  const TemporaryDirectory directory;
  constexpr auto small = matching::HashSize::eight;
  const Encodings encodings{{"a.jpg", {small, {1}}}, {"b.jpg", {small, {0xFEDCBA9876543210}}}};
  write_json(to_json(encodings), directory / "e.json");
  CHECK(testing::read_file(directory / "e.json") ==
        "{\n  \"a.jpg\": \"0000000000000001\",\n  \"b.jpg\": \"fedcba9876543210\"\n}\n");
  CHECK(encodings_from_json(read_json_file(directory / "e.json"), "e.json") == encodings);
  CHECK_THROWS_AS(read_json_file(directory / "missing.json"), std::runtime_error);
  CHECK_THROWS_AS(write_json(to_json(encodings), directory / "no/such/folder.json"),
                  std::runtime_error);
}

TEST_CASE(
    "encodings with a hash that is none, or of another length, are errors that name its file") {
  const std::string small(16, '0'), large(64, 'f');
  const auto error_of = [](const nlohmann::json& map,
                           std::optional<matching::HashSize> size = std::nullopt) {
    try {
      encodings_from_json(map, "e.json", size);
    } catch (const std::runtime_error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(error_of({{"a", small}, {"b", small}}).empty());
  CHECK(error_of({{"a", large}, {"b", large}}).empty());
  CHECK(error_of({{"a", large}}, matching::HashSize::sixteen).empty());
  CHECK(error_of({{"a", small}, {"b.jpg", large}}) ==
        "read e.json: b.jpg has a hash of 256 bits, not of 64");
  CHECK(error_of({{"a.jpg", small}}, matching::HashSize::sixteen) ==
        "read e.json: a.jpg has a hash of 64 bits, not of 256");
  for (const nlohmann::json& wrong : {nlohmann::json("12"), nlohmann::json(12),
                                      nlohmann::json(small + "0"), nlohmann::json(nullptr)})
    CHECK(error_of({{"a", small}, {"z.jpg", wrong}}) ==
          "read e.json: z.jpg has no hash of 16 or 64 hex digits");
  CHECK(error_of(nlohmann::json::array()) == "read e.json: it is no map of files to hashes");
}
