// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstdint>
#include <random>
#include <string>

#include "matching/base64.h"
#include "protocol/json.h"
#include "protocol/path_text.h"
#include "protocol/time_text.h"
#include "protocol/utf8.h"

using namespace imgdedup::protocol;

namespace {

std::string random_bytes(std::mt19937& random, std::size_t max_size) {
  std::string bytes(random() % (max_size + 1), '\0');
  for (char& byte : bytes) byte = static_cast<char>(random() % 256);
  return bytes;
}

bool is_safe_line(std::string_view text) {
  while (!text.empty()) {
    const auto point = first_code_point(text);
    if (!point || is_control(point->value)) return false;
    text.remove_prefix(point->bytes);
  }
  return true;
}

}  // namespace

TEST_CASE("the bytes of a line of JSON are known before it is made, from above") {
  std::mt19937 random(2);
  for (int i = 0; i < 300; ++i) {
    Json value;
    for (int member = 0; member < 4; ++member)
      value[random_bytes(random, 8)] = random_bytes(random, 60);
    value["list"] = {
        1,    -7,      0.123456789012345678, -1.2345678901234567e-308, INT64_MIN, UINT64_MAX,
        true, nullptr, Json::array(),        Json::object(),           "plain"};
    value["text"] = "\xe2\x80\xae\xc2\x9b\xff\x01\"\\\x7f\n";
    const std::size_t bytes = dump_line(value).size();
    CHECK(most_line_bytes(value) >= bytes);
    CHECK(most_line_bytes(value) < 3 * bytes);
  }
  const Json path{{"path", "/srv/photos/2026/a picture.jpg"}, {"bytes", 123456}};
  CHECK(most_line_bytes(path) < dump_line(path).size() + 40);
}

TEST_CASE("base64 gives the vectors of RFC 4648") {
  CHECK(imgdedup::matching::base64_encode("") == "");
  CHECK(imgdedup::matching::base64_encode("f") == "Zg==");
  CHECK(imgdedup::matching::base64_encode("fo") == "Zm8=");
  CHECK(imgdedup::matching::base64_encode("foo") == "Zm9v");
  CHECK(imgdedup::matching::base64_encode("foob") == "Zm9vYg==");
  CHECK(imgdedup::matching::base64_encode("fooba") == "Zm9vYmE=");
  CHECK(imgdedup::matching::base64_encode("foobar") == "Zm9vYmFy");
}

TEST_CASE("base64 reads back any bytes, and nothing that it would not write") {
  std::mt19937 random(1);
  for (int i = 0; i < 500; ++i) {
    const std::string bytes = random_bytes(random, 40);
    CHECK(imgdedup::matching::base64_decode(imgdedup::matching::base64_encode(bytes)) == bytes);
  }
  for (const char* bad :
       {"Z", "Zg", "Zg=", "Zh==", "Zm9=", "====", "Zg==Zg==", "Z g=", "Zm9v\n", "Zm-_", "=Zg="})
    CHECK_MESSAGE(!imgdedup::matching::base64_decode(bad), bad);
}

