// SPDX-License-Identifier: Apache-2.0
// Sidecars: what was written is read, and nothing else is believed.
#include "store/sidecar.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "store/catalog_backends.h"
#include "store/quarantine_directory.h"

using namespace imgdedup;
using namespace imgdedup::testing;
using store::parse_sidecar;
using store::QuarantineDirectory;

namespace {

store::QuarantineEntry entry() {
  store::QuarantineEntry result;
  result.id = 17;
  result.state = store::MoveState::quarantined;
  result.original_path = "/w/\xff new\nline \"quoted\".jpg";
  result.name = "q17-0123456789abcdef.jpg";
  result.stamp = {~std::uint64_t{0}, 2, 3, -4, 5};
  result.content = digest(99);
  result.keeper_path = "/w/k\xc3";
  result.relation = matching::Relation::pixels;
  result.moved_at_ns = 1'700'000'000'123'456'789;
  return result;
}

void check_same(const store::QuarantineEntry& a, const store::QuarantineEntry& b) {
  CHECK(a.id == b.id);
  CHECK(a.state == b.state);
  CHECK(a.original_path == b.original_path);
  CHECK(a.name == b.name);
  CHECK(a.stamp == b.stamp);
  CHECK(a.content == b.content);
  CHECK(a.keeper_path == b.keeper_path);
  CHECK(a.relation == b.relation);
  CHECK(a.moved_at_ns == b.moved_at_ns);
}

std::string with(const char* key, const nlohmann::json& value) {
  auto json = nlohmann::json::parse(store::sidecar_text(entry()));
  json[key] = value;
  return json.dump();
}

}  // namespace

TEST_CASE("a sidecar says all that its entry says, whatever bytes the names have") {
  const auto read = parse_sidecar(store::sidecar_text(entry()));
  REQUIRE(read);
  check_same(*read, entry());
  CHECK(read->quarantine_directory.empty());
  CHECK(nlohmann::json::accept(store::sidecar_text(entry())));
}

TEST_CASE("a sidecar keeps the attributes of a copied file, and reads no nonsense for them") {
  posix::FileAttributes attributes;
  attributes.mode = 04640;
  attributes.owner = 12345;
  attributes.group = 54321;
  attributes.modified = {-5, 123'456'789};
  attributes.extended = {{"user.\xff", std::string("\0b", 2)}, {"user.empty", ""}};
  const std::string text = store::sidecar_text(entry(), &attributes);
  check_same(*parse_sidecar(text), entry());
  const auto read = store::attributes_in_sidecar(text);
  REQUIRE(read);
  CHECK(read->mode == attributes.mode);
  CHECK(read->owner == attributes.owner);
  CHECK(read->group == attributes.group);
  CHECK(read->modified.tv_sec == -5);
  CHECK(read->modified.tv_nsec == 123'456'789);
  CHECK(read->extended == attributes.extended);
  CHECK_FALSE(store::attributes_in_sidecar(store::sidecar_text(entry())));
  for (const char* key : {"mode", "owner", "group", "accessed", "modified", "extended_base64"}) {
    CAPTURE(key);
    for (const nlohmann::json& nonsense :
         {nlohmann::json("x"), nlohmann::json(1.5), nlohmann::json::array({1}),
          nlohmann::json::array({0, -1}), nlohmann::json()}) {
      auto json = nlohmann::json::parse(text);
      json["attributes"][key] = nonsense;
      CHECK_FALSE(store::attributes_in_sidecar(json.dump()));
    }
  }
}

TEST_CASE("names in quarantine say which entry they belong to") {
  using store::id_from_quarantine_name;
  CHECK(store::sidecar_name(17) == "q17.json");
  CHECK(id_from_quarantine_name("q17.json") == 17);
  CHECK(id_from_quarantine_name("q17-0123.jpg") == 17);
  for (const char* name : {"", "q", "q17", "q.json", "q-1.json", "q0.json", "x17.json", "Q17.json",
                           "q99999999999999999999.json", "q17_x.jpg", "q 17.json"})
    CHECK_MESSAGE(!id_from_quarantine_name(name), name);
}

