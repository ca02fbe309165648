// SPDX-License-Identifier: Apache-2.0
// Edited copies of a picture arrive: cropped, turned, mirrored, framed, captioned.
#include <doctest/doctest.h>
#include <sqlite3.h>

#include <stdexcept>

#include <opencv2/imgproc.hpp>

#include "end_to_end/service.h"
#include "support/drawn_pictures.h"

using namespace imgdedup::testing;
using imgdedup::protocol::Json;
using Strings = std::vector<std::string>;
namespace fs = std::filesystem;

namespace {

constexpr const char* edited_disabled = "detect: {edited: {enabled: false}}\n";

cv::Mat original_picture(std::uint64_t seed = 1) { return draw_picture(seed, {800, 600}); }

cv::Mat cropped(const cv::Mat& picture, double share) {
  const int width = static_cast<int>(picture.cols * share);
  const int height = static_cast<int>(picture.rows * share);
  return picture(cv::Rect((picture.cols - width) / 2, (picture.rows - height) / 2, width, height))
      .clone();
}

cv::Mat turned(const cv::Mat& picture, cv::RotateFlags how) {
  cv::Mat result;
  cv::rotate(picture, result, how);
  return result;
}

cv::Mat turned_by_degrees(const cv::Mat& picture, double degrees) {
  cv::Mat result;
  const cv::Point2f centre(static_cast<float>(picture.cols) / 2,
                           static_cast<float>(picture.rows) / 2);
  cv::warpAffine(picture, result, cv::getRotationMatrix2D(centre, -degrees, 1), picture.size());
  return result;
}

cv::Mat mirrored(const cv::Mat& picture) {
  cv::Mat result;
  cv::flip(picture, result, 1);
  return result;
}

cv::Mat framed(const cv::Mat& picture) {
  cv::Mat result;
  cv::copyMakeBorder(picture, result, 60, 60, 60, 60, cv::BORDER_CONSTANT, {20, 20, 20});
  return result;
}

cv::Mat captioned(const cv::Mat& picture) {
  cv::Mat result = picture.clone();
  cv::rectangle(result, {0, 480, 800, 120}, {255, 255, 255}, cv::FILLED);
  cv::putText(result, "SUMMER IS OVER", {60, 560}, cv::FONT_HERSHEY_SIMPLEX, 2, {0, 0, 0}, 4);
  return result;
}

std::string jpeg(const cv::Mat& picture) { return encode_picture(picture, ".jpg", 88); }

void put(const Service& service, const std::string& name, const cv::Mat& picture) {
  write_file(service.root() / name, jpeg(picture));
}

std::map<std::string, Json> evidence_by_name(Service& service) {
  std::map<std::string, Json> evidence;
  for (const Json& decision : service.list("duplicates"))
    evidence[fs::path(decision["path"].get<std::string>()).filename()] = decision["evidence"];
  return evidence;
}

/// The number that a query gives; also runs changes, which give 0.
std::int64_t run_sql(const fs::path& path, const std::string& sql) {
  sqlite3* database = nullptr;
  std::int64_t number = 0;
  const auto read = [](void* result, int, char** columns, char**) {
    *static_cast<std::int64_t*>(result) = columns[0] ? std::stoll(columns[0]) : 0;
    return 0;
  };
  const bool done = sqlite3_open(path.c_str(), &database) == SQLITE_OK &&
                    sqlite3_exec(database, sql.c_str(), read, &number, nullptr) == SQLITE_OK;
  const std::string message = sqlite3_errmsg(database);
  sqlite3_close(database);
  if (!done) throw std::runtime_error(message + " in: " + sql);
  return number;
}

/// As if another version of the program had measured everything, and got other hashes.
void set_versions_back(const fs::path& catalog) {
  run_sql(catalog,
          "UPDATE contents SET fingerprint_version = 0, features_version = 0, "
          "ahash = ~ahash, dhash = ~dhash, phash = ~phash, whash = ~whash, "
          "reduced_picture_digest = 5");
}

std::int64_t count_old_contents(const fs::path& catalog) {
  return run_sql(catalog, "SELECT COUNT(*) FROM contents WHERE fingerprint_version = 0");
}

}  // namespace