TEST_CASE("UTF-8 is strict") {
  CHECK(
      is_valid_utf8("plain, Gr\xc3\xb6\xc3\x9f"
                    "e, \xe5\x86\x99\xe7\x9c\x9f, \xf0\x9f\x93\xb7"));
  for (const char* bad : {"\xff", "\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80",
                          "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "a\xe5\x86"})
    CHECK_FALSE(is_valid_utf8(bad));
}

TEST_CASE("readable text shows what a terminal would act on") {
  CHECK(readable_text("/a/Gr\xc3\xb6\xc3\x9f"
                      "e.jpg") ==
        "/a/Gr\xc3\xb6\xc3\x9f"
        "e.jpg");
  CHECK(readable_text("bad\xff.jpg") == "bad\\xff.jpg");
  CHECK(readable_text("nl\n.jpg") == "nl\\n.jpg");
  CHECK(readable_text("\033]0;x\a[ERROR] fake.jpg") == "\\x1b]0;x\\x07[ERROR] fake.jpg");
  CHECK(readable_text("csi\xc2\x9b") == "csi\\xc2\\x9b");
  CHECK(readable_text("gpj.\xe2\x80\xae"
                      "exe") ==
        "gpj.\\xe2\\x80\\xae"
        "exe");
  CHECK(readable_text("back\\slash") == "back\\slash");
  CHECK(readable_text("back\\slash\n") == "back\\\\slash\\n");
}

TEST_CASE("readable text and JSON lines are safe for any bytes") {
  std::mt19937 random(2);
  for (int i = 0; i < 2000; ++i) {
    const std::string bytes = random_bytes(random, 30);
    CHECK(is_safe_line(readable_text(bytes)));
    const std::string line = dump_line(Json{{"key", bytes}, {bytes, 1}});
    CHECK(is_safe_line(line));
    CHECK(!Json::parse(line, nullptr, false).is_discarded());
  }
}

TEST_CASE("a JSON line keeps every character of valid text") {
  const std::string text = "a\x7f\xc2\x85\xe2\x80\xa8\xe2\x80\xae\n\"\\\xf0\x9f\x93\xb7";
  const std::string line = dump_line(Json(text));
  CHECK(line.find('\n') == std::string::npos);
  CHECK(line.find("\\u007f\\u0085\\u2028\\u202e\\n") != std::string::npos);
  CHECK(Json::parse(line) == Json(text));
}

TEST_CASE("the width of text counts columns, not bytes") {
  CHECK(display_width("abc") == 3);
  CHECK(display_width("Gr\xc3\xb6\xc3\x9f"
                      "e") == 5);
  CHECK(display_width("\xe5\x86\x99\xe7\x9c\x9f") == 4);
  CHECK(display_width("e\xcc\x81") == 1);
  CHECK(display_width("\xf0\x9f\x93\xb7") == 2);
}

TEST_CASE("a path that is UTF-8 stands in JSON as it is, control characters and all") {
  for (const std::string path : {"/a/b.jpg", "/a/nl\n.jpg", "/a/\033]0;x\a.jpg", "/\xc3\xb6"}) {
    Json object = Json::object();
    put_path(object, "path", path);
    CHECK(object.size() == 1);
    CHECK(object.at("path") == Json(path));
    CHECK(get_path(Json::parse(dump_line(object)), "path") == path);
  }
}

TEST_CASE("a path that is not UTF-8 keeps its bytes beside a readable form") {
  Json object = Json::object();
  put_path(object, "original", "/a/bad\xff\n.jpg");
  CHECK(object.at("original") == Json("/a/bad\\xff\\n.jpg"));
  CHECK(object.at("original_bytes") == Json(imgdedup::matching::base64_encode("/a/bad\xff\n.jpg")));
  CHECK(get_path(Json::parse(dump_line(object)), "original") == "/a/bad\xff\n.jpg");
}

TEST_CASE("any path survives the way through JSON, as result and as parameter") {
  std::mt19937 random(3);
  for (int i = 0; i < 1000; ++i) {
    std::string path = "/" + random_bytes(random, 300);
    std::erase(path, '\0');
    Json object = Json::object();
    put_path(object, "path", path);
    CHECK(get_path(Json::parse(dump_line(object)), "path") == path);
    CHECK(path_from_param(Json::parse(dump_line(path_to_param(path)))) == path);
  }
}

TEST_CASE("a path parameter is absolute, without NUL, and of one of two forms") {
  CHECK(path_from_param(Json("/a")) == "/a");
  CHECK(path_from_param(Json{{"bytes", "L2H/"}}) == "/a\xff");
  for (const Json& bad :
       {Json("a"), Json(""), Json(1), Json(nullptr), Json::array(), Json::object(),
        Json(std::string("/a\0b", 4)), Json{{"bytes", "L2H"}}, Json{{"bytes", 1}},
        Json{{"bytes", "YQ=="}}, Json{{"bytes", "L2H/"}, {"more", 1}}})
    CHECK_MESSAGE(!path_from_param(bad), dump_line(bad));
}

TEST_CASE("a damaged path in a result is told, not guessed") {
  CHECK_THROWS_AS(get_path(Json{{"path", "x"}, {"path_bytes", "?"}}, "path"), Json::exception);
  CHECK_THROWS_AS(get_path(Json::object(), "path"), Json::exception);
}

TEST_CASE("times are ISO 8601 in UTC with milliseconds, both ways") {
  using namespace std::chrono_literals;
  const Time time = std::chrono::sys_days(std::chrono::year(2026) / 5 / 4) + 13h + 37min + 123ms;
  CHECK(time_to_text(time) == "2026-05-04T13:37:00.123Z");
  CHECK(time_from_text("2026-05-04T13:37:00.123Z") == time);
  CHECK(time_to_text(Time(-1ms)) == "1969-12-31T23:59:59.999Z");
  CHECK(time_from_text("1969-12-31T23:59:59.999Z") == Time(-1ms));
  for (const char* bad :
       {"", "2026-05-04T13:37:00Z", "2026-02-30T13:37:00.123Z", "2026-05-04T24:37:00.123Z",
        "2026-05-04T13:60:00.123Z", "2026-05-04 13:37:00.123Z", "2026-05-04T13:37:00.123z",
        "2026-05-04T13:37:0x.123Z"})
    CHECK_MESSAGE(!time_from_text(bad), bad);
}
