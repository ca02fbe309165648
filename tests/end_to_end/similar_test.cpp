// SPDX-License-Identifier: Apache-2.0
// The service with a network: what only that takes for alike is logged, and nothing of it moves.
#include <doctest/doctest.h>
#include <sqlite3.h>

#include <random>
#include <stdexcept>

#include <opencv2/core.hpp>

#include "end_to_end/service.h"
#include "support/drawn_pictures.h"
#include "support/tiny_network.h"

using namespace imgdedup::testing;
using imgdedup::protocol::Json;
using Strings = std::vector<std::string>;
namespace fs = std::filesystem;

namespace {

constexpr int side = 672, cell = 84, block = 12;

cv::Mat plain_picture(std::uint64_t seed) { return draw_picture(seed, {side, side}); }

/// Small blocks change places within each cell whose mean the grid network takes: the same means,
/// another picture to whoever looks.
cv::Mat shuffled(const cv::Mat& picture, unsigned seed = 1) {
  std::mt19937 random(seed);
  cv::Mat result = picture.clone();
  constexpr int per_side = cell / block;
  for (int y = 0; y < side; y += cell)
    for (int x = 0; x < side; x += cell)
      for (int i = per_side * per_side - 1; i > 0; --i) {
        const int j = static_cast<int>(random() % static_cast<unsigned>(i + 1));
        const auto at = [&](int n) {
          return result(cv::Rect(x + n % per_side * block, y + n / per_side * block, block, block));
        };
        const cv::Mat kept = at(i).clone();
        at(j).copyTo(at(i));
        kept.copyTo(at(j));
      }
  return result;
}

std::string png(const cv::Mat& picture) { return encode_picture(picture, ".png"); }

/// What follows `detect: {embedding: ` in the settings, for the model at `path`.
std::string with_model(const fs::path& path, const std::string& more = "") {
  return "detect: {embedding: {model: " + path.string() + more + "}}\n";
}

/// A service with the grid network; not started.
struct Scene {
  Service service;
  fs::path model = service.base() / "model.onnx";

