// SPDX-License-Identifier: Apache-2.0
// The service with a model in its settings: what is wrong with it is told before anything begins.
#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "support/temporary_directory.h"
#include "support/tiny_network.h"

using namespace imgdedup::testing;

namespace {

struct Outcome {
  int status = -1;
  std::string errors;
};

/// The outcome of imgdedupd with `model` as its model, beginning at line 3 of the settings.
Outcome run_with_model(const TemporaryDirectory& directory, const std::string& model,
                       const std::string& option) {
  const auto settings = (directory / "settings.yaml").string();
  write_file(settings, "watch: [{path: " + (directory / "watched").string() +
                           "}]\ndetect:\n  embedding: {model: " + model +
                           "}\ncatalog: " + (directory / "catalog").string() + "\n");
  const auto errors = (directory / "errors").string();
  const int status = ::system((std::string(IMGDEDUPD_PATH) + " --config " + settings + " " +
                               option + " >/dev/null 2>" + errors)
                                  .c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_file(errors)};
}

}  // namespace

TEST_CASE("a model that cannot be used ends the service, and --check-config, with 2 and the line") {
  const TemporaryDirectory directory;
  const auto model = (directory / "model.onnx").string();
  const auto place = (directory / "settings.yaml").string() + ":3: detect.embedding.model: ";
  const auto expect = [&](const std::string& why) {
    for (const char* option : {"", "--check-config"}) {
      const auto outcome = run_with_model(directory, model, option);
      CHECK(outcome.status == 2);
      CHECK(outcome.errors.find(place + "cannot be used: " + model + ": " + why) !=
            std::string::npos);
    }
    CHECK(!std::filesystem::exists(directory / "catalog"));
  };
  expect("cannot be opened: No such file or directory");
  write_file(model, "no network");
  expect("is no whole ONNX file");
  auto two = grid_network();
  two.outputs.push_back({"grid", {1, 3, 8, 8}});
  write_file(model, encode_onnx(two));
  expect("has 2 outputs (vector, grid), must have one");
  write_file(model, encode_onnx(grid_network(56)));
  expect("takes pictures of 56x56");
}

TEST_CASE("--check-config is content with a model that can be used") {
  const TemporaryDirectory directory;
  const auto model = (directory / "model.onnx").string();
  write_file(model, encode_onnx(grid_network()));
  const auto outcome = run_with_model(directory, model, "--check-config");
  CHECK(outcome.status == 0);
  // What it says of the watched folders is another matter.
  CHECK(outcome.errors.find("embedding") == std::string::npos);
  CHECK(outcome.errors.find("model.onnx") == std::string::npos);
}
