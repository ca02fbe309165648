// SPDX-License-Identifier: Apache-2.0
// The options of the hash methods, by the real imgdedup.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "batch/program_call.h"
#include "support/drawn_pictures.h"

using namespace imgdedup;
using namespace imgdedup::testing;
using nlohmann::json;

namespace {

const std::vector<std::string> methods{"ahash", "dhash", "phash", "whash"};

/// One picture at three qualities, and another.
void add_pictures(const Call& call) {
  const auto picture = draw_picture(1);
  call.add("a.jpg", encode_picture(picture, ".jpg", 95));
  call.add("b.jpg", encode_picture(picture, ".jpg", 80));
  call.add("c.png", encode_picture(picture, ".png"));
  call.add("other.png", encode_picture(draw_picture(2), ".png"));
}

std::string without_line_break(std::string text) {
  text.pop_back();
  return text;
}

/// Bits in which two hashes as hex digits differ.
int distance(const std::string& a, const std::string& b) {
  int bits = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    bits += __builtin_popcount(static_cast<unsigned>(std::stoi(a.substr(i, 1), nullptr, 16) ^
                                                     std::stoi(b.substr(i, 1), nullptr, 16)));
  return bits;
}

}  // namespace

TEST_CASE("hashes have 16 or 64 digits, and each library its own") {
  const Call call;
  add_pictures(call);
  for (const auto& method : methods) {
    CAPTURE(method);
    const auto encode = [&](const std::string& options) {
      const auto outcome = call.run("encode --method " + method + " " + options + " @/a.jpg");
      CHECK(outcome.status == 0);
      CHECK(outcome.errors.empty());
      return without_line_break(outcome.output);
    };
    const auto plain = encode("");
    CHECK(plain.size() == 16);
    CHECK(plain.find_first_not_of("0123456789abcdef") == std::string::npos);
    CHECK(encode("--compat imagededup --hash-size 8") == plain);
    CHECK(encode("--hash-size 16").size() == 64);
    CHECK(encode("--compat imagehash").size() == 16);
    CHECK(encode("--compat imagehash --hash-size 16").size() == 64);
  }
  CHECK(call.run("encode --compat imagehash --method phash @/a.jpg").output !=
        call.run("encode --compat imagededup --method phash @/a.jpg").output);
}

TEST_CASE("find agrees with the distances of what encode writes, for either library and size") {
  const Call call;
  add_pictures(call);
  for (const auto& method : methods)
    for (const std::string definition :
         {"", "--compat imagehash", "--hash-size 16", "--compat imagehash --hash-size 16"}) {
      const std::string options = " --method " + method + " " + definition + " ";
      CAPTURE(options);
      const json encodings = json::parse(call.run("encode" + options + "@").output);
      REQUIRE(encodings.size() == 4);
      const int radius = encodings["a.jpg"].get<std::string>().size() == 64 ? 60 : 15;
      json expected;
      for (const auto& [a, hash_a] : encodings.items()) {
        std::vector<std::pair<int, std::string>> hits;
        for (const auto& [b, hash_b] : encodings.items())
          if (const int bits = distance(hash_a, hash_b); a != b && bits <= radius)
            hits.emplace_back(bits, b);
        std::ranges::sort(hits);
        expected[a] = json::array();
        for (const auto& [bits, name] : hits) expected[a].push_back(json{name, bits});
      }
      const std::string distance_option = "--max-distance " + std::to_string(radius);
      const auto outcome = call.run("find --scores" + options + distance_option + " @");
      CHECK(json::parse(outcome.output) == expected);
      CHECK(expected["a.jpg"].size() >= 2);

      const std::string saved = call.directory / "encodings.json";
      write_file(saved, encodings.dump());
      CHECK(call.run("find --scores " + distance_option + " --encodings " + saved).output ==
            outcome.output);
    }
}

TEST_CASE("the distance is inclusive, from none to all bits") {
  const Call call;
  const std::string saved = call.directory / "e.json";
  const std::string zeros(64, '0'), ones(64, 'f');
  write_file(saved, json{{"a", zeros}, {"b", zeros}, {"c", ones}}.dump());
  const auto find = [&](const std::string& distance) {
    const auto outcome = call.run("find --max-distance " + distance + " --encodings " + saved);
    CHECK(outcome.status == 0);
    return json::parse(outcome.output);
  };
  CHECK(find("0") == json{{"a", {"b"}}, {"b", {"a"}}, {"c", json::array()}});
  CHECK(find("255") == find("0"));
  CHECK(find("256")["c"] == json{"a", "b"});
}

