// SPDX-License-Identifier: Apache-2.0
// Models behind the real imgdedup-worker.
#include "worker/embedding_model.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "hashing/embedding.h"
#include "support/drawn_pictures.h"
#include "support/tiny_network.h"
#include "worker/pool_fixture.h"

using namespace imgdedup;
using namespace imgdedup::worker;
using testing::draw_picture;
using testing::encode_onnx;
using testing::encode_picture;
using testing::TemporaryDirectory;
using testing::write_file;

namespace {

WorkerPoolSettings real_settings() {
  auto settings = testing::fake_settings(1);
  settings.worker_path = WORKER_PATH;
  return settings;
}

std::string fault_of(const std::filesystem::path& model, const WorkerPoolSettings& settings) {
  try {
    check_embedding_model(settings, model, {});
    return "";
  } catch (const EmbeddingModelError& error) {
    return error.what();
  }
}

Job embedding_job() {
  Job job;
  job.measures.embedding = true;
  return job;
}

/// Settings whose workers have the network of `model`.
WorkerPoolSettings settings_with(const std::filesystem::path& model) {
  auto settings = real_settings();
  settings.embedding = check_embedding_model(settings, model, {});
  return settings;
}

}  // namespace

TEST_CASE("the worker's embedding is that of the hashing library") {
  const TemporaryDirectory directory;
  const auto model = encode_onnx(testing::grid_network());
  write_file(directory / "model.onnx", model);
  auto settings = real_settings();
  settings.embedding = check_embedding_model(settings, directory / "model.onnx", {});
  CHECK(settings.embedding->identity.value_count == 192);
  testing::PoolDriver driver(std::move(settings));

  const auto picture = encode_picture(draw_picture(1), ".jpg");
  write_file(directory / "picture.jpg", picture);
  std::vector<posix::UniqueDescriptor> files;
  files.push_back(testing::open_for_reading(directory / "picture.jpg"));
  std::optional<Answer> answer;
  driver.pool.submit(embedding_job(), std::move(files),
                     [&](Answer given) { answer = std::move(given); });
  REQUIRE(driver.run_until([&] { return answer.has_value(); }));
  const auto bytes = [](const std::string& text) {
    return hashing::Bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  };
  hashing::EmbeddingNetwork network(bytes(model), {});
  CHECK(std::get<matching::Measurement>(*answer) ==
        std::get<matching::Measurement>(
            hashing::measure_image(bytes(picture), {}, {.embedding = true}, &network)));
}

TEST_CASE("a model that no worker can use is told, with the file and the reason") {
  const TemporaryDirectory directory;
  const auto path = directory / "model.onnx";
  const auto fault = [&](const std::string& content) {
    write_file(path, content);
    return fault_of(path, real_settings());
  };
  const auto model = encode_onnx(testing::pooling_network(16));
  CHECK(fault(model).empty());
  CHECK(fault(model.substr(0, model.size() / 2)) == path.string() + ": is no whole ONNX file");
  CHECK(fault("") == path.string() + ": is no whole ONNX file");
  auto two = testing::grid_network();
  two.outputs.push_back({"grid", {1, 3, 8, 8}});
  CHECK(fault(encode_onnx(two)) == path.string() + ": has 2 outputs (vector, grid), must have one");
  CHECK(fault_of(directory / "missing.onnx", real_settings()).find("cannot be opened") !=
        std::string::npos);
  CHECK(fault_of(directory / "", real_settings()).find("is no regular file") != std::string::npos);
  REQUIRE(::mkfifo((directory / "pipe").c_str(), 0600) == 0);
  CHECK(fault_of(directory / "pipe", real_settings()).find("is no regular file") !=
        std::string::npos);
}

TEST_CASE("a worker that ends over a model, or is no worker, is told") {
  const TemporaryDirectory directory;
  write_file(directory / "model.onnx", encode_onnx(testing::grid_network()));
  auto settings = real_settings();
  settings.worker_path = "/bin/false";
  CHECK(fault_of(directory / "model.onnx", settings).find("ended with status 1") !=
        std::string::npos);
  settings.worker_path = FAKE_WORKER_PATH;  // Says hello without a network.
  CHECK(fault_of(directory / "model.onnx", settings).find("has no network") != std::string::npos);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("a model that does not fit into the worker's memory is told for that") {
  const TemporaryDirectory directory;
  const auto path = directory / "model.onnx";
  write_file(path, encode_onnx(testing::grid_network()));
  std::filesystem::resize_file(path, std::uintmax_t{1} << 30);
  auto settings = real_settings();
  settings.memory_bytes = std::uint64_t{640} << 20;
  CHECK(fault_of(path, settings) == path.string() + ": needs more memory than a worker has");
}
#endif

TEST_CASE(
    "a model replaced by another stays the one that was checked; changed in place, no worker "
    "starts") {
  const TemporaryDirectory directory;
  const auto path = directory / "model.onnx";
  const auto picture = directory / "picture.png";
  write_file(picture, encode_picture(draw_picture(1), ".png"));
  const auto ask = [&](testing::PoolDriver& driver, auto done) {
    std::vector<posix::UniqueDescriptor> files;
    files.push_back(testing::open_for_reading(picture));
    driver.pool.submit(embedding_job(), std::move(files), [&](Answer answer) {
      driver.answers.emplace("picture", std::move(answer));
    });
    return driver.run_until(done);
  };
  write_file(path, encode_onnx(testing::grid_network()));
  {
    testing::PoolDriver driver(settings_with(path));
    write_file(directory / "other.onnx", encode_onnx(testing::pooling_network(16)));
    std::filesystem::rename(directory / "other.onnx", path);
    REQUIRE(ask(driver, [&] { return driver.answers.size() == 1; }));
    CHECK(
        std::get<matching::Measurement>(driver.answers.begin()->second).embedding->values.size() ==
        192);
  }
  {
    testing::PoolDriver driver(settings_with(path));
    write_file(path, encode_onnx(testing::pooling_network(20)));
    REQUIRE(ask(driver, [&] { return !driver.pool.last_error().empty(); }));
    CHECK(driver.pool.last_error().find("the model's file has changed") != std::string::npos);
    CHECK(driver.answers.empty());
  }
}
