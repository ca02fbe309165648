// SPDX-License-Identifier: Apache-2.0
// One file on its way into quarantine.
#include "store/quarantine.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "posix/file_lease.h"
#include "posix/file_move.h"
#include "posix/file_status.h"
#include "posix/safe_open.h"
#include "posix/test_hooks.h"
#include "store/copy_to_quarantine.h"
#include "store/quarantine_directory.h"
#include "store/quarantine_place.h"
#include "store/sidecar.h"
#include "store/sqlite_rows.h"

namespace imgdedup::store {
namespace {

using Kind = MoveProblem::Kind;

constexpr const char* folder_went =
    "its folder was moved away or replaced meanwhile; nothing is taken out of it";

matching::FileStamp stamp_from(const posix::FileStatus& status) {
  return {status.device, status.inode, status.size_bytes, status.mtime_ns, status.ctime_ns};
}

MoveProblem problem(Kind kind, const std::string& path, const std::string& why) {
  return {kind, "cannot move " + path + " to quarantine: " + why};
}

/// ".jpg" of "a/b.jpg"; nothing when it is long or odd, for the name is ours.
std::string harmless_extension(std::string_view path) {
  const auto dot = path.rfind('.');
  if (dot == std::string_view::npos || path.size() - dot > 8) return "";
  for (const char c : path.substr(dot + 1))
    if (!std::isalnum(static_cast<unsigned char>(c))) return "";
  return std::string(path.substr(dot));
}

std::string quarantine_name(const MoveRequest& request) {
  return "q" + std::to_string(request.decision_id) + "-" + to_hex(request.content).substr(0, 16) +
         harmless_extension(request.path);
}

bool are_one(int left, int right) {
  const posix::FileStatus a = posix::status_of(left);
  const posix::FileStatus b = posix::status_of(right);
  return a.device == b.device && a.inode == b.inode;
}

std::string rename_failure(int error) {
  switch (error) {
    case EXDEV:
      return "it lies on another mount than the quarantine folder of its root; name a folder in "
             "the setting `quarantine` of the root, then files are copied to it, verified and only "
             "then removed";
    case EEXIST:
      return "a file of that name lies in quarantine already";
    default:
      return std::strerror(error);
  }
}

}  // namespace

std::string quarantine_path(const QuarantineEntry& entry) {
  return join_path(entry.quarantine_directory, entry.name);
}

class QuarantineMove::Implementation {
 public:
  Implementation(Catalog& catalog, MoveRequest request)
      : catalog_(catalog), request_(std::move(request)) {
    const auto [directory, name] = split_path(request_.path);
    name_ = name;
    relative_directory_ = path_below(request_.root_path, directory);
  }

  ~Implementation() {
    try {
      if (copy_) copy_->undo(MoveState::undone);
      if (taken_) (void)put_back();
    } catch (const std::exception&) {
      // The journal still says `intent`: the next start brings disk and journal to agree.
    }
  }

  const MoveRequest& request() const { return request_; }
  int descriptor() const { return file_.get(); }
  std::shared_ptr<FileTransfer> transfer() const { return copy_ ? copy_->transfer() : nullptr; }
  bool has_lease() const { return lease_ && lease_->outcome() == posix::LeaseOutcome::held; }

  std::optional<MoveProblem> prepare() {
    for (const std::string& root : {request_.root_path, request_.keeper_root_path})
      if (!lock(root)) return changed("another service moves a file in " + root + " just now");
    auto directory = posix::open_directory_beneath(request_.root_path, relative_directory_);
    if (!directory) return changed(std::strerror(directory.error));
    directory_ = std::move(directory.descriptor);
    auto file = posix::open_file_beneath(directory_.get(), name_);
    if (!file) return changed(std::strerror(file.error));
    file_ = std::move(file.descriptor);
    const posix::FileStatus status = posix::status_of(file_.get());
    if (stamp_from(status) != request_.stamp)
      return changed("it is another file than the one that was judged");
    if (status.hard_links > 1) return changed("it has further names, so nothing would be gained");
    lease_ = std::make_unique<posix::ReadLease>(file_.get());
    if (lease_->outcome() == posix::LeaseOutcome::writer_open)
      return changed("somebody has it open for writing");
    return std::nullopt;
  }

