// SPDX-License-Identifier: Apache-2.0
// Out of quarantine: restored by its owner, or deleted for good.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "posix/file_move.h"
#include "posix/safe_open.h"
#include "posix/test_hooks.h"
#include "store/hidden_file.h"
#include "store/quarantine.h"
#include "store/quarantine_directory.h"
#include "store/sidecar.h"
#include "store/sqlite_rows.h"

namespace imgdedup::store {
namespace {

MoveProblem refused(const std::string& message) { return {MoveProblem::Kind::refused, message}; }

/// Opens `relative` below `root`, making what is missing on the way.
posix::Opened open_or_make_directory(int root, std::string_view relative) {
  posix::Opened opened = posix::open_directory_beneath(root, relative);
  if (opened || opened.error != ENOENT) return opened;
  const auto [parent, name] = split_path(relative);
  posix::Opened above = open_or_make_directory(root, parent);
  if (!above) return above;
  if (::mkdirat(above.descriptor.get(), std::string(name).c_str(), 0700) != 0 && errno != EEXIST)
    return {{}, errno};
  posix::Opened made = posix::open_directory_beneath(above.descriptor.get(), name);
  // Whoever could enter the folder above can enter this one too.
  struct stat status {};
  if (made && ::fstat(above.descriptor.get(), &status) == 0)
    (void)::fchmod(made.descriptor.get(), status.st_mode & 07777);
  return made;
}

void end_entry(Catalog& catalog, DecisionId id, MoveState move, matching::DecisionState decision) {
  auto transaction = catalog.begin(Durability::power);
  catalog.set_move_state(id, move);
  catalog.set_decision_state(id, decision);
  transaction->commit();
}

}  // namespace

class QuarantineReturn::Implementation {
 public:
  Implementation(Catalog& catalog, QuarantineEntry entry, std::string root_path)
      : catalog_(catalog), entry_(std::move(entry)), root_path_(std::move(root_path)) {}

  ~Implementation() {
    try {
      if (transfer_) stay();
    } catch (const std::exception&) {
      // The journal still says `restoring`: the next start brings disk and journal to agree.
    }
  }

  std::shared_ptr<FileTransfer> transfer() const { return transfer_; }
  MoveProblem cannot(const std::string& why) const {
    return refused("cannot restore " + entry_.original_path + ": " + why);
  }

  std::optional<MoveProblem> begin() {
    quarantine_ = std::make_unique<QuarantineDirectory>(entry_.quarantine_directory,
                                                        QuarantineDirectory::IfMissing::fail);
    if (!quarantine_->stamp_of(entry_.name))
      return cannot(quarantine_path(entry_) + " is not there any more");
    const auto [directory, name] = split_path(entry_.original_path);
    name_ = name;
    posix::Opened target;
    if (root_path_.empty()) {
      target = posix::open_root(directory);
    } else {
      const posix::Opened root = posix::open_root(root_path_);
      if (!root) return cannot(root_path_ + ": " + std::strerror(root.error));
      target = open_or_make_directory(root.descriptor.get(), path_below(root_path_, directory));
    }
    if (!target) return cannot("its folder: " + std::string(std::strerror(target.error)));
    target_ = std::move(target.descriptor);

    const int error =
        posix::rename_no_replace(quarantine_->descriptor(), entry_.name, target_.get(), name_);
    if (error == EXDEV) return begin_copy();
    if (error != 0) return refusal(error);
    posix::test_point("restore_after_rename");
    // It is back, whatever a sync says: after a loss of power the next start looks at both places.
    (void)::fsync(target_.get());
    (void)::fsync(quarantine_->descriptor());
    end_entry(catalog_, entry_.id, MoveState::restored, matching::DecisionState::restored);
    (void)quarantine_->remove(sidecar_name(entry_.id));
    return std::nullopt;
  }

  std::optional<MoveProblem> finish() {
    if (const auto failure = transfer_->failure()) {
      stay();
      return cannot(*failure);
    }
    if (const int error =
            posix::rename_no_replace(target_.get(), hidden_name(entry_.id), target_.get(), name_)) {
      stay();
      return refusal(error);
    }
    posix::test_point("restore_copy_named");
    transfer_.reset();
    // Both are there, and the journal says so: the next start ends it.
    if (::fsync(target_.get()) != 0) return refusal(errno);
    if (const int error = quarantine_->remove(entry_.name)) return refusal(error);
    posix::test_point("restore_copy_removed");
    (void)quarantine_->remove(sidecar_name(entry_.id));
    (void)::fsync(quarantine_->descriptor());
    end_entry(catalog_, entry_.id, MoveState::restored, matching::DecisionState::restored);
    return std::nullopt;
  }

