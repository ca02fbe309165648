// SPDX-License-Identifier: Apache-2.0
// imgdedup-worker: decodes and measures images for the programs that start it.
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

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

/// Shuts itself in as for work, then tries one thing that must not work.
int run_probe(std::string_view name) {
  using namespace imgdedup::worker;
  const auto probe = sandbox_probe_from_name(name);
  if (!probe) {
    std::fprintf(stderr, "imgdedup-worker: there is no probe `%s`\n", std::string(name).c_str());
    return wrong_usage;
  }
  const pid_t parent = ::getppid();
  imgdedup::hashing::warm_codecs();
  const SandboxLayers layers = enter_sandbox(worker_channel_descriptor);
  std::printf("missing: %s\n", missing_from(layers).c_str());
  std::fflush(stdout);
  const auto error = try_from_inside(*probe, parent);
  if (!error) return static_cast<int>(ProbeEnd::went_through);
  std::printf("error: %s\n", std::generic_category().message(*error).c_str());
  return static_cast<int>(*error == EPERM || *error == EACCES ? ProbeEnd::refused
                                                              : ProbeEnd::failed);
}

/// Nothing, after saying why, where `rule` asks for more than this system gives.
std::optional<imgdedup::worker::SandboxLayers> shut_in(imgdedup::worker::SandboxRule rule) {
  using namespace imgdedup::worker;
  const SandboxLayers layers = enter_sandbox(worker_channel_descriptor);
  if (layers.complete() || rule == SandboxRule::best_effort) return layers;
  std::fprintf(stderr,
               "the sandbox cannot be had, this system refuses: %s; `sandbox: best-effort` (in "
               "imgdedup: --sandbox best-effort) does without\n",
               missing_from(layers).c_str());
  return std::nullopt;
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
    const auto layers = shut_in(serve->sandbox);
    if (!layers) return EXIT_FAILURE;
    return imgdedup::worker::serve_jobs(imgdedup::worker::worker_channel_descriptor, network.get(),
                                        *layers);
  } catch (const imgdedup::hashing::ModelError& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return EXIT_FAILURE;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "imgdedup-worker: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
