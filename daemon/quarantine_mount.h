// SPDX-License-Identifier: Apache-2.0
// Which files of a root can be renamed into its quarantine folder.
#pragma once

#include <optional>
#include <string>

#include "config/settings.h"
#include "daemon/roots.h"
#include "store/catalog.h"

namespace imgdedup::daemon {

enum class QuarantineWay : std::uint8_t {
  rename,
  copy,        ///< on another mount, as its owner wished
  impossible,  ///< on another mount, though it is the usual folder in the root itself
};

/// As far as it can be told now: a folder that is not there yet counts as lying where its parent
/// does. Does not throw.
QuarantineWay way_to_quarantine(const config::WatchedRoot& root);

/// A file may be seen by several mounts, and which of its names was found first is chance. Where
/// `file` can be neither renamed nor copied into the quarantine of its root: another name of it, as
/// the catalog knows them, that can be renamed into the quarantine of its own root, which is there
/// and not protected. Empty: there is none, or none is needed. Throws what the catalog throws.
std::optional<store::CatalogFile> name_that_can_move(const Roots& roots, store::Catalog& catalog,
                                                     const store::CatalogFile& file);

}  // namespace imgdedup::daemon
