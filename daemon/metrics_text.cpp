// SPDX-License-Identifier: Apache-2.0
// The figures of the service in Prometheus' text form.
#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <string_view>

#include "daemon/degradation.h"
#include "daemon/status_builder.h"
#include "protocol/utf8.h"

namespace imgdedup::daemon {
namespace {

class Exposition {
 public:
  void family(std::string_view name, std::string_view kind, std::string_view help) {
    name_ = "imgdedupd_" + std::string(name);
    text_ += "# HELP " + name_ + " " + std::string(help) + "\n# TYPE " + name_ + " " +
             std::string(kind) + "\n";
  }
  void sample(const std::string& labels, double value) {
    std::array<char, 32> number{};
    const auto end = std::to_chars(number.data(), number.data() + number.size(), value).ptr;
    text_ += name_ + labels + " " + std::string(number.data(), end) + "\n";
  }
  void single(std::string_view name, std::string_view kind, std::string_view help, double value) {
    family(name, kind, help);
    sample("", value);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string name_;
  std::string text_;
};

std::string label(std::string_view name, std::string_view value) {
  std::string escaped;
  for (const char c : protocol::readable_text(value)) {
    if (c == '\\' || c == '"') escaped += '\\';
    escaped += c;
  }
  return "{" + std::string(name) + "=\"" + escaped + "\"}";
}

double number(std::uint64_t value) { return static_cast<double>(value); }

}  // namespace

std::string metrics_text(const protocol::StatusReport& report) {
  Exposition out;
  constexpr const char* gauge = "gauge";
  constexpr const char* counter = "counter";
  out.family("info", gauge, "The version that runs.");
  out.sample(label("version", report.version), 1);
  out.family("state", gauge, "1 for the state the service is in.");
  using protocol::ServiceState;
  for (const auto state : {ServiceState::starting, ServiceState::scanning, ServiceState::idle,
                           ServiceState::paused, ServiceState::degraded})
    out.sample(label("state", name_of(state)), state == report.state ? 1 : 0);
  out.family("degraded", gauge, "1 for each kind of trouble that there is; status says more.");
  for (const Degradation& each : all_degradations()) {
    const bool is_there =
        std::any_of(report.degraded.begin(), report.degraded.end(),
                    [&](const std::string& line) { return is_of_kind(line, each); });
    out.sample(label("reason", each.word), is_there ? 1 : 0);
  }
  out.single("uptime_seconds", gauge, "Seconds since the start.", report.uptime_seconds);
  out.single("images", gauge, "Files that are images and have a content.", number(report.images));
  out.single("contents", gauge, "Distinct contents.", number(report.contents));
  out.single("bytes", gauge, "Bytes of all images.", number(report.bytes));
  out.single("pending", gauge, "Files whose decision is to come.", number(report.pending));
  out.single("incomplete", gauge, "Images that end too early.", number(report.incomplete));
  out.single("unreadable", gauge, "Files that could not be read as images.",
             number(report.unreadable));
  out.single("poison", gauge, "Files that failed a worker twice.", number(report.poison));
  out.single("images_per_second", gauge, "Files finished a second, lately.",
             report.images_per_second);
  out.single("memory_bytes", gauge, "Resident memory of the service.", number(report.memory_bytes));
  out.family("duplicates", gauge, "Decisions that stand, by relation.");
  for (std::size_t i = 0; i < report.duplicates.size(); ++i)
    out.sample(label("relation", name_of(static_cast<matching::Relation>(i))),
               number(report.duplicates[i]));
  out.single("quarantined_files", gauge, "Files in quarantine.", number(report.quarantined.files));
  out.single("quarantined_bytes", gauge, "Their bytes.", number(report.quarantined.bytes));
  out.single("quarantined_orphans", gauge, "Those that are the last copy of their content.",
             number(report.quarantined.orphans));
  out.single("index_hashes", gauge, "Hashes in the index.", number(report.index.hashes));
  out.single("index_features", gauge, "Pictures in the index of local features.",
             number(report.index.features));
  out.single("index_feature_bytes", gauge, "Memory that the index of local features takes.",
             number(report.index.feature_bytes));
  out.single("index_embeddings", gauge, "Pictures in the index of embeddings.",
             number(report.index.embeddings));
  out.single("index_embedding_bytes", gauge, "Memory that the index of embeddings takes.",
             number(report.index.embedding_bytes));
  out.single("watches", gauge, "Directories with a watch.", number(report.watches));
  out.single("watch_failures_total", counter, "Watches that could not be had.",
             number(report.watch_failures));
  out.single("watch_repairs_total", counter, "Watches that were found gone and set again.",
             number(report.watch_repairs));
  out.single("overflows_total", counter, "Times that events may have been lost.",
             number(report.overflows));
  out.single("reconciles_total", counter, "Complete comparisons with the folders.",
             number(report.reconciles));
  out.single("moves_done_total", counter, "Files moved into quarantine.",
             number(report.moves_done));
  out.single("moves_undone_total", counter, "Moves given up because something changed.",
             number(report.moves_undone));
  out.single("moves_failed_total", counter, "Moves that the system refused.",
             number(report.moves_failed));
  out.single("log_lines_dropped_total", counter,
             "Lines of the service's own log that could not be written in time.",
             number(report.log_lines_dropped));
  if (report.sandbox.missing)
    out.single("sandbox_missing_layers", gauge,
               "Layers of their sandbox that the workers do without.",
               number(report.sandbox.missing->size()));
  out.family("root_online", gauge, "1 while the watched folder is there.");
  for (const auto& root : report.roots)
    out.sample(label("path", root.path), root.mode == protocol::RootMode::offline ? 0 : 1);
  out.family("root_images", gauge, "Images in the watched folder.");
  for (const auto& root : report.roots) out.sample(label("path", root.path), number(root.images));
  return out.take();
}

}  // namespace imgdedup::daemon
