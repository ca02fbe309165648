// SPDX-License-Identifier: Apache-2.0
// The real imgdedup with the real worker, as a person calls it.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "batch/program_call.h"
#include "support/drawn_pictures.h"

using namespace imgdedup;
using namespace imgdedup::testing;
using nlohmann::json;

namespace {

/// One picture in four files, and two others.
void add_pictures(const Call& call) {
  const auto picture = draw_picture(1);
  const auto jpeg = encode_picture(picture, ".jpg");
  call.add("a.jpg", jpeg);
  call.add("b-same-bytes.jpg", jpeg);
  call.add("c-same-pixels.jpg", with_jpeg_comment(jpeg, "hello"));
  call.add("d-other-quality.jpg", encode_picture(picture, ".jpg", 60));
  call.add("other.png", encode_picture(draw_picture(2), ".png"));
  call.add("deep/other.webp", encode_picture(draw_picture(3), ".webp"));
}

}  // namespace

TEST_CASE("find gives a symmetric map with every readable picture as a key") {
  const Call call;
  add_pictures(call);
  const auto outcome = call.run("find @");
  CHECK(outcome.status == 0);
  CHECK(outcome.errors == "imgdedup: 5 pictures: 1 unique, 1 original, 3 duplicates\n");
  const json found = json::parse(outcome.output);
  CHECK(outcome.output == found.dump(2) + "\n");
  CHECK(found.size() == 5);
  CHECK(found["other.png"] == json::array());
  for (const char* name : {"a.jpg", "b-same-bytes.jpg", "c-same-pixels.jpg", "d-other-quality.jpg"})
    CHECK(found[name].size() == 3);
  CHECK(json::parse(call.run("find --recursive @").output)["deep/other.webp"] == json::array());
}

TEST_CASE("md5 finds the same bytes only, of every picture that can be read, decodable or not") {
  const Call call;
  add_pictures(call);
  const auto jpeg = encode_picture(draw_picture(4), ".jpg");
  call.add("cut-1.jpg", jpeg.substr(0, 1000));
  call.add("cut-2.jpg", jpeg.substr(0, 1000));
  call.add("notes.txt", "no picture");
  call.add("same-notes.txt", "no picture");
  const json found = json::parse(call.run("find --method md5 @").output);
  CHECK(found["a.jpg"] == json{"b-same-bytes.jpg"});
  CHECK(found["c-same-pixels.jpg"] == json::array());
  CHECK(found["cut-1.jpg"] == json{"cut-2.jpg"});
  CHECK(!found.contains("notes.txt"));
}

TEST_CASE("every hash method finds the re-encoded picture, with scores that fit its distance") {
  const Call call;
  add_pictures(call);
  for (const std::string method : {"ahash", "dhash", "phash", "whash"}) {
    CAPTURE(method);
    const json found = json::parse(call.run("find --scores --method " + method + " @").output);
    REQUIRE(found["a.jpg"].size() >= 3);
    CHECK(found["a.jpg"][0] == json{"b-same-bytes.jpg", 0});
    int last = 0;
    for (const auto& hit : found["a.jpg"]) {
      CHECK(hit[1].get<int>() >= last);
      last = hit[1].get<int>();
      CHECK(last <= 10);
    }
  }
}

TEST_CASE("two files whose names look alike are two keys, also by way of encodings") {
  const Call call;
  const auto jpeg = encode_picture(draw_picture(1), ".jpg");
  call.add("f\xe9.jpg", jpeg);
  call.add("f\\xe9.jpg", jpeg);
  const json wanted{{"f\\xe9.jpg", {"f\\x5cxe9.jpg"}}, {"f\\x5cxe9.jpg", {"f\\xe9.jpg"}}};
  CHECK(json::parse(call.run("find --method phash @").output) == wanted);
  const std::string encodings = call.directory / "encodings.json";
  CHECK(call.run("encode @ -o " + encodings).status == 0);
  CHECK(json::parse(call.run("find --encodings " + encodings).output) == wanted);
}

