// SPDX-License-Identifier: Apache-2.0
// The way into a quarantine folder on another mount: copied, verified, and only then removed.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/catalog.h"
#include "store/file_transfer.h"
#include "store/hidden_file.h"
#include "store/quarantine.h"
#include "store/quarantine_directory.h"

namespace imgdedup::store {

/// What the copying reaches the source by; descriptors stay the caller's and outlive it.
struct CopySource {
  int directory = -1;
  std::string name;
  int file = -1;
  bool is_leased = false;
};

/// The journal says `copying` from before there is a copy until it lies whole and synced under its
/// own name, then `copied` until the source is gone. While it says `copying` the source has not
/// been touched; once it says `copied` either of the two may be the only one. Loop thread only, but
/// for transfer()->run().
class CopyToQuarantine {
 public:
  /// The quarantine directory outlives it.
  CopyToQuarantine(Catalog& catalog, QuarantineEntry entry, const QuarantineDirectory& quarantine,
                   CopySource source);

  /// Writes it down, durably, and makes the empty copy. Throws std::system_error; undo() then.
  void begin();
  [[nodiscard]] const std::shared_ptr<FileTransfer>& transfer() const { return transfer_; }
  /// After transfer()->run() and the digest of the copy. still_good: whether the source is what was
  /// verified and its original is in its place: asked before the copy counts, and once more when
  /// the source has been taken out of sight. Removes the source. What stands in the way otherwise
  /// (the message is the bare reason); undo() then. Throws std::system_error.
  [[nodiscard]] std::optional<MoveProblem> finish(
      const std::function<std::optional<std::string>()>& still_good);
  /// Nothing of it remains but the source, under its name; after the source was removed it does
  /// nothing.
  void undo(MoveState state);

 private:
  enum class Stage : std::uint8_t { none, copying, copied, hidden, removed };

  void remove_copy();

  Catalog& catalog_;
  QuarantineEntry entry_;
  const QuarantineDirectory& quarantine_;
  CopySource source_;
  HiddenFile hidden_;
  std::shared_ptr<FileTransfer> transfer_;
  Stage stage_ = Stage::none;
};

}  // namespace imgdedup::store