  std::optional<MoveProblem> take(std::int64_t now_ns) {
    posix::test_point("before_intent");
    if (stamp_from(posix::status_of(file_.get())) != request_.stamp ||
        (has_lease() && !lease_->still_unbroken()))
      return changed("it was changed while it was verified");
    if (!folder_is_in_place()) return changed(folder_went);
    try {
      if (!is_quarantine_in_place(catalog_, request_.quarantine_directory))
        return problem(Kind::refused, request_.path,
                       request_.quarantine_directory +
                           " is not the folder that was there before, and holds none of its files: "
                           "is its file system mounted?");
      quarantine_ = std::make_unique<QuarantineDirectory>(request_.quarantine_directory,
                                                          QuarantineDirectory::IfMissing::create);
      if (!quarantine_->lock())
        return changed("another service moves a file to " + request_.quarantine_directory +
                       " just now");
      remember_quarantine_place(catalog_, request_.quarantine_directory, quarantine_->descriptor());
      entry_ = {request_.decision_id,
                MoveState::intent,
                request_.path,
                request_.quarantine_directory,
                quarantine_name(request_),
                request_.stamp,
                request_.content,
                request_.keeper_path,
                request_.relation,
                now_ns};
      if (const auto problem = end_earlier_move()) return problem;
      if (is_number_taken())
        return problem(Kind::refused, request_.path,
                       "another file has its number " + std::to_string(entry_.id) + " in " +
                           request_.quarantine_directory + "; take that one out first");
      catalog_.begin_move(entry_);
      posix::test_point("after_intent");
      quarantine_->write_sidecar(entry_);
      has_sidecar_ = true;
      posix::test_point("after_sidecar");
    } catch (const std::system_error& error) {
      abandon(MoveState::failed);
      return problem(Kind::refused, request_.path, error.what());
    }
    posix::test_point("before_rename");
    const int error =
        posix::rename_no_replace(directory_.get(), name_, quarantine_->descriptor(), entry_.name);
    if (error == EXDEV && request_.across_mounts == AcrossMounts::copy) return begin_copy();
    if (error != 0) {
      abandon(MoveState::failed);
      return problem(error == ENOENT ? Kind::changed : Kind::refused, request_.path,
                     rename_failure(error));
    }
    taken_ = true;
    posix::test_point("after_rename");
    const auto stamp = quarantine_->stamp_of(entry_.name);
    auto why = !stamp || !matching::same_inode_unmodified(*stamp, request_.stamp)
                   ? std::optional<std::string>("it was replaced in the moment of the move")
                   : what_changed();
    if (why) return changed(*why + put_back());
    return std::nullopt;
  }

  std::optional<MoveProblem> finish() {
    if (copy_) return finish_copy();
    if (const auto why = what_changed()) return changed(*why + put_back());
    sync_folders();
    posix::test_point("after_sync");
    commit();
    taken_ = false;
    posix::test_point("after_commit");
    return std::nullopt;
  }

 private:
  void sync_folders() const {
    quarantine_->sync();
    if (::fsync(directory_.get()) != 0)
      throw std::system_error(errno, std::generic_category(),
                              "cannot sync the folder of " + request_.path);
  }

  void commit() {
    auto transaction = catalog_.begin(Durability::power);
    catalog_.set_move_state(request_.decision_id, MoveState::quarantined);
    catalog_.set_decision_state(request_.decision_id, matching::DecisionState::quarantined);
    // Another file that took its name meanwhile may have ended its row.
    if (catalog_.file(request_.file_id)) catalog_.remove_file(request_.file_id);
    transaction->commit();
  }