TEST_CASE("edited copies are found whatever was done to them, once each, with evidence") {
  Service service;
  service.start();
  const cv::Mat picture = original_picture();
  put(service, "a.jpg", picture);
  put(service, "other.jpg", original_picture(2));
  service.sync();
  put(service, "caption.jpg", captioned(picture));
  put(service, "crop.jpg", cropped(picture, 0.75));
  put(service, "frame.jpg", framed(picture));
  put(service, "mirror.jpg", mirrored(picture));
  cv::Mat small;
  cv::resize(mirrored(picture), small, {}, 0.5, 0.5, cv::INTER_AREA);
  put(service, "small-mirror.jpg", small);
  put(service, "turn180.jpg", turned(picture, cv::ROTATE_180));
  put(service, "turn25.jpg", turned_by_degrees(picture, 25));
  put(service, "turn90.jpg", turned(picture, cv::ROTATE_90_CLOCKWISE));
  service.sync();
  CHECK(service.decisions() == Strings{"edited caption.jpg < a.jpg", "edited crop.jpg < a.jpg",
                                       "edited frame.jpg < a.jpg", "edited mirror.jpg < a.jpg",
                                       "edited small-mirror.jpg < a.jpg",
                                       "edited turn180.jpg < a.jpg", "edited turn25.jpg < a.jpg",
                                       "edited turn90.jpg < a.jpg"});
  const auto evidence = evidence_by_name(service);
  const auto of = [&](const std::string& name, const char* measure) {
    return evidence.at(name).at(measure).get<double>();
  };
  for (const auto& [name, measures] : evidence) {
    CAPTURE(name);
    CHECK(measures["inliers"].is_number());
    CHECK(measures["ssim"].is_number());
    CHECK(measures["mirrored"] == (name.find("mirror") != std::string::npos));
    // Of the pictures as they are, whatever size they were looked at in.
    CHECK(measures["scale"].get<double>() ==
          doctest::Approx(name == "small-mirror.jpg" ? 0.5 : 1).epsilon(0.02));
    CHECK(measures["rotation_degrees"].is_number());
    CHECK(measures["overlap"].get<double>() <= 1.0);
  }
  CHECK(of("crop.jpg", "inliers") >= 10);
  CHECK(of("crop.jpg", "overlap") == doctest::Approx(0.5625).epsilon(0.05));
  CHECK(of("turn90.jpg", "rotation_degrees") == doctest::Approx(90).epsilon(0.02));
  CHECK(of("turn180.jpg", "rotation_degrees") == doctest::Approx(180).epsilon(0.02));
  CHECK(of("turn25.jpg", "rotation_degrees") == doctest::Approx(25).epsilon(0.06));
  CHECK(service.log_lines().size() == 8);
  const auto status = service.call("status");
  CHECK(status["duplicates"]["edited"] == 8);
  CHECK(status["index"]["features"] == 2);

  CHECK(service.stop() == 0);
  service.start();
  service.sync();
  CHECK(service.log_lines().size() == 8);
  CHECK(service.call("status")["index"]["features"] == 2);
}

TEST_CASE("with edited switched off nothing of it is measured, kept or found") {
  Service service(edited_disabled);
  service.start();
  const cv::Mat picture = original_picture();
  put(service, "a.jpg", picture);
  service.sync();
  put(service, "crop.jpg", cropped(picture, 0.75));
  put(service, "turn90.jpg", turned(picture, cv::ROTATE_90_CLOCKWISE));
  service.sync();
  CHECK(service.decisions().empty());
  const auto status = service.call("status");
  CHECK(status["index"]["features"] == 0);
  CHECK(status["index"]["feature_bytes"] == 0);
  CHECK(service.stop() == 0);
  CHECK(run_sql(service.catalog(), "SELECT COUNT(*) FROM features") == 0);
}

TEST_CASE("edited copies that lay there before edited was switched on are found then") {
  Service service(edited_disabled);
  service.start();
  const cv::Mat picture = original_picture();
  put(service, "a.jpg", picture);
  put(service, "near.jpg", turned_by_degrees(picture, 0));
  service.sync();
  put(service, "crop.jpg", cropped(picture, 0.75));
  service.sync();
  const auto lines = service.log_lines().size();
  service.write_settings("");
  service.call("reload");
  wait_until(
      [&] {
        try {
          return service.call("status")["index"]["features"] == 1;
        } catch (const std::exception&) {
          return false;  // the socket is away for a moment
        }
      },
      "the features of what lay there");
  service.sync();
  CHECK(service.decisions().front() == "edited crop.jpg < a.jpg");
  CHECK(service.log_lines().size() == lines + 1);
}

TEST_CASE("an edited copy moves to quarantine when its owner asked for that") {
  Service service("actions: {edited: quarantine}\n");
  service.start();
  const cv::Mat picture = original_picture();
  put(service, "a.jpg", picture);
  service.sync();
  put(service, "mirror.jpg", mirrored(picture));
  service.sync();
  CHECK(fs::exists(service.root() / "a.jpg"));
  CHECK_FALSE(fs::exists(service.root() / "mirror.jpg"));
  const auto entries = service.list("quarantine.list");
  REQUIRE(entries.size() == 1);
  CHECK(entries[0]["relation"] == "edited");
  CHECK(read_file(entries[0]["quarantine_path"].get<std::string>()) == jpeg(mirrored(picture)));
}

