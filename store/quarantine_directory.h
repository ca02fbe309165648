// SPDX-License-Identifier: Apache-2.0
// The folder that quarantined files lie in, opened: names, sidecars, durable changes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "matching/image_record.h"
#include "posix/file_attributes.h"
#include "posix/unique_descriptor.h"
#include "store/records.h"

namespace imgdedup::store {

/// Opened only while something is done in it, so that its file system can be unmounted.
class QuarantineDirectory {
 public:
  enum class IfMissing : std::uint8_t { create, fail };

  /// Opens `path` without following a link at its end; makes it (0700) when missing and asked to.
  /// Throws std::system_error naming the path.
  QuarantineDirectory(const std::string& path, IfMissing if_missing);

  [[nodiscard]] int descriptor() const { return descriptor_.get(); }
  /// Keeps the moves of other services out of it while this object lives. False: one is at it just
  /// now. Where the file system has no locks nobody is kept out. Throws std::system_error.
  [[nodiscard]] bool lock();
  /// The stamp of a regular file in it; empty if there is none of that name.
  [[nodiscard]] std::optional<matching::FileStamp> stamp_of(const std::string& name) const;
  [[nodiscard]] std::vector<std::string> names() const;

  /// Replaces the entry's sidecar, durably, but never that of another file that lies there. Throws
  /// std::system_error.
  void write_sidecar(const QuarantineEntry& entry,
                     const posix::FileAttributes* attributes = nullptr) const;
  [[nodiscard]] std::optional<QuarantineEntry> read_sidecar(DecisionId id) const;
  /// Of the original, as its sidecar has them; empty for one that was renamed into quarantine.
  [[nodiscard]] std::optional<posix::FileAttributes> read_attributes(DecisionId id) const;
  /// A regular file in it, opened for reading; empty (errno) if there is none.
  [[nodiscard]] posix::UniqueDescriptor open_file(const std::string& name) const;
  /// 0 or errno; a missing file is 0.
  [[nodiscard]] int remove(const std::string& name) const;
  /// A copy that is not whole, unless another service makes it just now.
  void remove_unless_locked(const std::string& name) const;
  /// Throws std::system_error.
  void sync() const;

 private:
  [[nodiscard]] std::string sidecar_of(DecisionId id) const;

  void name_sidecar(const std::string& new_name, const QuarantineEntry& entry) const;

  std::string path_;
  posix::UniqueDescriptor descriptor_;
  posix::UniqueDescriptor lock_;
};

}  // namespace imgdedup::store