  explicit Scene(const std::string& more_yaml = "") {
    write_file(model, encode_onnx(grid_network()));
    service.write_settings(with_model(model) + more_yaml);
  }
  void put(const std::string& name, const cv::Mat& picture) {
    write_file(service.root() / name, png(picture));
  }
  void arrive(const std::string& name, const cv::Mat& picture) {
    put(name, picture);
    service.sync();
  }
  /// Another life with these settings, ended or not: what `reload` begins takes a moment.
  void reload_into(const std::string& yaml) {
    const auto ready = [this] {
      const std::string log = service.service_log();
      std::size_t count = 0;
      for (auto at = log.find("ready: "); at != std::string::npos; at = log.find("ready: ", at + 1))
        ++count;
      return count;
    };
    const auto before = ready();
    service.write_settings(yaml);
    service.call("reload");
    wait_until([&] { return ready() > before; }, "the new settings");
    service.sync();
  }
};

/// The number that a query gives; also runs changes, which give 0.
std::int64_t run_sql(const fs::path& path, const std::string& sql) {
  sqlite3* database = nullptr;
  std::int64_t number = 0;
  const auto read = [](void* result, int, char** columns, char**) {
    *static_cast<std::int64_t*>(result) = columns[0] ? std::stoll(columns[0]) : 0;
    return 0;
  };
  const bool done = sqlite3_open(path.c_str(), &database) == SQLITE_OK &&
                    sqlite3_busy_timeout(database, 10'000) == SQLITE_OK &&
                    sqlite3_exec(database, sql.c_str(), read, &number, nullptr) == SQLITE_OK;
  const std::string message = sqlite3_errmsg(database);
  sqlite3_close(database);
  if (!done) throw std::runtime_error(message + " in: " + sql);
  return number;
}

}  // namespace

TEST_CASE("what only the network takes for alike is logged once as near, and never moved") {
  Scene scene("actions: {near: quarantine, exact: quarantine}\n");
  Service& service = scene.service;
  service.start();
  const cv::Mat picture = plain_picture(1);
  scene.arrive("a.png", picture);
  scene.arrive("b.png", shuffled(picture));
  scene.arrive("other.png", plain_picture(2));
  CHECK(service.decisions() == Strings{"near b.png < a.png"});
  const Json decision = service.list("duplicates").at(0);
  CHECK(decision["action"] == "log");
  CHECK(decision["action_limit"] == "similarity");
  CHECK(decision["evidence"]["similarity"].get<double>() > 0.99);
  CHECK(decision["evidence"]["ssim"].get<double>() < 0.5);
  CHECK(decision["evidence"]["distance_bits"].is_number());
  CHECK(service.log_lines() == std::vector{decision});
  CHECK(service.service_log().find("b.png looks like ") != std::string::npos);
  CHECK(fs::exists(service.root() / "b.png"));
  const auto status = service.call("status");
  CHECK(status["index"]["embeddings"] == 3);
  CHECK(status["index"]["embedding_bytes"].get<std::int64_t>() > 0);
  CHECK(service.call("metrics")["text"].get<std::string>().find("imgdedupd_index_embeddings 3\n") !=
        std::string::npos);

  // It stays an original: its copies are held against it, and do move.
  scene.arrive("b-again.png", shuffled(picture));
  CHECK(service.decisions() == Strings{"exact b-again.png < b.png", "near b.png < a.png"});
  CHECK_FALSE(fs::exists(service.root() / "b-again.png"));

  CHECK(service.stop() == 0);
  service.start();
  service.sync();
  CHECK(service.log_lines().size() == 2);
  CHECK(service.call("status")["index"]["embeddings"] == 3);
  // The copies of old are found by vectors that the catalog kept.
  scene.arrive("c.png", shuffled(plain_picture(2), 5));
  CHECK(service.decisions().back() == "near c.png < other.png");
  CHECK(service.log_lines().size() == 3);
}

TEST_CASE("explain and query tell of the network's similarity, its bound, and that both stay") {
  Scene scene;
  Service& service = scene.service;
  service.start();
  const cv::Mat picture = plain_picture(1);
  scene.arrive("a.png", picture);
  scene.arrive("b.png", shuffled(picture));
  const std::string a = service.root() / "a.png", b = service.root() / "b.png";
  const Json explained = Json::parse(service.ctl({"--json", "explain", a, b}).output);
  CHECK(explained["relation"] == "near");
  CHECK(explained["duplicate"].is_null());
  CHECK(explained["action"] == "log");
  CHECK(explained["action_limit"] == "similarity");
  CHECK(explained["decision"] == service.list("duplicates").at(0)["id"]);
  bool has_row = false;
  for (const Json& row : explained["measures"])
    if (row["measure"] == "similarity") {
      has_row = true;
      CHECK(row["threshold"] == 0.9);
      CHECK(row["passes"] == true);
    }
  CHECK(has_row);
  CHECK(service.ctl({"explain", a, b}).output.find("look alike to the network") !=
        std::string::npos);
  const fs::path asked = service.base() / "asked.png";
  write_file(asked, png(shuffled(picture, 9)));
  const Json item = Json::parse(service.ctl({"--json", "query", asked}).output).at(0);
  CHECK(item["judged"] == "original");
  CHECK(item["relation"] == "near");
  CHECK(item["evidence"]["similarity"].get<double>() > 0.99);
  CHECK(service.ctl({"query", asked}).output.find("looks alike") != std::string::npos);
  CHECK(service.ctl({"duplicates"}).output.find("similarity") != std::string::npos);
}

TEST_CASE("min_similarity bounds what the network finds, and a reload changes it") {
  Scene scene;
  Service& service = scene.service;
  const cv::Mat picture = plain_picture(1);
  cv::Mat mixed;
  cv::addWeighted(picture, 0.6, plain_picture(3), 0.4, 0, mixed);
  service.start();
  scene.arrive("a.png", picture);
  scene.arrive("mixed.png", shuffled(mixed));
  CHECK(service.decisions().empty());
  service.write_settings(with_model(scene.model, ", min_similarity: 0.5"));
  service.call("reload");
  scene.arrive("mixed2.png", shuffled(mixed, 2));
  // Against the one whose means are the same; with that away, against the one they come near to.
  CHECK(service.decisions() == Strings{"near mixed2.png < mixed.png"});
  fs::remove(service.root() / "mixed.png");
  service.sync();
  REQUIRE(service.decisions() == Strings{"near mixed2.png < a.png"});
  const double similarity =
      service.list("duplicates").at(0)["evidence"]["similarity"].get<double>();
  CHECK(similarity >= 0.5);
  CHECK(similarity < 0.9);
}

TEST_CASE("another model measures anew in the background, and vectors of two never meet") {
  Scene scene;
  Service& service = scene.service;
  service.start();
  const cv::Mat picture = plain_picture(1);
  scene.arrive("a.png", picture);
  scene.arrive("b.png", shuffled(picture));
  write_file(service.root() / "b-copy.png", png(shuffled(picture)));
  write_file(service.root() / "near.jpg", encode_picture(picture, ".jpg", 60));
  for (std::uint64_t seed = 10; seed < 30; ++seed)
    scene.put("other" + std::to_string(seed) + ".png", plain_picture(seed));
  service.sync();
  const Strings before{"exact b-copy.png < b.png", "near b.png < a.png", "near near.jpg < a.png"};
  CHECK(service.decisions() == before);
  CHECK(service.log_lines().size() == 3);

  // Cells as small as the blocks: to this network the two are not alike.
  const fs::path fine = service.base() / "fine.onnx";
  write_file(fine, encode_onnx(grid_network(224, 7)));
  SUBCASE("at once") { scene.reload_into(with_model(fine)); }
  SUBCASE("in spite of being killed again and again") {
    CHECK(service.stop() == 0);
    service.write_settings(with_model(fine));
    for (int i = 0; i < 3; ++i) {
      service.start();
      wait_until([&] { return service.call("status")["index"]["embeddings"] > 5 * i; },
                 "some to be measured");
      service.kill();
    }
    service.start();
    service.sync();
  }
  CHECK(service.decisions() == Strings{"exact b-copy.png < b.png", "near near.jpg < a.png"});
  CHECK(service.log_lines().size() == 3);
  CHECK(service.call("status")["index"]["embeddings"] == service.call("status")["index"]["hashes"]);
  CHECK(run_sql(service.catalog(), "SELECT COUNT(*) FROM embeddings") == 23);
  CHECK(run_sql(service.catalog(),
                "SELECT COUNT(*) FROM embeddings WHERE length(vector) <> 4 * 3 * 32 * 32") == 0);

  // And back: it is said anew, with the number of what it said before.
  scene.reload_into(with_model(scene.model));
  CHECK(service.decisions() == before);
  const auto lines = service.log_lines();
  REQUIRE(lines.size() == 4);
  CHECK(lines[3]["action_limit"] == "similarity");
  CHECK(lines[3]["supersedes"].is_number());
}

TEST_CASE("a model that comes later finds every pair, in whatever order they are measured") {
  Scene scene;
  Service& service = scene.service;
  service.write_settings("");
  service.start();
  const cv::Mat picture = plain_picture(1);
  // The contents of the later file is the earlier one.
  scene.arrive("first.png", shuffled(picture));
  scene.arrive("a.png", picture);
  scene.arrive("b.png", shuffled(picture));
  fs::remove(service.root() / "first.png");
  service.sync();
  CHECK(service.decisions().empty());
  scene.reload_into(with_model(scene.model));
  CHECK(service.decisions() == Strings{"near b.png < a.png"});
}

TEST_CASE("with the model taken out, its vectors go and what rested on it alone ends") {
  Scene scene;
  Service& service = scene.service;
  service.start();
  const cv::Mat picture = plain_picture(1);
  scene.arrive("a.png", picture);
  scene.arrive("b.png", shuffled(picture));
  write_file(service.root() / "near.jpg", encode_picture(picture, ".jpg", 60));
  service.sync();
  CHECK(service.decisions() == Strings{"near b.png < a.png", "near near.jpg < a.png"});
  scene.reload_into("");
  CHECK(service.decisions() == Strings{"near near.jpg < a.png"});
  CHECK(service.log_lines().size() == 2);
  CHECK(service.call("status")["index"]["embeddings"] == 0);
  wait_until([&] { return run_sql(service.catalog(), "SELECT COUNT(*) FROM embeddings") == 0; },
             "the vectors to be removed");
  CHECK(run_sql(service.catalog(), "SELECT COUNT(*) FROM contents WHERE embedding_model <> 0") ==
        0);
  scene.arrive("c.png", shuffled(picture, 3));
  CHECK(service.decisions() == Strings{"near near.jpg < a.png"});
}

TEST_CASE("a reload with a model that cannot be used is refused, and the old one goes on") {
  Scene scene;
  Service& service = scene.service;
  service.start();
  const cv::Mat picture = plain_picture(1);
  scene.arrive("a.png", picture);
  const auto reload_error = [&] {
    const auto result = service.ctl({"reload"});
    CHECK(result.exit_status == 1);
    return result.errors;
  };
  const fs::path bad = service.base() / "bad.onnx";
  write_file(bad, "no network");
  service.write_settings(with_model(bad));
  CHECK(reload_error().find("is no whole ONNX file") != std::string::npos);
  service.write_settings(with_model(scene.model));
  fs::remove(scene.model);
  const std::string gone = reload_error();
  CHECK(gone.find(scene.model.string() + ": cannot be opened: No such file") != std::string::npos);
  CHECK(gone.find("imgdedupd.yaml:") != std::string::npos);
  scene.arrive("b.png", shuffled(picture));
  CHECK(service.decisions() == Strings{"near b.png < a.png"});

  // Another one in its place is taken up, though not a letter of the settings has changed.
  write_file(scene.model, encode_onnx(grid_network(224, 7)));
  scene.reload_into(with_model(scene.model));
  CHECK(service.decisions().empty());
}

TEST_CASE("a picture of which the network makes nothing is judged all the same") {
  Scene scene;
  Service& service = scene.service;
  auto network = grid_network();
  network.nodes.insert(network.nodes.begin() + 1, {"Relu", {"grid"}, {"positive"}});
  network.nodes.back().inputs = {"positive"};
  write_file(scene.model, encode_onnx(network));
  service.start();
  const cv::Mat dark = toned(plain_picture(1), 0.3, 0);
  scene.arrive("a.png", dark);
  write_file(service.root() / "near.jpg", encode_picture(dark, ".jpg", 60));
  service.sync();
  CHECK(service.decisions() == Strings{"near near.jpg < a.png"});
  const auto status = service.call("status");
  CHECK(status["images"] == 2);
  CHECK(status["unreadable"] == 0);
  CHECK(status["pending"] == 0);
  CHECK(status["index"]["embeddings"] == 0);
  CHECK(service.stop() == 0);
  service.start();
  service.sync();
  CHECK(service.call("status")["pending"] == 0);
  CHECK(service.log_lines().size() == 1);
}