  std::optional<MoveProblem> begin_copy() {
    copy_ = std::make_unique<CopyToQuarantine>(
        catalog_, entry_, *quarantine_,
        CopySource{directory_.get(), name_, file_.get(), has_lease()});
    try {
      copy_->begin();
      return std::nullopt;
    } catch (const std::system_error& error) {
      copy_->undo(MoveState::failed);
      copy_.reset();
      return problem(Kind::refused, request_.path, error.what());
    }
  }

  std::optional<MoveProblem> finish_copy() {
    std::optional<MoveProblem> hindrance;
    if (const auto& failure = copy_->transfer()->failure()) {
      const auto why = what_changed();
      hindrance = MoveProblem{why ? Kind::changed : Kind::refused, why.value_or(*failure)};
    } else {
      hindrance = copy_->finish([this]() -> std::optional<std::string> { return what_changed(); });
    }
    if (hindrance) {
      copy_->undo(hindrance->kind == Kind::changed ? MoveState::undone : MoveState::failed);
      copy_.reset();
      if (hindrance->kind == Kind::changed) return changed(hindrance->message);
      return problem(hindrance->kind, request_.path, hindrance->message);
    }
    posix::test_point("after_sync");
    commit();
    posix::test_point("after_commit");
    copy_.reset();
    return std::nullopt;
  }

  // A row of it that says there is more to do is of a move that was broken off and could not be
  // ended since, for a folder was away.
  std::optional<MoveProblem> end_earlier_move() {
    const auto earlier = catalog_.quarantine_entry(entry_.id);
    if (!earlier || !is_unfinished(earlier->state)) return std::nullopt;
    end_broken_off_move(catalog_, entry_.id, [this](const std::string&) {
      return WatchedPlace{request_.root_path, false};
    });
    return changed("an earlier move of it had to be ended first");
  }

  // By a catalog that was lost and counted from one again, by another service with this folder, or
  // by something that is no note of ours at all.
  bool is_number_taken() const {
    if (quarantine_->stamp_of(entry_.name)) return true;
    const auto other = quarantine_->read_sidecar(entry_.id);
    return other ? quarantine_->stamp_of(other->name).has_value()
                 : quarantine_->stamp_of(sidecar_name(entry_.id)).has_value();
  }

  /// What became of the file, or of its keeper; empty if both are what they were.
  std::optional<std::string> what_changed() {
    if (has_lease() && !lease_->still_unbroken())
      return "somebody began to write it in the moment of the move";
    if (!folder_is_in_place()) return folder_went;
    const posix::FileStatus now = posix::status_of(file_.get());
    if (!matching::same_inode_unmodified(stamp_from(now), request_.stamp))
      return "it was changed in the moment of the move";
    if (now.hard_links > 1) return "it got another name in the moment of the move";
    original_changed_ = request_.keeper_stamp && !keeper_is_in_place();
    if (original_changed_)
      return "its original " + request_.keeper_path + " went away or changed in that moment";
    return std::nullopt;
  }

  // Where a file can be reached by two mounts that number it differently, nothing else tells: its
  // other name is gone when this one is, or the kernel still remembers that, but a rename has moved
  // the time of change of both.
  bool keeper_is_in_place() const {
    const std::string& root =
        request_.keeper_root_path.empty() ? request_.root_path : request_.keeper_root_path;
    const posix::Opened keeper =
        posix::open_file_beneath(root, path_below(root, request_.keeper_path));
    return keeper &&
           stamp_from(posix::status_of(keeper.descriptor.get())) == *request_.keeper_stamp;
  }

