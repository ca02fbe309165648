// SPDX-License-Identifier: Apache-2.0
// Carries decisions out.
#include "daemon/mover.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "daemon/event/background.h"
#include "daemon/file_access.h"
#include "daemon/protected_places.h"
#include "daemon/quarantine_mount.h"
#include "posix/test_hooks.h"
#include "store/file_digest.h"

namespace imgdedup::daemon {
namespace {

using store::MoveProblem;

constexpr std::size_t page_size = 500;
constexpr std::size_t most_waiting = 2 * page_size;
constexpr unsigned most_changes_of_original = 3;
constexpr const char* not_wanted = "the settings of now only log its relation";
constexpr std::chrono::seconds retry_time{10};
constexpr std::chrono::seconds longest_retry_time{600};

}  // namespace

struct Mover::Move {
  store::CatalogDecision decision;
  store::CatalogFile original;
  std::unique_ptr<store::QuarantineMove> move;
  posix::UniqueDescriptor original_file;
};

Mover::Mover(event::Loop& loop, Library& library, const Roots& roots, Hooks hooks)
    : loop_(loop),
      library_(library),
      roots_(roots),
      hooks_(std::move(hooks)),
      returning_(library.catalog()),
      retry_timer_(loop, [this] { carry_out_all(); }),
      refused_timer_(loop, [this] { carry_out_all(); }),
      refused_retry_time_(retry_time) {}

void Mover::carry_out(store::DecisionId id) {
  if (waiting_.size() >= most_waiting) {
    // The catalog has it.
    rest_after_ = std::min(rest_after_.value_or(id - 1), id - 1);
    return;
  }
  if (!queued_.insert(id).second) return;
  waiting_.push_back(id);
  wake();
}

void Mover::carry_out_all() {
  rest_after_ = 0;
  if (waiting_.empty()) take_page();
  wake();
}

void Mover::take_page() {
  const auto decisions = library_.catalog().decisions_to_carry_out(*rest_after_, page_size);
  for (const auto& decision : decisions)
    if (queued_.insert(decision.id).second) waiting_.push_back(decision.id);
  if (decisions.size() < page_size)
    rest_after_.reset();
  else
    rest_after_ = decisions.back().id;
}

void Mover::set_paused(bool paused) {
  is_paused_ = paused;
  if (!paused) wake();
}

bool Mover::is_moving(store::FileId file) const {
  return current_ && current_->decision.file_id == file;
}

void Mover::wake() {
  if (std::exchange(is_woken_, true)) return;
  loop_.defer([this] {
    is_woken_ = false;
    start_next();
  });
}

void Mover::start_next() {
  if (current_ || is_paused_) return;
  if (waiting_.empty() && rest_after_) take_page();
  if (waiting_.empty()) return;
  const store::DecisionId id = waiting_.front();
  waiting_.pop_front();
  queued_.erase(id);
  const auto decision = library_.catalog().decision(id);
  // A decision that fell meanwhile, or that an earlier call carried out.
  if (decision && decision->state == matching::DecisionState::standing) {
    auto move = std::make_shared<Move>();
    move->decision = *decision;
    guarded(move, [this, move] {
      if (!prepare(move)) return;
      current_ = move;
      verify(move);
    });
  } else {
    unmoved_.forget(id);
  }
  if (!current_) wake();
}

// What the file system does to one file ends its move, not the service.
void Mover::guarded(const MovePtr& move, const std::function<void()>& step) {
  try {
    step();
  } catch (const std::system_error& error) {
    give_up(move, {MoveProblem::Kind::refused,
                   "cannot move " + move->decision.path + " to quarantine: " + error.what()});
    end(move);
  }
}

bool Mover::prepare(const MovePtr& move) {
  store::CatalogDecision& decision = move->decision;
  if (!hooks_.is_wanted(decision.relation)) {
    (void)unmoved_.remember(decision.id, not_wanted);
    return false;
  }
  if (why_not_moved(decision.id) == not_wanted) unmoved_.forget(decision.id);
  auto file = library_.catalog().file(decision.file_id);
  const auto original = library_.catalog().file(decision.original_file_id);
  const Root* root = file ? roots_.holding(file->path) : nullptr;
  if (!file || !original || !root || !root->is_online() || root->settings.protect ||
      file->state != matching::FileState::judged ||
      original->state != matching::FileState::judged ||
      original->role != store::FileRole::original ||
      matching::same_inode(file->stamp, original->stamp)) {
    // One of the two is being looked at, or its folder is away.
    if (!root || !root->settings.protect) retry_later();
    return false;
  }
  if (const auto name = name_that_can_move(roots_, library_.catalog(), *file)) {
    file = library_.stand_under(*file, *name);
    decision.path = file->path;
    root = roots_.holding(file->path);
  }
  if (const auto changes = original_changed_.find(decision.id);
      changes != original_changed_.end() && changes->second >= most_changes_of_original) {
    leave(move, "each time that it was taken its original " + original->path +
                    " changed or went; are the two one file, seen through two file systems?");
    return false;
  }
  if (const unsigned times = returning_.times_moved(file->path, decision.content);
      times >= most_moves_of_one_file) {
    give_up(move,
            {MoveProblem::Kind::refused,
             "left " + file->path + " where it is: it lies in quarantine " + std::to_string(times) +
                 " times already, so something puts it back again and again (a sync tool?); "
                 "keep that from doing so, and purge or restore what lies in quarantine"});
    return false;
  }
  if (const auto around = protected_root_around(roots_, *root, file->path)) {
    leave(move, "it lies in the protected folder " + *around + " as well, by another mount");
    return false;
  }
  const Root* original_root = roots_.holding(original->path);
  move->original = *original;
  move->move = std::make_unique<store::QuarantineMove>(
      library_.catalog(),
      store::MoveRequest{decision.id, file->id, root->settings.path, file->path,
                         root->settings.quarantine, file->stamp, decision.content, original->path,
                         decision.relation, original_root ? original_root->settings.path : "",
                         root->settings.has_own_quarantine() ? store::AcrossMounts::copy
                                                             : store::AcrossMounts::refuse,
                         original->stamp});
  if (const auto problem = move->move->prepare()) {
    give_up(move, *problem);
    return false;
  }
  OpenedFile opened = open_file(roots_, original->path);
  if (opened.error != 0 || opened.stamp != original->stamp) {
    hooks_.look_at_directory_of(original->path);
    move->move.reset();
    retry_later();
    return false;
  }
  move->original_file = std::move(opened.descriptor);
  return true;
}

void Mover::leave(const MovePtr& move, const std::string& why) {
  if (!left_.insert(move->decision.id).second) return;
  ++counts_.failed;
  const std::string message = "left " + move->decision.path + " where it is: " + why;
  (void)unmoved_.remember(move->decision.id, message);
  hooks_.failed(message);
}

void Mover::retry_later() {
  if (!retry_timer_.active()) retry_timer_.start(retry_time);
}

// Other bytes under the stamp that was judged: written through a mapping, or decayed.
void Mover::bytes_changed_unseen(store::FileId id, const matching::FileStamp& stamp) {
  const auto row = library_.catalog().file(id);
  if (row && row->state == matching::FileState::judged && row->stamp == stamp)
    library_.file_changed(*row, row->stamp, row->hard_links);
}

// By the service itself, for nothing moves on a worker's word.
void Mover::ask_digest(const MovePtr& move, DigestQuestion question) {
  const auto file = std::make_shared<posix::UniqueDescriptor>(std::move(question.file));
  const auto found = std::make_shared<std::optional<matching::ContentDigest>>();
  // The work may outlive this object, and the move must not.
  event::run_in_background(
      loop_,
      [file, found, is_over = is_over_, point = question.test_point] {
        posix::test_point(point);
        *found = store::digest_of_file(file->get(), *is_over);
      },
      [this, weak = std::weak_ptr<Move>(move), found,
       asked = std::make_shared<DigestQuestion>(std::move(question))](
          const std::exception_ptr& failure) {
        if (const MovePtr waiting = weak.lock()) digested(waiting, *asked, *found, failure);
      });
}

void Mover::digested(const MovePtr& move, const DigestQuestion& question,
                     const std::optional<matching::ContentDigest>& found,
                     const std::exception_ptr& failure) {
  const std::string what = "cannot move " + move->decision.path + " to quarantine: ";
  try {
    if (failure) std::rethrow_exception(failure);
  } catch (const std::system_error& error) {
    give_up(move, {MoveProblem::Kind::refused, what + error.what()});
    end(move);
    return;
  }
  if (found == question.expected) {
    guarded(move, [&] { question.then(move); });
    return;
  }
  bytes_changed_unseen(question.file_id, question.stamp);
  give_up(move, {MoveProblem::Kind::changed,
                 what + "it or its original has other bytes than when it was judged"});
  end(move);
}

void Mover::verify(const MovePtr& move) {
  ask_digest(move, {duplicate(move->original_file), move->original.id, move->original.stamp,
                    move->decision.original_content, [this](const MovePtr& same) {
                      ask_digest(same, {same->move->duplicate_descriptor(), same->decision.file_id,
                                        same->move->request().stamp, same->decision.content,
                                        [this](const MovePtr& both) { verified(both); }});
                    }});
}

bool Mover::still_stands(const Move& move) const {
  const auto decision = library_.catalog().decision(move.decision.id);
  const auto file = library_.catalog().file(move.decision.file_id);
  const auto original = library_.catalog().file(move.decision.original_file_id);
  if (!decision || decision->state != matching::DecisionState::standing ||
      !hooks_.is_wanted(decision->relation) ||
      library_.catalog().are_distinct(decision->content, decision->original_content) || !file ||
      file->state != matching::FileState::judged || !original ||
      original->state != matching::FileState::judged || original->stamp != move.original.stamp)
    return false;
  const OpenedFile now = open_file(roots_, original->path);
  return now.error == 0 && now.stamp == move.original.stamp;
}

// The digests took their time: the decision may have fallen, the original's name may be gone.
void Mover::verified(const MovePtr& move) {
  posix::test_point("after_verify");
  if (!still_stands(*move)) {
    fell(move);
    return;
  }
  if (const auto problem = move->move->take(wall_clock_ns())) {
    hooks_.look_at_directory_of(move->original.path);
    give_up(move, *problem);
    end(move);
    return;
  }
  if (move->move->needs_copy())
    copy(move);
  else
    ask_last_digest(move);
}

void Mover::copy(const MovePtr& move) {
  // The work may outlive this object, and the move must not.
  event::run_in_background(
      loop_, [transfer = move->move->transfer()] { transfer->run(); },
      [this, weak = std::weak_ptr<Move>(move)](const std::exception_ptr&) {
        if (const MovePtr copying = weak.lock()) guarded(copying, [&] { copied(copying); });
      });
}

// The copying took its time as well, so both are looked at as they were before it.
void Mover::copied(const MovePtr& move) {
  const auto transfer = move->move->transfer();
  if (transfer->failure()) {
    finish(move);
    return;
  }
  const std::string path = move->decision.path;
  for (const std::string& lost : transfer->not_kept())
    hooks_.note(path + " was copied to quarantine, but not all of it could be kept there (" + lost +
                "); the note beside it has it for the way back");
  const matching::FileStamp own = move->move->request().stamp;
  ask_digest(move, {transfer->open_copy(), move->decision.file_id, own, move->decision.content,
                    [this](const MovePtr& same) {
                      ask_digest(same, {duplicate(same->original_file), same->original.id,
                                        same->original.stamp, same->decision.original_content,
                                        [this](const MovePtr& both) {
                                          if (still_stands(*both))
                                            ask_last_digest(both);
                                          else
                                            fell(both);
                                        }});
                    }});
}

void Mover::ask_last_digest(const MovePtr& move) {
  if (!move->move->needs_second_digest()) {
    finish(move);
    return;
  }
  ask_digest(move, {move->move->duplicate_descriptor(), move->decision.file_id,
                    move->move->request().stamp, move->decision.content,
                    [this](const MovePtr& same) { finish(same); }, "last_digest"});
}

// What was taken goes back.
void Mover::fell(const MovePtr& move) {
  hooks_.look_at_directory_of(move->original.path);
  give_up(move, {MoveProblem::Kind::changed,
                 "did not move " + move->decision.path + " to quarantine: its original " +
                     move->original.path +
                     " went away or changed meanwhile, or the decision does not stand any more"});
  end(move);
}

void Mover::finish(const MovePtr& move) {
  if (!still_stands(*move)) {
    fell(move);
    return;
  }
  if (const auto problem = move->move->finish()) {
    give_up(move, *problem);
  } else {
    ++counts_.done;
    returning_.moved(move->decision.path, move->decision.content);
    refused_retry_time_ = retry_time;
    unmoved_.forget(move->decision.id);
    original_changed_.erase(move->decision.id);
    hooks_.moved(move->decision.id);
  }
  end(move);
}

void Mover::give_up(const MovePtr& move, const MoveProblem& problem) {
  move->move.reset();
  if (problem.kind == MoveProblem::Kind::changed) {
    ++counts_.undone;
    if (problem.original_changed) ++original_changed_[move->decision.id];
    hooks_.look_at_directory_of(move->decision.path);
    // What changed is judged anew and its decision falls; what was merely in use is tried again.
    retry_later();
  } else {
    ++counts_.failed;
    // A full disk or a missing right: somebody may do something about it, in a while.
    if (!refused_timer_.active()) {
      refused_timer_.start(refused_retry_time_);
      refused_retry_time_ = std::min(2 * refused_retry_time_, longest_retry_time);
    }
  }
  if (unmoved_.remember(move->decision.id, problem.message)) hooks_.failed(problem.message);
}

void Mover::end(const MovePtr& move) {
  if (current_ == move) current_.reset();
  wake();
}

}  // namespace imgdedup::daemon