TEST_CASE("copies that arrive together with their original are held against it alone") {
  Service service;
  const cv::Mat picture = original_picture();
  put(service, "a.jpg", picture);
  put(service, "b-turn.jpg", turned(picture, cv::ROTATE_90_COUNTERCLOCKWISE));
  put(service, "c-crop.jpg", cropped(picture, 0.8));
  put(service, "d-mirror.jpg", mirrored(picture));
  put(service, "e-frame.jpg", framed(picture));
  service.start();
  service.sync();
  CHECK(service.decisions() == Strings{"edited b-turn.jpg < a.jpg", "edited c-crop.jpg < a.jpg",
                                       "edited d-mirror.jpg < a.jpg",
                                       "edited e-frame.jpg < a.jpg"});
  CHECK(service.log_lines().size() == 4);
}

TEST_CASE("an edited copy becomes an original when its original goes, a larger one displaces it") {
  Service service("keep: largest\n");
  service.start();
  const cv::Mat picture = original_picture();
  put(service, "crop.jpg", cropped(picture, 0.75));
  service.sync();
  put(service, "whole.jpg", picture);
  service.sync();
  CHECK(service.decisions() == Strings{"edited crop.jpg < whole.jpg"});
  fs::remove(service.root() / "whole.jpg");
  service.sync();
  CHECK(service.decisions().empty());
  put(service, "again.jpg", mirrored(picture));
  service.sync();
  CHECK(service.decisions() == Strings{"edited crop.jpg < again.jpg"});
}

TEST_CASE("query tells of edited copies and records nothing") {
  Service service;
  service.start();
  const cv::Mat picture = original_picture();
  put(service, "a.jpg", picture);
  service.sync();
  const auto asked = service.base() / "asked.jpg";
  write_file(asked, jpeg(turned(picture, cv::ROTATE_180)));
  const auto answer = service.ctl({"--json", "query", asked});
  const Json item = Json::parse(answer.output).at(0);
  CHECK(item["relation"] == "edited");
  CHECK(item["evidence"]["rotation_degrees"].get<double>() == doctest::Approx(180).epsilon(0.02));
  CHECK(service.ctl({"query", asked}).output.find("turned 180°") != std::string::npos);
  CHECK(service.decisions().empty());
}

TEST_CASE("contents that another version measured are measured again, and nothing is said twice") {
  Service service;
  service.start();
  const cv::Mat picture = original_picture();
  put(service, "a.jpg", picture);
  service.sync();
  write_file(service.root() / "exact.jpg", jpeg(picture));
  write_file(service.root() / "near.jpg", encode_picture(picture, ".jpg", 50));
  put(service, "turn90.jpg", turned(picture, cv::ROTATE_90_CLOCKWISE));
  for (std::uint64_t seed = 10; seed < 40; ++seed)
    put(service, "other" + std::to_string(seed) + ".jpg", original_picture(seed));
  service.sync();
  const auto decisions = service.decisions();
  CHECK(decisions.size() == 3);
  const auto lines = service.log_lines();
  CHECK(service.stop() == 0);
  set_versions_back(service.catalog());

  SUBCASE("at once") { service.start(); }
  SUBCASE("in spite of being killed again and again") {
    for (int i = 0; i < 4; ++i) {
      service.start();
      const auto images = service.call("status")["images"];
      wait_until([&] { return service.call("status")["images"] != images || i > 2; },
                 "something to be measured");
      service.kill();
    }
    service.start();
  }
  service.sync();
  CHECK(service.decisions() == decisions);
  CHECK(service.log_lines() == lines);
  const auto status = service.call("status");
  CHECK(status["pending"] == 0);
  CHECK(status["images"] == 34);
  CHECK(status["index"]["features"] == status["index"]["hashes"]);

  // The hashes of old are gone: what comes now is held against new ones.
  write_file(service.root() / "near2.jpg", encode_picture(picture, ".jpg", 60));
  service.sync();
  CHECK(service.decisions().size() == 4);
  CHECK(service.stop() == 0);
  CHECK(count_old_contents(service.catalog()) == 0);
}

TEST_CASE("status shows that contents are being measured again") {
  Service service(edited_disabled);
  service.start();
  for (std::uint64_t seed = 1; seed <= 60; ++seed)
    put(service, std::to_string(seed) + ".jpg", original_picture(seed));
  service.sync();
  CHECK(service.stop() == 0);
  set_versions_back(service.catalog());
  service.start();
  wait_until([&] { return service.call("status")["pending"] > 0; }, "pending contents");
  service.sync();
  CHECK(service.call("status")["pending"] == 0);
  CHECK(service.call("status")["images"] == 60);
}