TEST_CASE("only the nearest neighbours are given, and the tally counts them all") {
  const Call call;
  const std::string saved = call.directory / "e.json";
  const std::string none(15, '0');
  write_file(saved, json{{"a", none + "0"}, {"b", none + "7"}, {"c", none + "1"}}.dump());
  const auto outcome = call.run("find --neighbours 1 --scores --encodings " + saved);
  CHECK(json::parse(outcome.output) == json{{"a", json::array({json{"c", 1}})},
                                            {"b", json::array({json{"c", 2}})},
                                            {"c", json::array({json{"a", 1}})}});
  CHECK(outcome.errors == "imgdedup: 3 pictures: 0 unique, 1 original, 2 duplicates\n");
}

TEST_CASE("to-remove works from encodings, always the same, and tells how many go") {
  const Call call;
  const std::string saved = call.directory / "e.json", result = call.directory / "r.json";
  const std::string none(15, '0');
  // 1~2~3 at distance 1, and 4 apart.
  write_file(
      saved,
      json{{"1", none + "0"}, {"2", none + "1"}, {"3", none + "3"}, {"4", none + "c"}}.dump());
  const auto outcome =
      call.run("to-remove --max-distance 1 --encodings " + saved + " -o " + result);
  CHECK(outcome.status == 0);
  CHECK(outcome.output.empty());
  CHECK(read_file(result) == "[\n  \"2\"\n]\n");
  CHECK(outcome.errors == "imgdedup: 4 pictures: 1 unique, 2 originals, 1 duplicate\n");
}

TEST_CASE("a query may be a file of the folder, any other file, or a name among encodings") {
  const Call call;
  add_pictures(call);
  const std::string outside = call.directory / "query.jpg";
  write_file(outside, encode_picture(draw_picture(1), ".jpg", 60));
  const std::string saved = call.directory / "e.json";
  REQUIRE(call.run("encode --hash-size 16 --compat imagehash -o " + saved + " @").status == 0);
  for (const auto& method : methods)
    for (const std::string size : {"8", "16"}) {
      const auto outcome = call.run("find --scores --max-distance 40 --hash-size " + size +
                                    " --method " + method + " --query " + outside + " @");
      const json found = json::parse(outcome.output);
      REQUIRE(found.size() == 1);
      REQUIRE(found[outside].size() >= 3);
      CHECK(outcome.errors.starts_with("imgdedup: " + std::to_string(found[outside].size()) +
                                       " duplicates of " + outside));
      for (std::size_t i = 1; i < found[outside].size(); ++i)
        CHECK(found[outside][i - 1][1] <= found[outside][i][1]);
    }
  const json all = json::parse(call.run("find --method dhash @").output);
  CHECK(json::parse(call.run("find --method dhash --query @/b.jpg @").output) ==
        json{{"b.jpg", all["b.jpg"]}});
  CHECK(json::parse(call.run("find --method md5 --query @/b.jpg @").output) ==
        json{{"b.jpg", json::array()}});

  const std::string of_saved = "find --max-distance 60 --encodings " + saved + " --query ";
  CHECK(json::parse(call.run(of_saved + "b.jpg").output)["b.jpg"].size() >= 2);
  const std::string hashed = " --method phash --compat imagehash";
  CHECK(json::parse(call.run(of_saved + outside + hashed).output)[outside].size() >= 3);
  const auto unclear = call.run(of_saved + outside);
  CHECK(unclear.status == 2);
  CHECK(unclear.errors.find("give the --method") != std::string::npos);
  CHECK(call.run(of_saved + "nowhere.jpg").status == 1);
}

TEST_CASE("encodings that look as if made by another method than the one given are warned of") {
  const Call call;
  for (unsigned i = 0; i < 30; ++i)
    call.add(std::to_string(i) + ".png", encode_picture(draw_picture(100 + i), ".png"));
  const std::string outside = call.directory / "query.png", saved = call.directory / "e.json";
  write_file(outside, encode_picture(draw_picture(1), ".png"));
  const std::vector<std::string> made{"ahash", "dhash", "whash", "phash --compat imagededup",
                                      "phash --compat imagehash"};
  for (const auto& with : made) {
    CAPTURE(with);
    REQUIRE(call.run("encode @ -o " + saved + " --method " + with).status == 0);
    const std::string of_saved = "find --encodings " + saved + " --query " + outside;
    const auto untold = call.run(of_saved);
    CHECK(untold.status == 2);
    // Drawn pictures are too restless for these two to be clear.
    const bool is_clear = with != "ahash" && with != "whash";
    if (is_clear) CHECK(untold.errors.find(", by its looks " + with + "\n") != std::string::npos);
    for (const auto& given : made) {
      CAPTURE(given);
      const auto outcome = call.run(of_saved + " --method " + given);
      CHECK(outcome.status == 0);
      const bool warns = outcome.errors.find("warning: by their looks") != std::string::npos;
      if (is_clear || given == with) CHECK(warns == (given != with));
      if (warns) CHECK(outcome.errors.find("made with --method " + with) != std::string::npos);
    }
  }
}

