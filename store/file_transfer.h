// SPDX-License-Identifier: Apache-2.0
// One file's way to another file system: a copy under a temporary name, whole before it gets its
// own.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "matching/image_record.h"
#include "posix/file_attributes.h"
#include "posix/unique_descriptor.h"

namespace imgdedup::store {

/// What a transfer works with; descriptors of its own.
struct TransferRequest {
  posix::UniqueDescriptor source;            ///< open for reading
  posix::UniqueDescriptor target_directory;  ///< open
  std::string temporary_name;
  posix::FileAttributes attributes;  ///< that the copy is given
  /// The source carries a read lease: as soon as somebody wants to write, the copying ends.
  bool source_is_leased = false;
};

/// The copy stays under its temporary name, locked against others (flock) while this object lives;
/// what becomes of it is its owner's affair. run() in any thread, all else in one.
class FileTransfer {
 public:
  explicit FileTransfer(TransferRequest request);
  ~FileTransfer() = default;
  FileTransfer(const FileTransfer&) = delete;
  FileTransfer& operator=(const FileTransfer&) = delete;

  /// Makes the empty file (0600). Throws std::system_error if the name is taken, or there would not
  /// be room: a twentieth of the file system, 64 MiB at most, stays free.
  void create();
  /// Whether create() made the file.
  [[nodiscard]] bool is_created() const { return static_cast<bool>(copy_); }
  /// Copies bytes and attributes, syncs the file, drops it from memory and compares it with the
  /// source as it was read back. Once, after create().
  void run() noexcept;
  /// Ends a run() in another thread soon.
  void cancel() noexcept { is_cancelled_ = true; }

  /// After run(): why there is no copy; empty if there is one.
  [[nodiscard]] const std::optional<std::string>& failure() const { return failure_; }
  /// After run(): what of the attributes could not be kept, in words.
  [[nodiscard]] const std::vector<std::string>& not_kept() const { return not_kept_; }
  /// The copy as it is now. Throws std::system_error.
  [[nodiscard]] matching::FileStamp copy_stamp() const;
  /// The copy, opened once more for reading. Throws std::system_error.
  [[nodiscard]] posix::UniqueDescriptor open_copy() const;
  [[nodiscard]] const std::string& temporary_name() const { return request_.temporary_name; }

 private:
  TransferRequest request_;
  posix::UniqueDescriptor copy_;
  std::atomic<bool> is_cancelled_ = false;
  std::optional<std::string> failure_ = "it was not copied";
  std::vector<std::string> not_kept_;
};

}  // namespace imgdedup::store
