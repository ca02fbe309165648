// SPDX-License-Identifier: Apache-2.0
// Where the client writes, and what may be written there.
#include "ctl/console.h"

#include <unistd.h>

#include <cstdlib>
#include <iostream>

namespace imgdedup::ctl {
namespace {

Sink sink_of(int descriptor) { return ::isatty(descriptor) == 1 ? Sink::terminal : Sink::other; }

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string_view sequence_of(Colour colour) {
  switch (colour) {
    case Colour::bold:
      return "\033[1m";
    case Colour::dim:
      return "\033[2m";
    case Colour::red:
      return "\033[31m";
    case Colour::green:
      return "\033[32m";
    case Colour::yellow:
      return "\033[33m";
  }
  return "";
}

}  // namespace

std::string Console::painted(Colour colour, std::string_view text) const {
  if (out_colours == Colours::off || text.empty()) return std::string(text);
  return std::string(sequence_of(colour)) + std::string(text) + "\033[0m";
}

Console standard_console() {
  Console console{std::cout, std::cerr, sink_of(STDOUT_FILENO), sink_of(STDERR_FILENO)};
  if (console.out_sink == Sink::terminal && variable("NO_COLOR").empty() &&
      variable("TERM") != "dumb" && !variable("TERM").empty())
    console.out_colours = Colours::on;
  return console;
}

}  // namespace imgdedup::ctl
