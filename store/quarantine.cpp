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
#include "store/quarantine_directory.h"
#include "store/sidecar.h"
#include "store/sqlite_rows.h"

namespace imgdedup::store {
namespace {

using Kind = MoveProblem::Kind;

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

std::string rename_failure(int error) {
  switch (error) {
    case EXDEV:
      return "the quarantine folder lies on another mount; set `quarantine` of this root to a "
             "folder on the same one, or leave it empty";
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
    if (!taken_) return;
    try {
      put_back();
    } catch (const std::exception&) {
      // The journal still says `intent`: the next start brings disk and journal to agree.
    }
  }

  const MoveRequest& request() const { return request_; }
  int descriptor() const { return file_.get(); }
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
    if (stamp_from(posix::status_of(file_.get())) != request_.stamp)
      return changed("it is another file than the one that was judged");
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
    try {
      quarantine_ = std::make_unique<QuarantineDirectory>(request_.quarantine_directory,
                                                          QuarantineDirectory::IfMissing::create);
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
      // Of a catalog that was lost and counted from one again.
      const auto other = quarantine_->read_sidecar(entry_.id);
      if (quarantine_->stamp_of(entry_.name) || (other && quarantine_->stamp_of(other->name)))
        return problem(Kind::refused, request_.path,
                       "another file has its number " + std::to_string(entry_.id) + " in " +
                           request_.quarantine_directory + "; take that one out first");
      catalog_.begin_move(entry_);
      posix::test_point("after_intent");
      quarantine_->write_sidecar(entry_);
      posix::test_point("after_sidecar");
    } catch (const std::system_error& error) {
      abandon(MoveState::failed);
      return problem(Kind::refused, request_.path, error.what());
    }
    posix::test_point("before_rename");
    const int error =
        posix::rename_no_replace(directory_.get(), name_, quarantine_->descriptor(), entry_.name);
    if (error != 0) {
      abandon(MoveState::failed);
      return problem(error == ENOENT ? Kind::changed : Kind::refused, request_.path,
                     rename_failure(error));
    }
    taken_ = true;
    posix::test_point("after_rename");
    const auto stamp = quarantine_->stamp_of(entry_.name);
    if (!stamp || !matching::same_inode_unmodified(*stamp, request_.stamp) ||
        (has_lease() && !lease_->still_unbroken())) {
      put_back();
      return changed("it was replaced or changed in the moment of the move");
    }
    return std::nullopt;
  }

  std::optional<MoveProblem> finish() {
    if (has_lease() && !lease_->still_unbroken()) {
      put_back();
      return changed("somebody began to write it in the moment of the move");
    }
    quarantine_->sync();
    if (::fsync(directory_.get()) != 0)
      throw std::system_error(errno, std::generic_category(),
                              "cannot sync the folder of " + request_.path);
    posix::test_point("after_sync");
    auto transaction = catalog_.begin(Durability::power);
    catalog_.set_move_state(request_.decision_id, MoveState::quarantined);
    catalog_.set_decision_state(request_.decision_id, matching::DecisionState::quarantined);
    catalog_.remove_file(request_.file_id);
    transaction->commit();
    taken_ = false;
    posix::test_point("after_commit");
    return std::nullopt;
  }

 private:
  // Two services that watch one folder may each take the other's original for the duplicate.
  bool lock(const std::string& root) {
    if (root.empty() || (!locks_.empty() && root == request_.root_path)) return true;
    posix::Opened directory = posix::open_root(root);
    if (!directory) return true;  // the opening of the file tells what is wrong
    // Some network file systems have no locks on folders.
    if (::flock(directory.descriptor.get(), LOCK_EX | LOCK_NB) != 0) return errno != EWOULDBLOCK;
    locks_.push_back(std::move(directory.descriptor));
    return true;
  }

  MoveProblem changed(const std::string& why) const {
    return problem(Kind::changed, request_.path, why);
  }

  void abandon(MoveState state) {
    catalog_.set_move_state(request_.decision_id, state);
    if (quarantine_) (void)quarantine_->remove(sidecar_name(entry_.id));
  }

  void put_back() {
    taken_ = false;
    const int error =
        posix::rename_no_replace(quarantine_->descriptor(), entry_.name, directory_.get(), name_);
    if (error == 0) {
      abandon(MoveState::undone);
      return;
    }
    // Its name is taken by now: it stays in quarantine, listed, for its owner to restore.
    auto transaction = catalog_.begin(Durability::power);
    catalog_.set_move_state(request_.decision_id, MoveState::quarantined);
    catalog_.set_decision_state(request_.decision_id, matching::DecisionState::quarantined);
    transaction->commit();
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
  bool taken_ = false;
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

bool QuarantineMove::needs_second_digest() const { return !implementation_->has_lease(); }

std::optional<MoveProblem> QuarantineMove::finish() { return implementation_->finish(); }

}  // namespace imgdedup::store
