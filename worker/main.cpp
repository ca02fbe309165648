// SPDX-License-Identifier: Apache-2.0
// imgdedup-worker: decodes and measures images for the programs that start it.
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <span>
#include <string_view>

#include "build_formats.h"
#include "hashing/embedding.h"
#include "hashing/measure.h"
#include "worker/job_runner.h"
#include "worker/network_file.h"
#include "worker/process_setup.h"

namespace {

constexpr int wrong_usage = 2;

constexpr const char* help =
    "usage: imgdedup-worker --version | --help\n"
    "\n"
    "Decodes and measures images. It is started by imgdedupd and imgdedup, which\n"
    "send it open files over a socket; there is nothing to do with it by hand.\n";

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
