// SPDX-License-Identifier: Apache-2.0
// explain: two files opened with the rights of the user, and all that lies between them.
#include <array>
#include <cstdio>
#include <ostream>
#include <stdexcept>
#include <vector>

#include "ctl/commands.h"
#include "ctl/human_text.h"
#include "ctl/opened_file.h"
#include "ctl/table.h"
#include "protocol/explanation_report.h"
#include "protocol/path_text.h"
#include "protocol/utf8.h"

namespace imgdedup::ctl {
namespace {

using protocol::ExplainedFileReport;
using protocol::ExplanationReport;

/// With as many digits as it needs, three after the point at most.
std::string number_text(double value) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.3f", value);
  std::string number = text.data();
  number.erase(number.find_last_not_of('0') + 1);
  if (number.ends_with('.')) number.pop_back();
  return number;
}

std::string yes_or_no(const std::optional<bool>& value) {
  return !value ? "" : *value ? "yes" : "no";
}

std::string catalog_text(const ExplainedFileReport& file) {
  std::string text = "not in the catalog";
  if (file.id) {
    text = "file " + std::to_string(*file.id) + " of the catalog, " +
           std::string(name_of(*file.state));
    if (file.restored == true) text += ", restored from quarantine";
  }
  if (file.is_protected) text += ", in a protected folder";
  if (file.hard_links > 1) text += ", " + count_text(file.hard_links, "name");
  return text;
}

void write_file(const Console& console, std::string_view letter, const ExplainedFileReport& file) {
  console.out << console.painted(Colour::bold, letter) << "  "
              << console.painted(Colour::bold, protocol::readable_text(file.path)) << '\n';
  const auto line = [&](const std::string& text) { console.out << "   " << text << '\n'; };
  line(catalog_text(file));
  if (!file.fingerprint) {
    line(protocol::readable_text(file.message.value_or("cannot be judged")));
    return;
  }
  const matching::Fingerprint& fingerprint = *file.fingerprint;
  line(std::string(name_of(fingerprint.format)) + ", " + std::to_string(fingerprint.width_pixels) +
       " x " + std::to_string(fingerprint.height_pixels) + " pixels, " +
       bytes_text(fingerprint.size_bytes) + ", detail " + number_text(double{fingerprint.detail}));
  line("content " + to_hex(fingerprint.content_digest));
  const matching::PerceptualHashes& hashes = fingerprint.hashes;
  line("ahash " + to_hex(hashes.ahash) + "  dhash " + to_hex(hashes.dhash) + "  phash " +
       to_hex(hashes.phash) + "  whash " + to_hex(hashes.whash));
}

std::string threshold_text(const matching::MeasureRow& row) {
  if (!row.bound || !row.threshold) return "";
  return (*row.bound == matching::Bound::at_least ? ">= " : "<= ") + number_text(*row.threshold);
}

void write_measures(const Console& console, const ExplanationReport& report) {
  Table table(
      console,
      {{"MEASURE"}, {"VALUE", Alignment::right}, {"THRESHOLD"}, {"PASSES"}, {"FOR"}, {"NOTE"}});
  table.add({"same_bytes", yes_or_no(report.same_bytes), "", "", "exact", ""});
  table.add({"same_pixels", yes_or_no(report.same_pixels), "", "", "pixels", ""});
  for (const matching::MeasureRow& row : report.measures)
    table.add({row.measure, row.value ? number_text(*row.value) : "-", threshold_text(row),
               yes_or_no(row.passes), row.relation ? std::string(name_of(*row.relation)) : "",
               row.note});
  table.flush();
}

void write_steps(const Console& console, const ExplanationReport& report) {
  for (const matching::ExplanationStep& step : report.steps) {
    std::string name(name_of(step.kind));
    name.resize(19, ' ');
    const std::string line =
        (step.decides ? "* " : "  ") + name + protocol::readable_text(step.text);
    console.out << (step.decides ? console.painted(Colour::bold, line) : line) << '\n';
  }
}

}  // namespace

ExitStatus explain_files(const Task& task) {
  std::vector<OpenedFile> opened;
  std::vector<int> descriptors;
  for (const char* name : {"first", "second"}) {
    const std::string path = protocol::path_from_param(task.invocation.params.at(name)).value();
    const OpenedFile& file = opened.emplace_back(open_file(path));
    if (!file.problem.empty()) throw std::runtime_error(path + ": " + file.problem);
    descriptors.push_back(file.descriptor.get());
  }
  protocol::Client::CallOptions options;
  options.descriptors = descriptors;
  const protocol::Json result =
      task.client.call(task.invocation.command->name, task.invocation.params, options);
  const auto report = result.get<ExplanationReport>();
  const bool was_judged = report.files[0].fingerprint && report.files[1].fingerprint;
  const ExitStatus status = was_judged ? ExitStatus::done : ExitStatus::failed;
  if (task.wants_json()) {
    write_json(task.console, result);
    return status;
  }
  const Console& console = task.console;
  write_file(console, "A", report.files[0]);
  write_file(console, "B", report.files[1]);
  console.out << '\n';
  if (was_judged) {
    write_measures(console, report);
    console.out << '\n';
    write_steps(console, report);
    console.out << '\n';
  }
  console.out << protocol::readable_text(report.conclusion) << ".\n";
  return status;
}

}  // namespace imgdedup::ctl
