// SPDX-License-Identifier: Apache-2.0
// What several commands of the client do alike.
#include "ctl/task.h"

#include <ostream>

namespace imgdedup::ctl {

void JsonArrayWriter::add(const protocol::Json& item) {
  console_.out << (is_open_ ? ",\n" : "[") << protocol::dump_line(item);
  is_open_ = true;
}

void JsonArrayWriter::close() { console_.out << (is_open_ ? "]\n" : "[]\n"); }

protocol::Json call_command(const Task& task) {
  protocol::Client::CallOptions options;
  options.deadline = std::chrono::steady_clock::now() + answer_time;
  return task.client.call(task.invocation.command->name, task.invocation.params, options);
}

void write_json(const Console& console, const protocol::Json& value) {
  console.out << protocol::dump_line(value) << '\n';
}

}  // namespace imgdedup::ctl
