// SPDX-License-Identifier: Apache-2.0
// What becomes of the work of a model that is no longer in use.
#include "daemon/model_change.h"

#include <chrono>
#include <vector>

namespace imgdedup::daemon {
namespace {

constexpr std::size_t decision_page = 500;
// A few megabytes a moment: the socket and new files come in between.
constexpr std::size_t embedding_page = 500;
constexpr std::chrono::milliseconds page_interval{50};

}  // namespace

ModelChange::ModelChange(event::Loop& loop, Library& library)
    : library_(library), timer_(loop, [this] { forget_some(); }) {}

void ModelChange::start() {
  end_decisions();
  if (!library_.embeddings()) forget_some();
}

void ModelChange::end_decisions() {
  store::DecisionId after = 0;
  for (;;) {
    const auto page = library_.catalog().decisions_by_other_models(after, decision_page);
    std::vector<store::FileId> files;
    for (const store::CatalogDecision& decision : page) files.push_back(decision.file_id);
    library_.judge_again_alone(files);
    if (page.size() < decision_page) return;
    after = page.back().id;
  }
}

void ModelChange::forget_some() {
  if (library_.catalog().forget_embeddings(embedding_page)) timer_.start(page_interval);
}

}  // namespace imgdedup::daemon
