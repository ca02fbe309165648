// SPDX-License-Identifier: Apache-2.0
// The text of a settings file. What is taken for settings comes back from its own text.
#include <cstdlib>
#include <string_view>

#include "config/settings_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace imgdedup::config;
  try {
    const Settings settings =
        parse_settings({reinterpret_cast<const char*>(data), size}, "fuzzed.yaml");
    if (!(parse_settings(to_yaml(settings), "written.yaml") == settings)) std::abort();
  } catch (const ConfigError& error) {
    if (std::string_view(error.what()).empty()) std::abort();
  }
  return 0;
}