  // Two services that watch one folder may each take the other's original for the duplicate.
  bool lock(const std::string& root) {
    if (root.empty() || (!locks_.empty() && root == request_.root_path)) return true;
    posix::Opened directory = posix::open_root(root);
    if (!directory) return true;  // the opening of the file tells what is wrong
    // Another path of a folder that is locked already: a link, or a second mount.
    for (const posix::UniqueDescriptor& locked : locks_)
      if (are_one(directory.descriptor.get(), locked.get())) return true;
    // Some network file systems have no locks on folders.
    if (::flock(directory.descriptor.get(), LOCK_EX | LOCK_NB) != 0) return errno != EWOULDBLOCK;
    locks_.push_back(std::move(directory.descriptor));
    return true;
  }

  // A folder that left the root, or went to another one, took its files with it: they are its new
  // owner's.
  bool folder_is_in_place() const {
    const posix::Opened now =
        posix::open_directory_beneath(request_.root_path, relative_directory_);
    return now && are_one(now.descriptor.get(), directory_.get());
  }

  MoveProblem changed(const std::string& why) const {
    MoveProblem changed = problem(Kind::changed, request_.path, why);
    changed.original_changed = original_changed_;
    return changed;
  }

  void abandon(MoveState state) {
    catalog_.set_move_state(request_.decision_id, state);
    if (has_sidecar_) (void)quarantine_->remove(sidecar_name(entry_.id));
  }

  /// Empty, or what to say of a file that could not be put back.
  std::string put_back() {
    taken_ = false;
    const int error =
        posix::rename_no_replace(quarantine_->descriptor(), entry_.name, directory_.get(), name_);
    sync_folders();
    if (error == 0) {
      abandon(MoveState::undone);
      return "";
    }
    // Its name is taken by now: it stays in quarantine, listed, for its owner to restore.
    auto transaction = catalog_.begin(Durability::power);
    catalog_.set_move_state(request_.decision_id, MoveState::quarantined);
    catalog_.set_decision_state(request_.decision_id, matching::DecisionState::quarantined);
    transaction->commit();
    const std::string restore =
        "`imgdedupctl quarantine restore " + std::to_string(entry_.id) + "`";
    return ". It could not be put back (" +
           (error == EEXIST ? std::string("another file has its name by now")
                            : std::string(std::strerror(error))) +
           ") and stays in quarantine, maybe as the last copy: make room for it, then " + restore;
  }

  Catalog& catalog_;
  MoveRequest request_;
  std::string relative_directory_;
  std::string name_;
  std::vector<posix::UniqueDescriptor> locks_;
  posix::UniqueDescriptor directory_;
  posix::UniqueDescriptor file_;
  std::unique_ptr<posix::ReadLease> lease_;  // goes before file_
  std::unique_ptr<QuarantineDirectory> quarantine_;
  QuarantineEntry entry_;
  std::unique_ptr<CopyToQuarantine> copy_;
  bool has_sidecar_ = false;
  bool taken_ = false;
  bool original_changed_ = false;
};

QuarantineMove::QuarantineMove(Catalog& catalog, MoveRequest request)
    : implementation_(std::make_unique<Implementation>(catalog, std::move(request))) {}
QuarantineMove::~QuarantineMove() = default;

const MoveRequest& QuarantineMove::request() const { return implementation_->request(); }

std::optional<MoveProblem> QuarantineMove::prepare() { return implementation_->prepare(); }

posix::UniqueDescriptor QuarantineMove::duplicate_descriptor() const {
  posix::UniqueDescriptor copy(::fcntl(implementation_->descriptor(), F_DUPFD_CLOEXEC, 0));
  if (!copy)
    throw std::system_error(errno, std::generic_category(), "cannot duplicate a descriptor");
  return copy;
}

std::optional<MoveProblem> QuarantineMove::take(std::int64_t now_ns) {
  return implementation_->take(now_ns);
}

bool QuarantineMove::needs_copy() const { return transfer() != nullptr; }

std::shared_ptr<FileTransfer> QuarantineMove::transfer() const {
  return implementation_->transfer();
}

bool QuarantineMove::needs_second_digest() const { return !implementation_->has_lease(); }

std::optional<MoveProblem> QuarantineMove::finish() { return implementation_->finish(); }

}  // namespace imgdedup::store
