// SPDX-License-Identifier: Apache-2.0
// imgdedup-worker: decodes and measures images for the programs that start it.
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "build_formats.h"
#include "hashing/embedding.h"
#include "hashing/measure.h"
#include "worker/job_runner.h"
#include "worker/network_file.h"
#include "worker/process_setup.h"
#include "worker/sandbox.h"

namespace {

constexpr int wrong_usage = 2;

constexpr const char* help =
    "usage: imgdedup-worker --version | --help\n"
    "\n"
    "Decodes and measures images. It is started by imgdedupd and imgdedup, which\n"
    "send it open files over a socket; there is nothing to do with it by hand.\n";

/// What the asking side tells from the exit status of a probe.
constexpr int probe_went_through = 10;

/// Shuts itself in as for work, then tries one thing that must not work.
int run_probe(std::string_view name) {
  using namespace imgdedup::worker;
  const auto probe = sandbox_probe_from_name(name);
  if (!probe) {
    std::fprintf(stderr, "imgdedup-worker: there is no probe `%s`\n", std::string(name).c_str());
    return wrong_usage;
  }
  imgdedup::hashing::warm_codecs();
  const SandboxLayers layers = enter_sandbox();
  std::printf("missing: %s\n", missing_from(layers).c_str());
  std::fflush(stdout);
  const auto refused = try_from_inside(*probe);
  std::printf("%s\n", refused ? ("refused: " + *refused).c_str() : "went through");
  return refused ? EXIT_SUCCESS : probe_went_through;
}

}  // namespace

int main(int count, char** arguments) {
  const std::span<char* const> all(arguments, static_cast<std::size_t>(count));
  if (all.size() == 2 && all[1] == std::string_view("--version")) {
    std::printf("imgdedup-worker " IMGDEDUP_VERSION "\n%s\n", imgdedup::formats_text);
    return EXIT_SUCCESS;
  }
  if (all.size() == 2 && all[1] == std::string_view("--help")) {
    std::fputs(help, stdout);
    return EXIT_SUCCESS;
  }
  if (all.size() == 2 &&
      std::string_view(all[1]).starts_with(imgdedup::worker::sandbox_probe_option))
    return run_probe(
        std::string_view(all[1]).substr(imgdedup::worker::sandbox_probe_option.size()));
  const auto serve = imgdedup::worker::serve_arguments_from(all);
  if (!serve) {
    std::fputs(help, stderr);
    return wrong_usage;
  }
  try {
    imgdedup::worker::set_up_worker_process(serve->memory_bytes);
    imgdedup::hashing::warm_codecs();
    std::unique_ptr<imgdedup::hashing::EmbeddingNetwork> network;
    if (serve->embedding)
      network = imgdedup::worker::network_from_file(imgdedup::worker::worker_model_descriptor,
                                                    *serve->embedding);
    return imgdedup::worker::serve_jobs(imgdedup::worker::worker_channel_descriptor, network.get());
  } catch (const imgdedup::hashing::ModelError& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return EXIT_FAILURE;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "imgdedup-worker: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