TEST_CASE("what is no sidecar is not taken for one") {
  const std::string good = store::sidecar_text(entry());
  REQUIRE(parse_sidecar(with("remark", "more than we know")));
  std::vector<std::string> bad{"",
                               "{}",
                               "[]",
                               "null",
                               "17",
                               "\"x\"",
                               std::string(60000, '['),
                               std::string(100, '\0'),
                               "\xff\xd8\xff",
                               good.substr(0, good.size() / 2),
                               good + "x",
                               with("imgdedup_sidecar", 2),
                               with("imgdedup_sidecar", "1"),
                               with("id", "17"),
                               with("id", 0),
                               with("id", -17),
                               with("id", 1e300),
                               with("id", 17.5),
                               with("id", true),
                               with("name", ""),
                               with("name", "../q17-a.jpg"),
                               with("name", "q18-a.jpg"),
                               with("name", "q17.json"),
                               with("name", ".."),
                               with("name", std::string("q17-a\0b", 7)),
                               with("name", nullptr),
                               with("sha256", "00"),
                               with("sha256", std::string(64, 'g')),
                               with("relation", "similar"),
                               with("size_bytes", -1e300),
                               with("size_bytes", nullptr),
                               with("moved_at_ns", 1e300),
                               with("original_path_base64", ""),
                               with("original_path_base64", "*"),
                               with("original_path_base64", "cmVsYXRpdmU="),  // relative
                               with("original_path_base64", "Lw=="),          // /
                               with("original_path_base64", "L3cvLi4veA=="),  // /w/../x
                               with("original_path_base64", "L3cvLi4="),      // /w/..
                               with("original_path_base64", "L3cvYQBi"),      // /w/a NUL b
                               with("original_path_base64", "L3cvYS8=")};     // /w/a/
  for (const std::string& text : bad) CHECK_MESSAGE(!parse_sidecar(text), text);
}

TEST_CASE("a sidecar lies in its directory until it is replaced or removed") {
  const TemporaryDirectory directory;
  const std::string path = directory / "q";
  const QuarantineDirectory quarantine(path, QuarantineDirectory::IfMissing::create);
  CHECK(std::filesystem::status(path).permissions() == std::filesystem::perms::owner_all);
  CHECK_FALSE(quarantine.read_sidecar(17));
  auto written = entry();
  written.quarantine_directory = path;
  quarantine.write_sidecar(written);
  written.keeper_path = "/w/other";
  quarantine.write_sidecar(written);
  const auto read = quarantine.read_sidecar(17);
  REQUIRE(read);
  check_same(*read, written);
  CHECK(read->quarantine_directory == path);
  CHECK(quarantine.names() == std::vector<std::string>{"q17.json"});
  CHECK(quarantine.remove("q17.json") == 0);
  CHECK(quarantine.remove("q17.json") == 0);
  CHECK(quarantine.names().empty());
}

TEST_CASE("the longest paths fit into a sidecar") {
  const TemporaryDirectory directory;
  const QuarantineDirectory quarantine(directory / "q", QuarantineDirectory::IfMissing::create);
  auto written = entry();
  written.original_path.clear();
  for (int i = 0; i < 100; ++i) written.original_path += "/" + std::string(255, '\x01');
  written.keeper_path = written.original_path;
  quarantine.write_sidecar(written);
  const auto read = quarantine.read_sidecar(17);
  REQUIRE(read);
  CHECK(read->original_path == written.original_path);
}

TEST_CASE("a sidecar under another entry's name is not believed") {
  const TemporaryDirectory directory;
  const QuarantineDirectory quarantine(directory / "q", QuarantineDirectory::IfMissing::create);
  write_file(directory / "q/q18.json", store::sidecar_text(entry()));
  CHECK_FALSE(quarantine.read_sidecar(18));
}

TEST_CASE("a sidecar is written to no other file") {
  const TemporaryDirectory directory;
  const QuarantineDirectory quarantine(directory / "q", QuarantineDirectory::IfMissing::create);
  write_file(directory / "victim", "precious");
  std::filesystem::create_hard_link(directory / "victim", directory / "q/q17.json.new");
  quarantine.write_sidecar(entry());
  CHECK(quarantine.read_sidecar(17));
  CHECK(read_file(directory / "victim") == "precious");
}

TEST_CASE("a quarantine folder that is a link or a file is refused") {
  const TemporaryDirectory directory;
  std::filesystem::create_directory(directory / "target");
  std::filesystem::create_directory_symlink(directory / "target", directory / "link");
  write_file(directory / "file", "x");
  for (const char* name : {"link", "file", "missing"})
    CHECK_THROWS_AS(QuarantineDirectory(directory / name, QuarantineDirectory::IfMissing::fail),
                    std::system_error);
  CHECK_THROWS_AS(QuarantineDirectory(directory / "link", QuarantineDirectory::IfMissing::create),
                  std::system_error);
}
