// SPDX-License-Identifier: Apache-2.0
// What every command of the client has at hand, and what several of them do alike.
#pragma once

#include <chrono>
#include <string_view>

#include "ctl/console.h"
#include "ctl/invocation.h"
#include "protocol/client.h"

namespace imgdedup::ctl {

struct Task {
  const Invocation& invocation;
  protocol::Client& client;
  const Console& console;

  [[nodiscard]] bool wants_json() const { return invocation.form == OutputForm::json; }
};

/// What a service in order needs for a call that waits for nothing.
inline constexpr std::chrono::seconds answer_time{60};

/// Items as one JSON array, each on a line of its own. Nothing is written before the first item or
/// close(), so that a call that fails at once leaves no broken JSON behind.
class JsonArrayWriter {
 public:
  explicit JsonArrayWriter(const Console& console) : console_(console) {}

  void add(const protocol::Json& item);
  void close();

 private:
  const Console& console_;
  bool is_open_ = false;
};

/// Calls the command with the invocation's params within answer_time.
protocol::Json call_command(const Task& task);

/// Writes one value as a line.
void write_json(const Console& console, const protocol::Json& value);

}  // namespace imgdedup::ctl
