// SPDX-License-Identifier: Apache-2.0
// A file taken out of sight within its own folder, to be looked at before it is removed.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "matching/image_record.h"
#include "store/records.h"

namespace imgdedup::store {

/// The name that a file has in its own folder for the moment between its taking and its removal,
/// and that a file has while it is copied back: never listed. ".imgdedup-moving-17" for entry 17.
std::string hidden_name(DecisionId id);
bool is_hidden_name(std::string_view name);
/// 17 of ".imgdedup-moving-17"; empty for any other name.
std::optional<DecisionId> id_from_hidden_name(std::string_view name);

/// There is no unlink by descriptor, so a file that is to be removed is renamed first; what was
/// taken is then looked at, and removed or shown again. Any thread.
class HiddenFile {
 public:
  /// directory: open, outlives this; name: of the file in it.
  HiddenFile(int directory, std::string name, DecisionId id);

  /// Takes the file out of sight; 0 or errno.
  [[nodiscard]] int hide() const;
  /// What is hidden; empty if nothing is.
  [[nodiscard]] std::optional<matching::FileStamp> stamp() const;
  /// Gives it its name again or, where that is taken by now, one beside it that others see; the
  /// name, or empty (errno) if it stays hidden.
  [[nodiscard]] std::optional<std::string> show() const;
  /// For good; 0 or errno.
  [[nodiscard]] int remove() const;

 private:
  int directory_;
  std::string name_;
  std::string hidden_name_;
  DecisionId id_;
};

/// Whether a file with this stamp is the one that was moved. Its device number may be another one
/// after a restart of the machine.
bool is_source_of(const QuarantineEntry& entry, const std::optional<matching::FileStamp>& stamp);

/// The stamp of a regular file of this name in an open directory; empty if there is none.
std::optional<matching::FileStamp> stamp_in(int directory, const std::string& name);

}  // namespace imgdedup::store
