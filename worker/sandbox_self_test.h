// SPDX-License-Identifier: Apache-2.0
// Asks a worker to break out of its sandbox, from every side. Asking side.
#pragma once

#include <string>
#include <vector>

namespace imgdedup::worker {

struct ProbeResult {
  std::string name;  ///< as sandbox_probe_names() gives it
  bool held = false;
  std::string outcome;  ///< for people: "refused: Operation not permitted", "killed: SIGSYS" ...
};

struct SandboxSelfTest {
  std::string missing_layers;  ///< "" when all took hold
  std::vector<ProbeResult> probes;

  [[nodiscard]] bool passed() const;
};

/// Runs the worker once for each probe, shut in as for work. Throws std::system_error when it
/// cannot be started. Any thread; waits for the processes.
SandboxSelfTest test_sandbox(const std::string& worker_path);

/// A line for each probe and one for the layers.
std::string to_text(const SandboxSelfTest& test);

}  // namespace imgdedup::worker