TEST_CASE("where the result cannot be written, no picture is read") {
  const Call call;
  add_pictures(call);
  for (const char* command : {"find @", "to-remove @", "encode @", "map @"}) {
    const auto outcome = call.run(std::string(command) + " -o /nosuch/x.png");
    CHECK(outcome.status == 1);
    CHECK(outcome.errors == "imgdedup: write /nosuch/x.png: No such file or directory\n");
  }
  CHECK(call.run("find @ -o /").errors == "imgdedup: write /: Is a directory\n");
}

TEST_CASE("encodings give the same map as the pictures") {
  const Call call;
  add_pictures(call);
  const std::string encodings = call.directory / "encodings.json";
  CHECK(call.run("encode --method dhash -o " + encodings + " @").status == 0);
  const auto from_pictures = call.run("find --method dhash --scores @");
  const auto from_encodings = call.run("find --scores --encodings " + encodings);
  CHECK(from_encodings.status == 0);
  CHECK(from_encodings.output == from_pictures.output);
  const auto single = call.run("encode --method dhash @/a.jpg");
  CHECK(single.output == json::parse(read_file(encodings))["a.jpg"].get<std::string>() + "\n");
}

TEST_CASE("a query gives that file's duplicates, inside the folder or not") {
  const Call call;
  add_pictures(call);
  const json inside = json::parse(call.run("find --query @/a.jpg @").output);
  CHECK(inside.size() == 1);
  CHECK(inside["a.jpg"].size() == 3);
  const auto outside = (call.directory / "query.jpg").string();
  write_file(outside, encode_picture(draw_picture(1), ".jpg", 80));
  const json found = json::parse(call.run("find --query " + outside + " @").output);
  CHECK(found[outside].size() == 4);
  CHECK(call.run("find --query @/missing.jpg @").status == 1);
}

TEST_CASE("to-remove leaves one of each") {
  const Call call;
  add_pictures(call);
  CHECK(json::parse(call.run("to-remove @").output) ==
        json{"b-same-bytes.jpg", "c-same-pixels.jpg", "d-other-quality.jpg"});
}

TEST_CASE(
    "to-remove by judgement names no shot of a series, and says so; copies and hashes count") {
  const Call call;
  const auto picture = draw_picture(1);
  call.add("IMG_0001.jpg", encode_picture(picture, ".jpg", 95));
  call.add("IMG_0002.jpg", encode_picture(picture, ".jpg", 70));
  call.add("IMG_0003.jpg", encode_picture(picture, ".jpg", 70));
  const auto found = call.run("find @");
  CHECK(json::parse(found.output)["IMG_0001.jpg"] == json{"IMG_0002.jpg", "IMG_0003.jpg"});
  CHECK(found.errors.find("2 pairs found: two shots of one series, by their names and times\n") !=
        std::string::npos);
  const auto to_remove = call.run("to-remove @");
  CHECK(json::parse(to_remove.output) == json{"IMG_0003.jpg"});
  CHECK(to_remove.errors.find("2 pairs left out: two shots of one series") != std::string::npos);
  CHECK(json::parse(call.run("to-remove --method phash @").output).size() == 2);
}

TEST_CASE("who finds nothing since all is linked, or lies below, is told") {
  const Call call;
  call.add("below/a.jpg", encode_picture(draw_picture(1), ".jpg"));
  CHECK(call.run("find @").errors.find("no file here, but folders, into which --recursive looks: "
                                       "1\n") != std::string::npos);
  CHECK(call.run("find --recursive @").errors.find("--recursive") == std::string::npos);
  std::filesystem::create_symlink("below/a.jpg", call.directory / "in/link.jpg");
  const auto outcome = call.run("find --recursive @");
  CHECK(outcome.errors.find("symbolic links, which are not followed: 1\n") != std::string::npos);
  CHECK(json::parse(outcome.output).size() == 1);
}

