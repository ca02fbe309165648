// SPDX-License-Identifier: Apache-2.0
// The way into a quarantine folder on another mount.
#include "store/copy_to_quarantine.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "posix/file_move.h"
#include "posix/test_hooks.h"
#include "store/sidecar.h"

namespace imgdedup::store {
namespace {

using Kind = MoveProblem::Kind;

posix::UniqueDescriptor duplicate(int descriptor) {
  posix::UniqueDescriptor copy(::fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
  if (!copy)
    throw std::system_error(errno, std::generic_category(), "cannot duplicate a descriptor");
  return copy;
}

}  // namespace

CopyToQuarantine::CopyToQuarantine(Catalog& catalog, QuarantineEntry entry,
                                   const QuarantineDirectory& quarantine, CopySource source)
    : catalog_(catalog),
      entry_(std::move(entry)),
      quarantine_(quarantine),
      source_(std::move(source)),
      hidden_(source_.directory, source_.name, entry_.id) {}

void CopyToQuarantine::begin() {
  entry_.state = MoveState::copying;
  catalog_.begin_move(entry_);
  stage_ = Stage::copying;
  posix::test_point("copy_written_down");
  const posix::FileAttributes attributes = posix::attributes_of(source_.file);
  transfer_ = std::make_shared<FileTransfer>(
      TransferRequest{duplicate(source_.file), duplicate(quarantine_.descriptor()),
                      part_name(entry_.name), attributes, source_.is_leased});
  transfer_->create();
  quarantine_.write_sidecar(entry_, &attributes);
}

std::optional<MoveProblem> CopyToQuarantine::finish(
    const std::function<std::optional<std::string>()>& still_good) {
  if (const auto why = still_good()) return MoveProblem{Kind::changed, *why};
  const int named = posix::rename_no_replace(quarantine_.descriptor(), transfer_->temporary_name(),
                                             quarantine_.descriptor(), entry_.name);
  if (named != 0) return MoveProblem{Kind::refused, std::strerror(named)};
  posix::test_point("copy_named");
  quarantine_.sync();
  auto transaction = catalog_.begin(Durability::power);
  catalog_.set_move_state(entry_.id, MoveState::copied);
  transaction->commit();
  stage_ = Stage::copied;
  posix::test_point("after_copied");

  if (const int error = hidden_.hide())
    return MoveProblem{error == ENOENT ? Kind::changed : Kind::refused, std::strerror(error)};
  stage_ = Stage::hidden;
  posix::test_point("after_hidden");
  const auto taken = hidden_.stamp();
  if (!taken || !matching::same_inode_unmodified(*taken, entry_.stamp))
    return MoveProblem{Kind::changed, "it was replaced or changed in the moment of the move"};
  if (const auto why = still_good()) return MoveProblem{Kind::changed, *why};
  if (const int error = hidden_.remove()) return MoveProblem{Kind::refused, std::strerror(error)};
  stage_ = Stage::removed;
  posix::test_point("after_removed");
  // It is gone, whatever a sync says: after a loss of power the next start looks at both places.
  (void)::fsync(source_.directory);
  return std::nullopt;
}

// Under whichever of its two names it has by now, and nothing else that may have one of them.
void CopyToQuarantine::remove_copy() {
  if (!transfer_ || !transfer_->is_created()) return;
  const matching::FileStamp own = transfer_->copy_stamp();
  for (const std::string& name : {transfer_->temporary_name(), entry_.name})
    if (const auto there = quarantine_.stamp_of(name); there && matching::same_inode(*there, own))
      (void)quarantine_.remove(name);
}

void CopyToQuarantine::undo(MoveState state) {
  if (transfer_) transfer_->cancel();
  if (stage_ == Stage::none || stage_ == Stage::removed) return;
  if (stage_ == Stage::hidden) {
    // What cannot be shown again now is at the next start; until then the copy stays.
    if (!hidden_.show()) return;
    (void)::fsync(source_.directory);
  }
  stage_ = Stage::none;
  remove_copy();
  (void)quarantine_.remove(sidecar_name(entry_.id));
  catalog_.set_move_state(entry_.id, state);
}

}  // namespace imgdedup::store
