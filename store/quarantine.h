// SPDX-License-Identifier: Apache-2.0
// The only code that moves a user's file: into quarantine, back, and out of the world.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "posix/unique_descriptor.h"
#include "store/catalog.h"
#include "store/file_transfer.h"
#include "store/original_place.h"

namespace imgdedup::store {

/// Why a move did not happen. The file is where it was.
struct MoveProblem {
  enum class Kind : std::uint8_t {
    changed,  ///< the file is another by now, or somebody writes it: judge it again later
    refused,  ///< the system would not let us, or something is in the way
  };
  Kind kind = Kind::refused;
  std::string message;  ///< what was tried on what, why it failed, what to do
  /// It was the file that stays that changed, or went, when the other one was taken.
  bool original_changed = false;
};

/// What to do where the quarantine folder lies on another mount than the file.
enum class AcrossMounts : std::uint8_t {
  refuse,
  copy,  ///< copy, verify, and only then remove
};

/// A file that a decision sends to quarantine.
struct MoveRequest {
  DecisionId decision_id = 0;
  FileId file_id = 0;
  std::string root_path;             ///< the watched root that holds the file
  std::string path;                  ///< absolute
  std::string quarantine_directory;  ///< absolute; made when missing
  matching::FileStamp stamp;         ///< as it was when the file was judged
  matching::ContentDigest content;
  std::string keeper_path;
  matching::Relation relation = matching::Relation::exact;
  std::string keeper_root_path{};  ///< the watched root that holds the keeper; "" for the same one
  AcrossMounts across_mounts = AcrossMounts::refuse;
  /// As the keeper was when it was verified; without it nobody looks whether it is in its place.
  std::optional<matching::FileStamp> keeper_stamp{};
};

/// One file on its way into quarantine, in steps between which the caller has a worker digest
/// descriptor(). Leaving scope before finish() puts the file back if it was taken.
///
///   prepare()   locks its root and its keeper's, so that of several services that watch them one
///               moves at a time; opens it, holds it against its stamp, leases it where we may
///   [open the original: under the lock no other service moves it]
///   [digest of duplicate_descriptor() == request.content, and the original's digest likewise]
///   take()      journal (durable), sidecar, one rename that never replaces, look at what was taken
///   [if needs_copy(), for the quarantine folder lies on another mount: transfer()->run(), on any
///    thread, then digest of transfer()->open_copy() == request.content. The file itself has not
///    been touched so far]
///   [digest of the file again if needs_second_digest()]
///   finish()    a copied file is removed now; journal and catalog: quarantined
///
/// "Verify after taking" is the only order without a race, for there is no rename by descriptor.
/// Taken, and before it is removed, the file is looked at once more, and so is whether its folder
/// and its keeper are in their places: if one of them is not what it was the file goes back. Loop
/// thread only; take() and finish() sync directories.
class QuarantineMove {
 public:
  QuarantineMove(Catalog& catalog, MoveRequest request);
  ~QuarantineMove();
  QuarantineMove(const QuarantineMove&) = delete;
  QuarantineMove& operator=(const QuarantineMove&) = delete;

  [[nodiscard]] const MoveRequest& request() const;

  [[nodiscard]] std::optional<MoveProblem> prepare();
  /// The opened file, once more, for a digest. Throws std::system_error.
  [[nodiscard]] posix::UniqueDescriptor duplicate_descriptor() const;
  [[nodiscard]] std::optional<MoveProblem> take(std::int64_t now_ns);
  [[nodiscard]] bool needs_copy() const;
  /// Owned together with whoever runs it; nullptr unless needs_copy().
  [[nodiscard]] std::shared_ptr<FileTransfer> transfer() const;
  /// Without a lease only the bytes themselves tell that nobody wrote meanwhile.
  [[nodiscard]] bool needs_second_digest() const;
  [[nodiscard]] std::optional<MoveProblem> finish();

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

/// One file on its way back to where it was, never over another file; makes missing parent
/// directories. Where the quarantine folder lies on another mount it is copied, verified, and only
/// then removed from quarantine. Leaving scope in the middle leaves it in quarantine. Loop thread
/// only, but for transfer()->run().
class QuarantineReturn {
 public:
  /// root_path: the watched root that holds the original place, or "" if none does any more.
  QuarantineReturn(Catalog& catalog, QuarantineEntry entry, std::string root_path);
  ~QuarantineReturn();
  QuarantineReturn(const QuarantineReturn&) = delete;
  QuarantineReturn& operator=(const QuarantineReturn&) = delete;

  /// One rename where that can be: then it is back, the journal and the decision say `restored` and
  /// transfer() is null. Otherwise run that, on any thread, and finish().
  [[nodiscard]] std::optional<MoveProblem> begin();
  [[nodiscard]] std::shared_ptr<FileTransfer> transfer() const;
  [[nodiscard]] std::optional<MoveProblem> finish();

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

/// All steps of a QuarantineReturn at once.
[[nodiscard]] std::optional<MoveProblem> restore_from_quarantine(Catalog& catalog,
                                                                 const QuarantineEntry& entry,
                                                                 const std::string& root_path);

/// Deletes the file and its sidecar for good; the journal and the decision say `purged`. The caller
/// has made sure that it may. verified: the file as it was when that was made sure of; another one
/// stays.
[[nodiscard]] std::optional<MoveProblem> purge_from_quarantine(
    Catalog& catalog, const QuarantineEntry& entry,
    const std::optional<matching::FileStamp>& verified = std::nullopt);

/// Whether somebody has written into the file since it was moved, by its size and time; also when
/// it is not there. Does not throw.
[[nodiscard]] bool has_changed_in_quarantine(const QuarantineEntry& entry);

struct RecoveryReport {
  std::vector<DecisionId> undone;   ///< had been taken but not verified; are back in their place
  std::vector<DecisionId> kept;     ///< stay in quarantine: `problems` say why
  std::vector<DecisionId> adopted;  ///< lay in quarantine unknown to the catalog
  /// In another quarantine folder than the journal said, or under another name; it says so now.
  std::vector<DecisionId> found_elsewhere;
  std::vector<DecisionId> lost;       ///< are no longer in quarantine
  std::vector<DecisionId> restored;   ///< their way back was ended
  std::size_t waiting = 0;            ///< moves that cannot be ended before a folder is back
  DecisionId highest_id = 0;          ///< of all names found in quarantine
  std::vector<std::string> problems;  ///< what could not be looked at, and why
};

/// Brings journal and disk to agree after whatever ended the last run, and adopts files that a lost
/// catalog left in `quarantine_directories` by their sidecars. At start, before anything moves, and
/// again when no move is in hand.
/// place_of: what cannot be found in a root that is away waits; no link below a root is followed.
[[nodiscard]] RecoveryReport recover_quarantine(
    Catalog& catalog, const std::vector<std::string>& quarantine_directories,
    const PlaceOf& place_of = [](const std::string&) { return WatchedPlace{}; });

/// Ends one move that was broken off, if it is one and nothing that it needs is away; no other row
/// is looked at. Throws std::system_error, StoreError.
void end_broken_off_move(Catalog& catalog, DecisionId id, const PlaceOf& place_of);

/// Where the file of an entry lies.
std::string quarantine_path(const QuarantineEntry& entry);

}  // namespace imgdedup::store