TEST_CASE("what cannot be read is named, what is no picture is passed over") {
  const Call call;
  const auto jpeg = encode_picture(draw_picture(1), ".jpg");
  call.add("whole.jpg", jpeg);
  call.add("cut.jpg", jpeg.substr(0, jpeg.size() / 2));
  call.add("text.jpg", "no picture");
  call.add("notes.txt", "no picture");
  const auto outcome = call.run("find @");
  CHECK(outcome.status == 0);
  CHECK(json::parse(outcome.output).size() == 1);
  CHECK(outcome.errors.find("cut.jpg: incomplete: ") != std::string::npos);
  CHECK(outcome.errors.find("text.jpg: not-an-image: ") != std::string::npos);
  CHECK(outcome.errors.find("notes.txt") == std::string::npos);
  CHECK(call.run("encode @/cut.jpg").status == 1);
}

TEST_CASE("evaluate reads what find wrote, with scores or without") {
  const Call call;
  add_pictures(call);
  const std::string found = call.directory / "found.json";
  CHECK(call.run("find --scores -o " + found + " @").status == 0);
  const auto outcome = call.run("evaluate --truth " + found + " --found " + found);
  CHECK(outcome.status == 0);
  const json metrics = json::parse(outcome.output);
  CHECK(metrics["map"] == 1.0);
  CHECK(metrics["support"] == json{4, 6});
  CHECK(json::parse(
            call.run("evaluate --metric ndcg --truth " + found + " --found " + found).output) ==
        json{{"ndcg", 1.0}});
  write_file(call.directory / "lopsided.json", R"({"a": ["b"], "b": []})");
  const std::string lopsided = call.directory / "lopsided.json";
  const auto refused = call.run("evaluate --truth " + lopsided + " --found " + lopsided);
  CHECK(refused.status == 1);
  CHECK(refused.errors.find("not symmetric: b") != std::string::npos);
  CHECK(refused.errors.find(lopsided) != std::string::npos);
}

TEST_CASE("wrong usage ends with 2, help and version with 0") {
  const Call call;
  std::filesystem::create_directory(call.directory / "in");
  for (const char* wrong : {"", "nothing", "find", "find /nonexistent", "find @ --method nothing",
                            "find @ --max-distance 65", "evaluate --metric all", "encode"})
    CHECK(call.run(wrong).status == 2);
  CHECK(call.run("find").errors.starts_with("imgdedup: "));
  for (const char* right : {"--help", "--version", "find --help", "find @"})
    CHECK(call.run(right).status == 0);
  CHECK(call.run("find @").output == "{}\n");
  CHECK(call.run("nothing").errors == "imgdedup: nothing: no such command (see imgdedup --help)\n");
  CHECK(call.run("find @ --neighbours 0").errors ==
        "imgdedup: --neighbours: 0 is not a number from 1 on (see imgdedup --help)\n");
}

TEST_CASE("an empty variable of a script is wrong usage, not an option left out") {
  const Call call;
  std::filesystem::create_directory(call.directory / "in");
  for (const char* wrong : {"find @ --query ''", "find @ -o ''", "to-remove @ -o ''",
                            "encode @ -o ''", "find @ --neighbours ''", "find ''"}) {
    CAPTURE(wrong);
    CHECK(call.run(wrong).status == 2);
  }
}

TEST_CASE("help that cannot be written is a failure") {
  const Call call;
  for (const char* page : {"--help", "--version", "find --help"})
    CHECK(::system((std::string(IMGDEDUP_PATH) + " " + page + " >/dev/full").c_str()) == 1 << 8);
}

TEST_CASE("a name in a message is one line and nothing in it acts on the terminal") {
  const Call call;
  call.add("bad\n\x1b[31m\xe9\xe2\x80\xae.jpg", "no picture");
  const auto outcome = call.run("find @");
  CHECK(outcome.errors.find("bad\\x0a\\x1b[31m\\xe9\\xe2\\x80\\xae.jpg: not-an-image: ") !=
        std::string::npos);
  CHECK(call.run("encode '@/\x1b[31m'").errors.find('\x1b') == std::string::npos);
}