 private:
  MoveProblem refusal(int error) const {
    return cannot(error == EEXIST ? "something else lies there by now; move that away first"
                                  : std::strerror(error));
  }

  std::optional<MoveProblem> begin_copy() {
    if (stamp_in(target_.get(), name_)) return refusal(EEXIST);
    posix::UniqueDescriptor file = quarantine_->open_file(entry_.name);
    if (!file) return refusal(errno);
    const auto noted = quarantine_->read_attributes(entry_.id);
    const posix::FileAttributes attributes = noted ? *noted : posix::attributes_of(file.get());
    end_entry(catalog_, entry_.id, MoveState::restoring, matching::DecisionState::quarantined);
    posix::test_point("restore_copy_written_down");
    posix::UniqueDescriptor target(::fcntl(target_.get(), F_DUPFD_CLOEXEC, 0));
    transfer_ = std::make_shared<FileTransfer>(TransferRequest{
        std::move(file), std::move(target), hidden_name(entry_.id), attributes, false});
    try {
      transfer_->create();
    } catch (const std::system_error& error) {
      stay();
      return cannot(error.what());
    }
    return std::nullopt;
  }

  void stay() {
    transfer_->cancel();
    if (transfer_->is_created()) (void)::unlinkat(target_.get(), hidden_name(entry_.id).c_str(), 0);
    transfer_.reset();
    end_entry(catalog_, entry_.id, MoveState::quarantined, matching::DecisionState::quarantined);
  }

  Catalog& catalog_;
  QuarantineEntry entry_;
  std::string root_path_;
  std::string name_;
  std::unique_ptr<QuarantineDirectory> quarantine_;
  posix::UniqueDescriptor target_;
  std::shared_ptr<FileTransfer> transfer_;
};

QuarantineReturn::QuarantineReturn(Catalog& catalog, QuarantineEntry entry, std::string root_path)
    : implementation_(
          std::make_unique<Implementation>(catalog, std::move(entry), std::move(root_path))) {}
QuarantineReturn::~QuarantineReturn() = default;

std::optional<MoveProblem> QuarantineReturn::begin() try {
  return implementation_->begin();
} catch (const std::system_error& error) {
  return implementation_->cannot(error.what());
}

std::shared_ptr<FileTransfer> QuarantineReturn::transfer() const {
  return implementation_->transfer();
}

std::optional<MoveProblem> QuarantineReturn::finish() { return implementation_->finish(); }

std::optional<MoveProblem> restore_from_quarantine(Catalog& catalog, const QuarantineEntry& entry,
                                                   const std::string& root_path) {
  QuarantineReturn way_back(catalog, entry, root_path);
  if (auto problem = way_back.begin()) return problem;
  const auto transfer = way_back.transfer();
  if (!transfer) return std::nullopt;
  transfer->run();
  return way_back.finish();
}

// The row is ended first: a file that outlives its row is adopted again at the next start, while a
// row that outlives its file would be a loss to report.
bool has_changed_in_quarantine(const QuarantineEntry& entry) try {
  // The other file system that it was copied to may keep times by two seconds only.
  constexpr std::int64_t coarsest_ns = 2'000'000'000;
  const QuarantineDirectory quarantine(entry.quarantine_directory,
                                       QuarantineDirectory::IfMissing::fail);
  const auto stamp = quarantine.stamp_of(entry.name);
  if (!stamp || stamp->size_bytes != entry.stamp.size_bytes) return true;
  const std::int64_t difference_ns = std::abs(stamp->mtime_ns - entry.stamp.mtime_ns);
  return difference_ns > (stamp->device == entry.stamp.device ? 0 : coarsest_ns);
} catch (const std::system_error&) {
  return true;
}

std::optional<MoveProblem> purge_from_quarantine(
    Catalog& catalog, const QuarantineEntry& entry,
    const std::optional<matching::FileStamp>& verified) try {
  const QuarantineDirectory quarantine(entry.quarantine_directory,
                                       QuarantineDirectory::IfMissing::fail);
  if (verified && quarantine.stamp_of(entry.name) != verified)
    return refused(quarantine_path(entry) +
                   " has changed while it was compared with the copy that stays; try again");
  end_entry(catalog, entry.id, MoveState::purged, matching::DecisionState::purged);
  posix::test_point("purge_after_commit");
  if (const int error = quarantine.remove(entry.name)) {
    end_entry(catalog, entry.id, MoveState::quarantined, matching::DecisionState::quarantined);
    return refused("cannot delete " + quarantine_path(entry) + ": " + std::strerror(error));
  }
  (void)quarantine.remove(sidecar_name(entry.id));
  return std::nullopt;
} catch (const std::system_error& error) {
  return refused("cannot delete " + quarantine_path(entry) + ": " + error.what());
}

}  // namespace imgdedup::store