TEST_CASE("options that do not fit the method are wrong usage, and the message says why") {
  const Call call;
  add_pictures(call);
  const std::string small = call.directory / "small.json", mixed = call.directory / "mixed.json";
  write_file(small, json{{"a.jpg", std::string(16, '0')}}.dump());
  write_file(mixed, json{{"a.jpg", std::string(16, '0')}, {"b.jpg", std::string(64, '0')}}.dump());
  const std::vector<std::pair<std::string, std::string>> wrong{
      {"find @ --method phash --min-similarity 0.9", "--min-similarity is for vectors"},
      {"find @ --min-similarity 0.9", "not for --method all"},
      {"find @ --method phash --min-similarity 1.5", "1.5"},
      {"find @ --method phash --max-distance 65", "hashes of 64 bits differ in 0 to 64"},
      {"find @ --max-distance 65", "hashes of 64 bits differ in 0 to 64"},
      {"find @ --method phash --hash-size 16 --max-distance 257", "257"},
      {"find @ --method phash --max-distance -1", "-1"},
      {"find @ --method phash --max-distance ten", "ten"},
      {"find @ --method md5 --max-distance 3",
       "--max-distance is for hashes, not for --method md5"},
      {"find @ --method cnn --max-distance 3",
       "--max-distance is for hashes, not for --method cnn"},
      {"find @ --method md5 --hash-size 16", "--hash-size is for ahash, dhash, phash and whash"},
      {"find @ --compat imagehash", "--compat is for ahash, dhash, phash and whash"},
      {"find @ --method phash --hash-size 12", "12"},
      {"find @ --method phash --compat opencv", "opencv"},
      {"find @ --neighbours 0", "--neighbours"},
      {"find @ --encodings " + small, "excludes"},
      {"find --method md5 --encodings " + small, "--encodings holds hashes"},
      {"find --min-similarity 0.5 --encodings " + small,
       "it holds hashes, which take --max-distance"},
      {"find --max-distance 65 --encodings " + small, "hashes of 64 bits differ in 0 to 64"},
      {"to-remove @ --method md5 --compat imagehash", "--compat is for"},
      {"to-remove @ --scores", "--scores"},
      {"encode @ --method md5", "md5"},
      {"encode @ --hash-size 4", "4"},
  };
  for (const auto& [arguments, message] : wrong) {
    CAPTURE(arguments);
    const auto outcome = call.run(arguments);
    CHECK(outcome.status == 2);
    CHECK(outcome.output.empty());
    CAPTURE(outcome.errors);
    CHECK(outcome.errors.find(message) != std::string::npos);
  }
  const auto mixed_sizes = call.run("find --encodings " + mixed);
  CHECK(mixed_sizes.status == 1);
  CHECK(mixed_sizes.errors.find("b.jpg has a hash of 256 bits, not of 64") != std::string::npos);
  const auto other_size = call.run("find --hash-size 16 --encodings " + small);
  CHECK(other_size.status == 1);
  CHECK(other_size.errors.find("a.jpg has a hash of 64 bits, not of 256") != std::string::npos);
}

TEST_CASE("a whole folder is encoded as both libraries encode it") {
  const char* const data = std::getenv("IMGDEDUP_TEST_DATA");
  if (data == nullptr) {
    MESSAGE("skipped: IMGDEDUP_TEST_DATA is not set");
    return;
  }
  const json golden = json::parse(read_file(std::string(data) + "/golden/hashes.json"));
  const Call call;
  const std::map<std::string, std::pair<std::string, std::string>> names{
      {"--method ahash", {"imagededup", "ahash"}},
      {"--method whash --compat imagededup", {"imagededup", "whash"}},
      {"--method phash --compat imagehash", {"imagehash", "phash"}},
      {"--method dhash --hash-size 16 --compat imagehash", {"imagehash", "dhash16"}}};
  for (const auto& [options, name] : names) {
    CAPTURE(options);
    const auto outcome =
        call.run("encode --recursive " + options + " " + std::string(data) + "/photos");
    const json encodings = json::parse(outcome.output);
    int equal = 0, all = 0;
    for (const auto& [file, hash] : encodings.items()) {
      const auto& entry = golden["photos/" + file];
      if (entry["mode"] != "RGB" && entry["mode"] != "L") continue;
      ++all;
      equal += hash == entry[name.first][name.second] ? 1 : 0;
    }
    CHECK(all > 100);
    CHECK(equal == all);
  }
}
