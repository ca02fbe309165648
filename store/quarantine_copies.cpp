// SPDX-License-Identifier: Apache-2.0
// Ends a copying to or from another mount that was broken off.
#include "store/quarantine_copies.h"

#include <unistd.h>

#include <cerrno>
#include <optional>
#include <system_error>

#include "posix/file_copy.h"
#include "posix/safe_open.h"
#include "posix/test_hooks.h"
#include "store/hidden_file.h"
#include "store/quarantine_directory.h"
#include "store/sidecar.h"
#include "store/sqlite_rows.h"

namespace imgdedup::store {
namespace {

class BrokenOffCopy {
 public:
  BrokenOffCopy(Catalog& catalog, const QuarantineEntry& entry, const WatchedPlace& place)
      : catalog_(catalog),
        entry_(entry),
        is_away_(place.is_away),
        name_(split_path(entry.original_path).second),
        place_(open_original_folder(place, entry.original_path)) {}

  CopyEnd end() {
    try {
      quarantine_.emplace(entry_.quarantine_directory, QuarantineDirectory::IfMissing::fail);
    } catch (const std::system_error&) {
      return CopyEnd::waits;
    }
    switch (entry_.state) {
      case MoveState::copying:
        return end_copying();
      case MoveState::copied:
        return end_copied();
      default:
        return end_restoring();
    }
  }

 private:
  [[nodiscard]] bool is_in_quarantine() const {
    return quarantine_->stamp_of(entry_.name).has_value();
  }
  [[nodiscard]] std::optional<matching::FileStamp> at_original_path() const {
    return place_ ? stamp_in(place_.descriptor.get(), name_) : std::nullopt;
  }
  [[nodiscard]] HiddenFile hidden() const { return {place_.descriptor.get(), name_, entry_.id}; }
  [[nodiscard]] bool place_may_come_back() const { return !place_ && is_away_; }

  void set_state(MoveState state) {
    auto transaction = catalog_.begin(Durability::power);
    catalog_.set_move_state(entry_.id, state);
    transaction->commit();
  }

  CopyEnd undo() {
    for (const std::string& name : {part_name(entry_.name), entry_.name, sidecar_name(entry_.id)}) {
      if (const int error = quarantine_->remove(name))
        throw std::system_error(error, std::generic_category(), "cannot remove " + name);
      posix::test_point("recovery_step");
    }
    set_state(MoveState::undone);
    return CopyEnd::undone;
  }

  CopyEnd keep() {
    if (!quarantine_->read_sidecar(entry_.id)) quarantine_->write_sidecar(entry_);
    auto transaction = catalog_.begin(Durability::power);
    catalog_.set_move_state(entry_.id, MoveState::quarantined);
    catalog_.set_decision_state(entry_.id, matching::DecisionState::quarantined);
    transaction->commit();
    return CopyEnd::quarantined;
  }

  // So far the service has not touched the source: whoever took it away had the right to. But a
  // catalog that was brought back from a backup may say so of a source that it removed since.
  CopyEnd end_copying() {
    if (!is_in_quarantine() || is_source_of(entry_, at_original_path())) return undo();
    return place_may_come_back() ? CopyEnd::waits : keep();
  }

  CopyEnd end_copied() {
    if (place_may_come_back()) return CopyEnd::waits;
    bool source_is_there = is_source_of(entry_, at_original_path());
    if (place_) {
      const bool source_is_hidden = is_source_of(entry_, hidden().stamp());
      if (hidden().stamp()) {
        if (!hidden().show()) return CopyEnd::waits;
        if (::fsync(place_.descriptor.get()) != 0) return CopyEnd::waits;
      }
      source_is_there = source_is_there || source_is_hidden;
    }
    if (source_is_there) return undo();
    return is_in_quarantine() ? keep() : CopyEnd::lost;
  }

  // The copy that goes back is named only when it is whole, and the one in quarantine removed only
  // when the other has its name.
  CopyEnd end_restoring() {
    if (place_may_come_back()) return CopyEnd::waits;
    if (!is_in_quarantine()) {
      if (!at_original_path()) return CopyEnd::lost;
      (void)quarantine_->remove(sidecar_name(entry_.id));
      return CopyEnd::restored;
    }
    if (!place_) return keep();
    if (hidden().stamp()) (void)hidden().remove();
    const posix::UniqueDescriptor kept = quarantine_->open_file(entry_.name);
    const posix::Opened back = posix::open_file_beneath(place_.descriptor.get(), name_);
    if (!kept || !back || !posix::same_file_bytes(kept.get(), back.descriptor.get())) return keep();
    if (::fsync(place_.descriptor.get()) != 0) return CopyEnd::waits;
    for (const std::string& name : {entry_.name, sidecar_name(entry_.id)}) {
      if (quarantine_->remove(name) != 0) return keep();
      posix::test_point("recovery_step");
    }
    return CopyEnd::restored;
  }

  Catalog& catalog_;
  const QuarantineEntry& entry_;
  bool is_away_;
  std::string name_;
  posix::Opened place_;
  std::optional<QuarantineDirectory> quarantine_;
};

}  // namespace

CopyEnd end_copy(Catalog& catalog, const QuarantineEntry& entry, const WatchedPlace& place) {
  return BrokenOffCopy(catalog, entry, place).end();
}

}  // namespace imgdedup::store
